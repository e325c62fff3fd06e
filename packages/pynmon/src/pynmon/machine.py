"""The state machine as a picture, with the way that one invocation took through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pynenc.values.status import FINAL, INITIAL, STATUS_TABLE, InvocationStatus

#: Of a box, and from one to the next.
WIDE, HIGH = 152, 26
_COLUMN, _ROW = 208, 50
_MARGIN = 28


@dataclass(frozen=True, slots=True)
class Place:
    """A status."""

    status: InvocationStatus
    x: int
    y: int
    #: How often it was entered.
    times: int


@dataclass(frozen=True, slots=True)
class Step:
    """From one status to another."""

    begin: InvocationStatus
    end: InvocationStatus
    outline: str
    #: How often it was made; 0 of one that may follow now.
    times: int


@dataclass(frozen=True, slots=True)
class Machine:
    """The whole picture."""

    places: list[Place]
    steps: list[Step]
    width: int
    height: int


def machine_of(path: Sequence[InvocationStatus]) -> Machine:
    """All statuses, the steps that were taken, and those that may follow.

    Args:
        path: Statuses in the order in which they were entered.
    """
    entered, taken = Counter(path), Counter(pairwise(path))
    following = {(path[-1], status): 0 for status in STATUS_TABLE[path[-1]].next} if path else {}
    places = [
        # Every other one is lower, so that long steps go between its boxes.
        Place(
            status,
            _MARGIN + column * _COLUMN,
            _MARGIN + row * _ROW + column % 2 * _ROW // 2,
            entered[status],
        )
        for column, statuses in enumerate(_COLUMNS)
        for row, status in enumerate(statuses)
    ]
    at = {place.status: place for place in places}
    steps = [
        Step(begin, end, _outline(at[begin], at[end]), times)
        for (begin, end), times in {**following, **taken}.items()
    ]
    right, bottom = max(place.x for place in places), max(place.y for place in places)
    return Machine(places, steps, right + WIDE + _MARGIN, bottom + HIGH + _MARGIN)


def _columns() -> list[list[InvocationStatus]]:
    """By how many steps are needed from the beginning; those that nothing follows are at the end."""
    columns, known = [[INITIAL]], {INITIAL}
    while columns[-1]:
        reached = {one for status in columns[-1] for one in STATUS_TABLE[status].next} - known - FINAL
        known |= reached
        columns.append([status for status in InvocationStatus if status in reached])
    columns[-1] = [status for status in InvocationStatus if status in FINAL]
    return columns


_COLUMNS = _columns()


def _outline(begin: Place, end: Place) -> str:
    """Forward from side to side, otherwise around from below to above."""
    if end.x > begin.x:
        x1, y1, x2, y2 = begin.x + WIDE, begin.y + HIGH // 2, end.x - 4, end.y + HIGH // 2
        # Above what is between them in the first row.
        bend = 36 if begin.y == _MARGIN and x2 - x1 > _COLUMN else 0
        return f"M{x1} {y1}C{x1 + 40} {y1 - bend} {x2 - 40} {y2 - bend} {x2} {y2}"
    x1, x2 = begin.x + WIDE // 2, end.x + WIDE // 2
    if end.y > begin.y:
        y1, y2 = begin.y + HIGH, end.y - 4
        return f"M{x1} {y1}C{x1} {y1 + 20} {x2} {y2 - 20} {x2} {y2}"
    y1, y2 = begin.y, end.y + HIGH + 4 if end.y < begin.y else end.y - 4
    bend = -20 if end.y < begin.y else -24
    return f"M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 + (20 if end.y < begin.y else bend)} {x2} {y2}"
