"""Spans → lanes of rectangles: geometry only, templates draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from pynenc.values.status import InvocationStatus
from pynmon.timeline.axis import Axis
from pynmon.timeline.ends import ends_of
from pynmon.timeline.groups import BY_OUTCOME, Group, Label, Paint
from pynmon.timeline.spans import Span

ROW, BAR, AXIS = 18, 14, 24
#: So wide is a letter of a name at most, nearly always.
LETTER = 7.2
MOST_ROWS = 12
MOST_LANES = 100
SINGLE = 400
#: So wide is a bar at least.
_NARROWEST = 1.5
BAD = (InvocationStatus.FAILED, InvocationStatus.KILLED, InvocationStatus.RUNNING_RECOVERY)
#: Class of what stands above a failure.
RAIL = "rail"
#: A span with its row, beginning and width.
_Packed = tuple[Span, int, float, float]


class Limits(NamedTuple):
    """How much a picture has room for."""

    lanes: int
    #: Spans that overlap in one lane are drawn below each other, up to so many; then they are only counted.
    rows: int
    #: With more rectangles than this, those of a colour become one path.
    single: int


class Box(NamedTuple):
    """One span as a rectangle."""

    span: Span
    x: float
    y: int
    width: float
    css: str
    is_bad: bool
    #: Whether it began before the window.
    is_torn: bool

    @property
    def ends(self) -> dict[str, str]:
        """Class and outline of what shows that it does not end, or begin, in the picture."""
        return ends_of(self.x, self.width, self.y, BAR, goes_on=self.span.end is None, is_torn=self.is_torn)


@dataclass(slots=True)
class Lane:
    """What one runner, task or workflow did."""

    label: Label
    y: int = 0
    rows: int = 1
    #: Spans that found no row.
    left_out: int = 0
    is_pinned: bool = False
    #: Whether its spans are drawn above each other, in one row.
    is_folded: bool = False
    #: When they are drawn one by one.
    boxes: list[Box] = field(default_factory=list)

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
    #: When they are not single: class and outline of each colour; what is bad comes last, so that nothing hides it.
    paths: list[tuple[str, str]] = field(default_factory=list)


def draw(
    groups: Sequence[Group], axis: Axis, paint: Paint = BY_OUTCOME, limits: Limits | None = None
) -> Picture:
    """Lanes one below the other, each with its spans packed into as few rows as do not overlap."""
    limits = limits or Limits(MOST_LANES, MOST_ROWS, SINGLE)
    shown = groups[: limits.lanes]
    is_single = sum(len(group.spans) for group in shown) <= limits.single
    outlines = Outlines()
    lanes = []
    y = AXIS
    for group in shown:
        lane = Lane(group.label, y, is_pinned=group.is_pinned, is_folded=group.is_folded)
        packed = _packed(lane, group.spans, axis, limits.rows)
        if is_single:
            _one_by_one(lane, packed, paint, axis.since)
        else:
            _merged(lane, packed, paint, outlines, axis.since)
        lanes.append(lane)
        y += lane.height
    return Picture(lanes, y, is_single, len(groups) - len(shown), outlines.paths())


def _one_by_one(lane: Lane, packed: Iterable[_Packed], paint: Paint, since: float) -> None:
    for span, row, begin, width in packed:
        y = lane.y + 3 + row * ROW
        lane.boxes.append(
            Box(
                span,
                round(begin, 1),
                y,
                round(width, 1),
                paint.css_of(span),
                span.status in BAD,
                span.begin < since,
            )
        )
    lane.boxes.sort(key=lambda box: box.is_bad)


class Outlines:
    """Rectangles of all lanes as one outline for each colour."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[bool, str], list[str]] = {}

    def add(self, css: str, *, is_bad: bool, outline: Iterable[str]) -> None:
        """More of one colour."""
        self._pieces.setdefault((is_bad, css), []).extend(outline)

    def paths(self) -> list[tuple[str, str]]:
        """Class and outline of each; what is bad is last."""
        return [(css, "".join(self._pieces[is_bad, css])) for is_bad, css in sorted(self._pieces)]


def _merged(lane: Lane, packed: Iterable[_Packed], paint: Paint, outlines: Outlines, since: float) -> None:
    """Neighbours of one colour that touch become one rectangle."""
    css_of, has_rails = paint.css_of, paint.shades is not None
    #: By class and row: left edges of rectangles, and right ones.
    found: dict[tuple[bool, str, int], tuple[list[int], list[int]]] = {}

    def add(key: tuple[bool, str, int], left: int, right: int) -> None:
        edges = found.get(key)
        if edges is None:
            found[key] = [left], [right]
        elif left <= edges[1][-1]:
            edges[1][-1] = right
        else:
            edges[0].append(left)
            edges[1].append(right)

    for span, row, begin, width in packed:
        left, right = int(begin + 0.5), int(begin + width + 0.5)
        right += right == left
        is_bad = span.status in BAD
        add((is_bad and not has_rails, css_of(span), row), left, right)
        if is_bad and has_rails:
            add((True, RAIL, row), left, right)
        if span.end is None or span.begin < since:
            y = lane.y + 3 + row * ROW
            ends = ends_of(left, right - left, y, BAR, goes_on=span.end is None, is_torn=span.begin < since)
            for css, outline in ends.items():
                outlines.add(css, is_bad=True, outline=[outline])
    for (is_bad, css, row), edges in found.items():
        y = lane.y + 3 + row * ROW
        height = BAR
        if css == RAIL:
            y, height = y - 2, 3
        # As few numbers in each as can be: there are thousands.
        top, down = f" {y}h", f"v{height}H"
        outlines.add(
            css,
            is_bad=is_bad,
            outline=[f"M{left}{top}{right - left}{down}{left}z" for left, right in zip(*edges, strict=True)],
        )


def _packed(lane: Lane, spans: Iterable[Span], axis: Axis, most_rows: int) -> Iterator[_Packed]:
    """The row, beginning and width of each span that finds room; the lane learns of the rest."""
    ordered = sorted(spans, key=attrgetter("begin"))
    begins = axis.places([span.begin for span in ordered])
    ends = axis.places([span.end for span in ordered])
    #: Where each row is free again.
    free: list[float] = []
    for span, begin, end in zip(ordered, begins, ends, strict=True):
        width = end - begin if end - begin > _NARROWEST else _NARROWEST
        row = 0
        if lane.is_folded:
            yield span, row, begin, width
            continue
        for free_from in free:
            if free_from <= begin:
                free[row] = begin + width
                break
            row += 1
        else:
            if row == most_rows:
                lane.left_out += 1
                continue
            free.append(begin + width)
        yield span, row, begin, width
    lane.rows = max(1, len(free))
