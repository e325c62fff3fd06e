"""A lane in which more went on at once than rows have room for: how much it was, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from pynenc.values.status import InvocationStatus
from pynmon.presentation.statuses import LOOKS
from pynmon.timeline.axis import LABELS, WIDTH, Axis
from pynmon.timeline.outlines import Layer, Outlines
from pynmon.timeline.spans import BAD, Span

#: Class of what stands above a failure.
RAIL = "rail"
#: Rows that such a lane is high.
ROWS = 3
_WIDE, _TICK = 4, 4
#: What is at the right edge is in the last one.
_NUMBER = (WIDTH - LABELS) // _WIDE + 1
_WORK, _WAIT = LOOKS[InvocationStatus.RUNNING].css, LOOKS[InvocationStatus.PENDING].css


def draw_crowd(spans: Sequence[Span], axis: Axis, top: int, height: int, outlines: Outlines) -> None:
    """What was at work from the bottom, what waited above it, and a tick for each column in which something failed.

    Args:
        spans: All of the lane.
        axis: Where instants are.
        top: Upper edge of the lane.
        height: Of the lane.
        outlines: Of the picture.
    """
    works = _counted((span for span in spans if not span.is_wait), axis)
    waits = _counted((span for span in spans if span.is_wait), axis)
    failed = _counted((span for span in spans if span.status in BAD), axis)
    most = max(map(sum, zip(works, waits, strict=True)))
    room, bottom = height - _TICK - 4, top + height - 1
    # There are hundreds of columns in each of many lanes.
    heights = [0, *(max(2, round(number / most * room)) for number in range(1, most + 1))]
    working, waiting, marks = [], [], []
    for x, work, wait, bad in zip(range(LABELS, WIDTH, _WIDE), works, waits, failed, strict=True):
        low = heights[work]
        if low:
            working.append(f"M{x} {bottom - low}h{_WIDE}v{low}H{x}z")
        if wait and (high := heights[work + wait]) > low:
            waiting.append(f"M{x} {bottom - high}h{_WIDE}v{high - low}H{x}z")
        if bad:
            marks.append(f"M{x} {top + 1}h{_WIDE}v{_TICK}H{x}z")
    outlines.add(_WORK, Layer.BARS, working)
    outlines.add(_WAIT, Layer.BARS, waiting)
    outlines.add(RAIL, Layer.MARKS, marks)


def _counted(spans: Iterable[Span], axis: Axis) -> list[int]:
    """How many of these there were in each column."""
    found = list(spans)
    steps = [0] * (_NUMBER + 1)
    for begin in axis.places([one.begin for one in found]):
        steps[int((begin - LABELS) / _WIDE)] += 1
    for end in axis.places([one.end for one in found]):
        steps[int((end - LABELS) / _WIDE) + 1] -= 1
    return list(accumulate(steps[:-1]))
