"""Spans → lanes of rectangles in whole numbers: geometry only, templates draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.presentation.statuses import LOOKS
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window

WIDTH, LABELS, ROW, BAR, AXIS = 1400, 190, 18, 14, 24
#: So wide is a letter of a name at most, nearly always.
LETTER = 7.2
#: Spans that overlap on one runner are drawn below each other, up to so many; then they are only counted.
MOST_ROWS = 12
MOST_LANES = 100
#: With more rectangles than this, those of a lane and colour become one path.
SINGLE = 400
#: So wide is a bar at least.
_NARROWEST = 1.5
_BAD = (InvocationStatus.FAILED, InvocationStatus.KILLED, InvocationStatus.RUNNING_RECOVERY)


class Box(NamedTuple):
    """One span as a rectangle."""

    span: Span
    x: float
    y: int
    width: float
    is_bad: bool


@dataclass(slots=True)
class Lane:
    """What one runner did."""

    runner_id: str
    runner: RunnerRecord | None
    y: int = 0
    rows: int = 1
    #: Spans that found no row.
    left_out: int = 0
    #: When they are drawn one by one.
    boxes: list[Box] = field(default_factory=list)
    #: When they are not: class and outline of all of one status; what is bad comes last, so that nothing hides it.
    paths: list[tuple[str, str]] = field(default_factory=list)

    @property
    def height(self) -> int:
        """In the picture."""
        return self.rows * ROW + 6


@dataclass(frozen=True, slots=True)
class Picture:
    """All lanes."""

    lanes: list[Lane]
    height: int
    #: Whether the spans are few enough to be drawn, and followed, one by one.
    is_single: bool
    #: Lanes that found no place.
    left_out: int


def draw(spans: Sequence[Span], runners: Mapping[str, RunnerRecord], window: Window) -> Picture:
    """Lanes by host and runner, each with its spans packed into as few rows as do not overlap."""
    by_runner: dict[str, list[Span]] = {}
    for span in spans:
        by_runner.setdefault(span.runner_id, []).append(span)
    names = sorted(by_runner, key=lambda name: place_of(name, runners.get(name)))
    shown = names[:MOST_LANES]
    is_single = sum(len(by_runner[name]) for name in shown) <= SINGLE
    lanes = []
    y = AXIS
    for name in shown:
        lane = Lane(name, runners.get(name), y)
        (_one_by_one if is_single else _merged)(lane, by_runner[name], window)
        lanes.append(lane)
        y += lane.height
    return Picture(lanes, y, is_single, len(names) - len(shown))


def x_of(at: float, window: Window) -> float:
    """Where an instant is drawn; what is outside of the window is at its edge."""
    share = min(1.0, max(0.0, (at - window.since) / window.seconds))
    return round(LABELS + share * (WIDTH - LABELS), 1)


def place_of(name: str, runner: RunnerRecord | None) -> tuple[str, str, str]:
    """What lanes are sorted by."""
    if runner is None:
        return "", "", name
    return runner.identity.host, runner.identity.parent_id or runner.identity.runner_id, name


def _one_by_one(lane: Lane, spans: Iterable[Span], window: Window) -> None:
    for span, row, begin, width in _packed(lane, spans, window):
        box = Box(span, round(begin, 1), lane.y + 3 + row * ROW, round(width, 1), span.status in _BAD)
        lane.boxes.append(box)
    lane.boxes.sort(key=lambda box: box.is_bad)


def _merged(lane: Lane, spans: Iterable[Span], window: Window) -> None:
    """Neighbours of one status that touch become one rectangle."""
    #: By status and row: the edges of rectangles.
    found: dict[tuple[InvocationStatus, int], list[list[int]]] = {}
    for span, row, begin, width in _packed(lane, spans, window):
        left = round(begin)
        right = max(left + 1, round(begin + width))
        edges = found.setdefault((span.status, row), [])
        if edges and left <= edges[-1][1]:
            edges[-1][1] = right
        else:
            edges.append([left, right])
    outlines: dict[InvocationStatus, list[str]] = {}
    for (status, row), edges in found.items():
        y = lane.y + 3 + row * ROW
        outlines.setdefault(status, []).extend(
            f"M{left} {y}h{right - left}v{BAR}h{left - right}z" for left, right in edges
        )
    lane.paths = [
        (LOOKS[status].css, "".join(outlines[status]))
        for status in sorted(outlines, key=lambda one: (one in _BAD, one))
    ]


def _packed(lane: Lane, spans: Iterable[Span], window: Window) -> Iterator[tuple[Span, int, float, float]]:
    """The row, beginning and width of each span that finds room; the lane learns of the rest."""
    since, until = window.since, window.until
    scale = (WIDTH - LABELS) / window.seconds
    #: Where each row is free again.
    free: list[float] = []
    for span in sorted(spans, key=attrgetter("begin")):
        begin = LABELS + scale * (span.begin - since) if span.begin > since else LABELS
        end = LABELS + scale * (span.end - since) if span.end is not None and span.end < until else WIDTH
        width = end - begin if end - begin > _NARROWEST else _NARROWEST
        for row, free_from in enumerate(free):
            if free_from <= begin:
                free[row] = begin + width
                break
        else:
            row = len(free)
            if row == MOST_ROWS:
                lane.left_out += 1
                continue
            free.append(begin + width)
        yield span, row, begin, width
    lane.rows = max(1, len(free))
