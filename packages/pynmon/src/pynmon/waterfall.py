"""Who called whom beside when, as lines and one picture as high as all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pynenc.values.status import InvocationStatus
from pynmon.family import Line, end_of, start_of

#: Of the picture; a line is so high in it, and the bar of its wait and of its run begin below its top.
WIDTH, LINE = 1000, 28
_WAIT_TOP, _WAIT_HEIGHT, _RUN_TOP, _RUN_HEIGHT = 13, 2, 9, 10


@dataclass(frozen=True, slots=True)
class Waterfall:
    """When lines waited and ran, on a scale from their beginning to their end."""

    lines: tuple[Line, ...]
    #: From registration to start, of all of them.
    waits: str
    #: From start to end, of those of each status.
    runs: tuple[tuple[InvocationStatus, str], ...]

    @property
    def height(self) -> int:
        """Of the picture."""
        return LINE * len(self.lines)


def waterfall_of(lines: Sequence[Line], begin: float, now: float) -> Waterfall:
    """The picture of these lines.

    Args:
        lines: From above.
        begin: What is at the left edge.
        now: By the store's clock.
    """
    end = max((end_of(one, now) for line in lines for one in line.members), default=now)
    scale = WIDTH / max(end - begin, 0.001)

    def x(at: float) -> float:
        return round((at - begin) * scale, 1)

    waits: list[str] = []
    runs: dict[InvocationStatus, list[str]] = {}
    for number, line in enumerate(lines):
        top = LINE * number
        registered = x(min(one.created_at for one in line.members))
        started = x(min(start_of(one, now) for one in line.members))
        ended = x(max(end_of(one, now) for one in line.members))
        if started > registered:
            waits.append(_bar(registered, top + _WAIT_TOP, started - registered, _WAIT_HEIGHT))
        # Nothing is too short to be seen.
        run = _bar(started, top + _RUN_TOP, max(3.0, ended - started), _RUN_HEIGHT)
        runs.setdefault(line.record.status, []).append(run)
    return Waterfall(
        tuple(lines), "".join(waits), tuple((status, "".join(bars)) for status, bars in runs.items())
    )


def _bar(x: float, y: int, width: float, height: int) -> str:
    wide = round(width, 1)
    return f"M{x:g} {y}h{wide:g}v{height}h-{wide:g}z"
