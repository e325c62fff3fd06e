"""Points on bars that are drawn one by one: what ended a stretch and is no outcome, and when somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from pynenc.values.status import InvocationStatus
from pynmon.presentation.statuses import LOOKS
from pynmon.timeline.axis import Axis
from pynmon.timeline.outlines import Layer, Outlines
from pynmon.timeline.spans import Span

_S = InvocationStatus
#: Class of the line from an attempt to the next one.
AGAIN = "again"
#: Around their middle, as far as 5 from it: no two families have the same one.
_DIAMOND, _ARROW, _CROSS = (
    "m-5 0l5 -5 5 5-5 5z",
    "m-4 -5l9 5-9 5z",
    "m-5 -3l2 -2 3 3 3 -3 2 2-3 3 3 3-2 2-3 -3-3 3-2 -2 3 -3z",
)
_BARRED = "m-4 -5h3v10h-3zm5 0h3v10h-3z"
_RING = "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0zm3 0a2 2 0 1 1 4 0a2 2 0 1 1-4 0z"
_SHAPES = {
    _S.REGISTERED: _RING,
    _S.RETRY: _DIAMOND,
    _S.REROUTED: _ARROW,
    _S.KILLED: _CROSS,
    _S.CONCURRENCY_CONTROLLED: _BARRED,
    _S.PENDING_RECOVERY: _RING,
    _S.RUNNING_RECOVERY: _RING,
}
#: Where a bar is: its left edge, width and middle.
Place = tuple[float, float, float]


def add_points(bars: Sequence[tuple[Span, Place]], axis: Axis, lane: str, outlines: Outlines) -> None:
    """Those of one lane.

    Args:
        bars: Of the lane, with where they are.
        axis: Where instants are.
        lane: Its key.
        outlines: Of the picture.
    """
    for span, (x, width, y) in bars:
        after = span.around.after if span.around else None
        if after in _SHAPES:
            _add(after, x + width, y, outlines)
    for own in _by_invocation(bars).values():
        for (span, (x, width, y)), (_, (next_x, _, next_y)) in pairwise(own):
            if span.status is _S.RETRY:
                outlines.add(AGAIN, Layer.MARKS, [f"M{x + width:.1f} {y}L{next_x} {next_y}"])
        span, (x, _, y) = own[0]
        # On a lane of its own nothing else is where it waited.
        if lane == span.invocation_id and span.around and span.around.asked_at >= axis.since:
            asked = axis.x_of(span.around.asked_at)
            outlines.add(AGAIN, Layer.MARKS, [f"M{asked} {y}H{x}"])
            _add(_S.REGISTERED, asked, y, outlines)


def _by_invocation(bars: Iterable[tuple[Span, Place]]) -> Mapping[str, list[tuple[Span, Place]]]:
    found: dict[str, list[tuple[Span, Place]]] = {}
    for bar in sorted(bars, key=lambda one: one[0].begin):
        found.setdefault(bar[0].invocation_id, []).append(bar)
    return found


def _add(status: InvocationStatus, x: float, y: float, outlines: Outlines) -> None:
    outlines.add(f"point {LOOKS[status].css}", Layer.MARKS, [f"M{x:.1f} {y}{_SHAPES[status]}"])
