"""Spans → lanes of rectangles in whole numbers: geometry only, templates draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
_BAD = (InvocationStatus.FAILED, InvocationStatus.KILLED, InvocationStatus.RUNNING_RECOVERY)


class Box(NamedTuple):
    """One span as a rectangle."""

    span: Span
    css: str
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
    boxes: list[Box] = field(default_factory=list)

    @property
    def height(self) -> int:
        """In the picture."""
        return self.rows * ROW + 6

    def paths(self) -> list[tuple[str, str]]:
        """Class and outline of all boxes of one colour; what is bad comes last, so that nothing hides it."""
        outlines: dict[tuple[bool, str], list[str]] = {}
        for box in self.boxes:
            width = max(1, round(box.width))
            outlines.setdefault((box.is_bad, box.css), []).append(
                f"M{round(box.x)} {box.y}h{width}v{BAR}h-{width}z"
            )
        return [(css, "".join(parts)) for (_, css), parts in sorted(outlines.items())]


@dataclass(frozen=True, slots=True)
class Picture:
    """All lanes."""

    lanes: list[Lane]
    height: int
    #: Whether the boxes are few enough to be drawn, and followed, one by one.
    is_single: bool
    #: Lanes that found no place.
    left_out: int


def draw(spans: Sequence[Span], runners: Mapping[str, RunnerRecord], window: Window) -> Picture:
    """Lanes by host and runner, each with its spans packed into as few rows as do not overlap."""
    by_runner: dict[str, list[Span]] = {}
    for span in spans:
        by_runner.setdefault(span.runner_id, []).append(span)
    names = sorted(by_runner, key=lambda name: _place(name, runners.get(name)))
    lanes = []
    y = AXIS
    for name in names[:MOST_LANES]:
        lane = _lane(Lane(name, runners.get(name), y), by_runner[name], window)
        lanes.append(lane)
        y += lane.height
    is_single = sum(len(lane.boxes) for lane in lanes) <= SINGLE
    return Picture(lanes, y, is_single, max(0, len(names) - MOST_LANES))


def x_of(at: float, window: Window) -> float:
    """Where an instant is drawn; what is outside of the window is at its edge."""
    share = min(1.0, max(0.0, (at - window.since) / window.seconds))
    return round(LABELS + share * (WIDTH - LABELS), 1)


def _place(name: str, runner: RunnerRecord | None) -> tuple[str, str, str]:
    if runner is None:
        return "", "", name
    return runner.identity.host, runner.identity.parent_id or runner.identity.runner_id, name


def _lane(lane: Lane, spans: list[Span], window: Window) -> Lane:
    #: Where each row is free again.
    free: list[float] = []
    for span in sorted(spans, key=lambda one: one.begin):
        begin = x_of(span.begin, window)
        width = max(1.5, x_of(span.end if span.end is not None else window.until, window) - begin)
        row = next((at for at, end in enumerate(free) if end <= begin), len(free))
        if row >= MOST_ROWS:
            lane.left_out += 1
            continue
        if row == len(free):
            free.append(0.0)
        free[row] = begin + width
        box = Box(
            span, LOOKS[span.status].css, begin, lane.y + 3 + row * ROW, round(width, 1), span.status in _BAD
        )
        lane.boxes.append(box)
    lane.boxes.sort(key=lambda box: box.is_bad)
    lane.rows = max(1, len(free))
    return lane
