"""Pasted log lines on a small timeline: when they were written, and what those did that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pynenc.values.status import InvocationStatus
from pynmon.log_known import Known
from pynmon.log_lines import ERRORS, LogLine
from pynmon.presentation.statuses import LOOKS
from pynmon.timeline.axis import Axis
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.groups import Label, LanesBy, grouped
from pynmon.timeline.lanes import BAR, Lane, Limits, draw
from pynmon.timeline.spans import stretches_in
from pynmon.timeline.window import LONGEST_SECONDS, Window

_LIMITS = Limits(lanes=16, rows=3, single=400)
#: Room around the lines: a share of the time between them, and at least so much.
_ROOM, _LEAST_SECONDS = 0.02, 0.25
_MARK = 2
_S = InvocationStatus
#: Class and height of the marks of lines, by level; worse ones are higher and come last.
_MARKS = {"": (_S.REGISTERED, 6), "WARNING": (_S.PENDING_RECOVERY, 10), "ERROR": (_S.FAILED, BAR)}


def picture_of(lines: Sequence[LogLine], known: Known) -> Drawing | None:
    """A lane for each invocation, and below them one with a mark for each line.

    Returns:
        None where no line says when it was written, or they are further apart than a timeline is long.
    """
    instants = [line.at for line in lines if line.at is not None]
    if not instants:
        return None
    first, last = min(instants), max(instants)
    room = max(_LEAST_SECONDS, _ROOM * (last - first))
    window = Window(first - room, last + room, follows=False)
    if window.seconds > LONGEST_SECONDS:
        return None
    axis = Axis(window)
    tasks = {one.invocation_id: one.task_id for one in known.invocations}
    spans = list(stretches_in(known.histories, tasks, window))
    picture = draw(grouped(LanesBy.INVOCATION, spans, {}, {}), axis, limits=_LIMITS)
    lane = Lane(Label("", "lines"), picture.height)
    bottom = lane.y + 3 + BAR
    marks = [
        (LOOKS[status].css, "".join(f"M{x} {bottom - high}h{_MARK}v{high}h-{_MARK}z" for x in sorted(places)))
        for (status, high), places in _places(lines, axis).items()
    ]
    picture = replace(
        picture,
        lanes=[*picture.lanes, lane],
        height=picture.height + lane.height,
        paths=[*picture.paths, *marks],
    )
    return Drawing(window, picture, axis, LanesBy.INVOCATION)


def _places(lines: Sequence[LogLine], axis: Axis) -> dict[tuple[InvocationStatus, int], set[int]]:
    """Where the marks are, a place each: many lines are written within one pixel."""
    places: dict[tuple[InvocationStatus, int], set[int]] = {mark: set() for mark in _MARKS.values()}
    for line in lines:
        level = "ERROR" if line.level in ERRORS else line.level
        if line.at is not None:
            places[_MARKS.get(level, _MARKS[""])].add(round(axis.x_of(line.at)))
    return {mark: found for mark, found in places.items() if found}
