"""The whole window of a timeline as one strip, of which a part can be chosen; made of what was read anyway."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from pynenc.values.monitor import equal_parts
from pynenc.values.status import InvocationStatus
from pynmon.timeline.axis import LABELS, WIDTH
from pynmon.timeline.density import PARTS, Density
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window

HEIGHT, _ROOM, _TICK = 44, 34, 5
#: Links of the strip; several columns are below each.
LINKS = 22
_ROOM_ACROSS = WIDTH - LABELS
_FAILED = InvocationStatus.FAILED


@dataclass(frozen=True, slots=True)
class Choice:
    """A part that a click chooses."""

    begin: float
    end: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Overview:
    """The strip."""

    window: Window
    #: Outline of how much was at work, as high as the most of it.
    busy: str
    #: Outline of a mark for each column in which something failed.
    failed: str

    def x_of(self, at: float) -> float:
        """Where an instant of the window is."""
        share = (at - self.window.since) / self.window.seconds
        return round(LABELS + min(1.0, max(0.0, share)) * _ROOM_ACROSS, 1)

    @property
    def knots(self) -> list[tuple[float, float]]:
        """The ends of the window and their places."""
        return [(self.window.since, float(LABELS)), (self.window.until, float(WIDTH))]

    @property
    def choices(self) -> list[Choice]:
        """Equal parts of the window."""
        edges = equal_parts(self.window.since, self.window.until, LINKS)
        return [Choice(begin, end, self.x_of(begin), round(_ROOM_ACROSS / LINKS, 1)) for begin, end in edges]


def overview_of(spans: Sequence[Span], window: Window) -> Overview:
    """Of a window whose work is known one by one.

    Args:
        spans: Whatever was at work in it.
        window: From when to when.
    """
    since, length = window.since, window.seconds
    # What was before the window takes part in both of a difference, and is nothing in it.
    begun = _seconds_since([span.begin - since for span in spans])
    ended = _seconds_since([span.end - since for span in spans if span.end is not None])
    step = length / PARTS
    until = [begun(at * step) - ended(at * step) for at in range(PARTS + 1)]
    failures = [span.end - since for span in spans if span.status is _FAILED and span.end is not None]
    failed = {min(PARTS - 1, int(at / step)) for at in failures if 0 <= at <= length}
    return _drawn(window, [after - before for before, after in pairwise(until)], failed)


def overview_of_density(density: Density, window: Window) -> Overview:
    """Of a window in which too much ended to be drawn one by one."""
    failed = {at for at, part in enumerate(density.parts) if part.failed}
    return _drawn(window, [part.busy for part in density.parts], failed)


def _seconds_since(instants: Iterable[float]) -> Callable[[float], float]:
    """From an instant to the seconds that have gone by since each of these that came before it, added up."""
    ordered = sorted(instants)
    sums = [0.0, *accumulate(ordered)]

    def seconds(at: float) -> float:
        number = bisect_right(ordered, at)
        return number * at - sums[number]

    return seconds


def _drawn(window: Window, busy: Sequence[float], failed: Iterable[int]) -> Overview:
    edges = [round(LABELS + at * _ROOM_ACROSS / PARTS) for at in range(PARTS + 1)]
    # Sums of what is nothing are not exactly nothing.
    most = max(*busy, 1e-6)
    outline = []
    for at, value in enumerate(busy):
        if value > 1e-6:
            high = max(1, round(value / most * _ROOM))
            outline.append(f"M{edges[at]} {HEIGHT - high}h{edges[at + 1] - edges[at]}v{high}H{edges[at]}z")
    marks = [f"M{edges[at]} 0h{edges[at + 1] - edges[at]}v{_TICK}H{edges[at]}z" for at in sorted(failed)]
    return Overview(window, "".join(outline), "".join(marks))
