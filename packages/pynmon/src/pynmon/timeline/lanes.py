"""Spans → lanes of rectangles: geometry only, templates draw it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from operator import attrgetter
from typing import NamedTuple

from pynmon.timeline.axis import WIDTH, Axis
from pynmon.timeline.crowded import RAIL, ROWS, draw_crowd
from pynmon.timeline.cuts import CUT, HATCHES, cuts_of, is_striped, outlined
from pynmon.timeline.groups import BY_OUTCOME, Group, Label, Paint
from pynmon.timeline.headings import INDENT, MARGIN, Heading, below, fitting, is_heading
from pynmon.timeline.nodes import Room, room_for
from pynmon.timeline.outlines import Layer, Outlines
from pynmon.timeline.points import add_points
from pynmon.timeline.spans import BAD, Span

ROW, BAR, AXIS = 18, 14, 24
#: So wide is a letter of a name at most, nearly always.
LETTER = 7.8
MOST_ROWS = 12
MOST_LANES = 200
SINGLE = 600
#: So wide is a bar at least.
_NARROWEST = 1.5
#: And what is bad, in whatever picture. Ticks of failures that are not further apart are one.
_TICK, _NEAR = 2, 2
#: A name of fewer letters says nothing.
_LEAST_LETTERS = 7
#: So much of a bar has no room for it where it goes on.
_STRIPED = 28
#: A span with its row, beginning and width.
_Packed = tuple[Span, int, float, float]


class Limits(NamedTuple):
    """How much a picture has room for."""

    lanes: int
    #: Spans that overlap in one lane are drawn below each other, up to so many; of more it is shown how many they were.
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

    @property
    def letters(self) -> int:
        """So many of its name find room on it; none if they would say nothing, or could not be read."""
        if self.span.status in HATCHES:
            return 0
        room = int((self.width - (_STRIPED if is_striped(self.span) else 8)) / LETTER)
        return room if room >= _LEAST_LETTERS else 0


@dataclass(slots=True)
class Lane:
    """What one runner, task or workflow did."""

    label: Label
    y: int = 0
    rows: int = 1
    #: Spans that found no row; with any, how many they all were is drawn instead of them.
    left_out: int = 0
    is_pinned: bool = False
    #: Whether its spans are drawn above each other, in one row.
    is_folded: bool = False
    #: What stands above it.
    headings: list[Heading] = field(default_factory=list)
    #: So many runners, tasks or workflows it stands for.
    number: int = 1
    #: Below how many headings it is.
    depth: int = 0
    #: When they are drawn one by one.
    boxes: list[Box] = field(default_factory=list)

    @property
    def x(self) -> int:
        """Where its name begins."""
        return MARGIN + self.depth * INDENT

    @property
    def indent(self) -> int:
        """So many letters of its name have no room because of that."""
        return 2 * self.depth

    @property
    def is_of_many(self) -> bool:
        """Whether it stands for all that is below a heading."""
        return is_heading(self.label.key)

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
    #: What is not single: class and outline of each colour; what is bad comes last, so that nothing hides it.
    paths: list[tuple[str, str]] = field(default_factory=list)
    #: How much of it has nodes of its own.
    room: Room = field(default_factory=lambda: room_for(0, 0, SINGLE))
    #: Bars that are less wide have no name on them.
    named_from: float = 0.0

    @property
    def is_asked(self) -> bool:
        """Whether there are lanes whose bars lead to nothing, so that the server tells what is where."""
        return not self.is_single or any(lane.left_out for lane in self.lanes)


def draw(
    groups: Sequence[Group],
    axis: Axis,
    paint: Paint = BY_OUTCOME,
    limits: Limits | None = None,
    *,
    has_points: bool = False,
) -> Picture:
    """Lanes one below the other, each with its spans packed into as few rows as do not overlap.

    Args:
        groups: What is on the lanes.
        axis: Where instants are.
        paint: The colours of bars.
        limits: How much there is room for.
        has_points: Whether what is drawn one by one has points at what happened to it.
    """
    limits = limits or Limits(MOST_LANES, MOST_ROWS, SINGLE)
    lanes = [
        Lane(
            group.label,
            is_pinned=group.is_pinned,
            is_folded=group.is_folded,
            number=len(group.keys),
            depth=group.depth,
        )
        for group in groups[: fitting(groups, limits.lanes)]
    ]
    packed = [
        _packed(lane, group.spans, axis, limits.rows) for lane, group in zip(lanes, groups, strict=False)
    ]
    alone = sum(len(boxes) for lane, boxes in zip(lanes, packed, strict=True) if not lane.left_out)
    headings = sum(len(group.headings) for group in groups[: len(lanes)])
    room = room_for(len(lanes), alone, limits.single, headings, len(axis.gaps))
    outlines = Outlines()
    y = AXIS
    for lane, group, boxes in zip(lanes, groups, packed, strict=False):
        lane.headings, y = below(y, group)
        lane.y = y
        if lane.left_out:
            lane.rows = min(ROWS, limits.rows)
            draw_crowd(group.spans, axis, y, lane.height, outlines)
        elif room.is_single:
            _one_by_one(lane, boxes, paint, outlines, axis.since)
            if has_points:
                bars = [(box.span, (box.x, box.width, box.y + BAR // 2)) for box in lane.boxes]
                add_points(bars, axis, lane.label.key, outlines)
        else:
            _merged(lane, boxes, paint, outlines, axis.since)
        y += lane.height
    left_out, named_from = len(groups) - len(lanes), _named_from(lanes, room.names)
    return Picture(lanes, y, room.is_single, left_out, outlines.paths(), room, named_from)


def _named_from(lanes: Iterable[Lane], most: int) -> float:
    """So wide are at least those of the widest bars that have a name on them."""
    widths = sorted((box.width for lane in lanes for box in lane.boxes if box.letters), reverse=True)
    return widths[most] + 0.05 if len(widths) > most else 0.0


def _one_by_one(
    lane: Lane, packed: Iterable[_Packed], paint: Paint, outlines: Outlines, since: float
) -> None:
    for span, row, begin, width in packed:
        box = Box(span, round(begin, 1), lane.y + 3 + row * ROW, round(width, 1), paint.css_of(span))
        lane.boxes.append(box)
        if span.status in BAD:
            outlines.add(RAIL, Layer.MARKS, [f"M{box.x} {box.y - 2}h{max(width, _TICK):.1f}v3H{box.x}z"])
        cuts = cuts_of(span, box.x, box.width, box.y, BAR, is_torn=span.begin < since)
        for css, outline in cuts.items():
            outlines.add(css, Layer.CUTS, [outline])
    lane.boxes.sort(key=lambda box: box.span.status in BAD)


def _merged(lane: Lane, packed: Iterable[_Packed], paint: Paint, outlines: Outlines, since: float) -> None:
    """Neighbours of one colour that touch become one rectangle."""
    css_of = paint.css_of
    #: By class and row: left edges of rectangles, and right ones.
    found: dict[tuple[Layer, str, int], tuple[list[int], list[int]]] = {}

    def add(key: tuple[Layer, str, int], left: int, right: int, near: int = 0) -> None:
        edges = found.get(key)
        if edges is None:
            found[key] = [left], [right]
        elif left <= edges[1][-1] + near:
            edges[1][-1] = max(right, edges[1][-1])
        else:
            edges[0].append(left)
            edges[1].append(right)

    for span, row, begin, width in packed:
        left, right = int(begin + 0.5), int(begin + width + 0.5)
        right += right == left
        is_bad = span.status in BAD
        css = f"{css_of(span)}{outlined(span)}" if span.waits_again else css_of(span)
        add((Layer.BAD if is_bad and paint.shades is None else Layer.BARS, css, row), left, right)
        if is_bad:
            add((Layer.MARKS, RAIL, row), left, max(right, left + _TICK), _NEAR)
        if span.end is None or span.begin < since or span.status in CUT:
            y = lane.y + 3 + row * ROW
            for css, outline in cuts_of(span, left, right - left, y, BAR, is_torn=span.begin < since).items():
                outlines.add(css, Layer.CUTS, [outline])
    for (layer, css, row), edges in found.items():
        y = lane.y + 3 + row * ROW
        height = BAR
        if css == RAIL:
            y, height = y - 2, 3
        # As few numbers in each as can be: there are thousands.
        top, down = f" {y}h", f"v{height}H"
        outlines.add(
            css,
            layer,
            [f"M{left}{top}{right - left}{down}{left}z" for left, right in zip(*edges, strict=True)],
        )


def _packed(lane: Lane, spans: Iterable[Span], axis: Axis, most_rows: int) -> list[_Packed]:
    """The row, beginning and width of each span that finds room; the lane learns of the rest."""
    ordered = sorted(spans, key=attrgetter("begin"))
    if waiting := [span for span in ordered if span.waits_again]:
        # It leaves its runner free: all of it shares one row below what was at work, or on its ground where there is
        # but one, and each is drawn until the next one waits, too.
        others = _packed(lane, [span for span in ordered if not span.waits_again], axis, most_rows)
        row = lane.rows if others and not lane.is_folded else 0
        lane.rows = row + 1
        begins = axis.places([span.begin for span in waiting])
        widths = [max(after - begin, _NARROWEST) for begin, after in pairwise([*begins, WIDTH])]
        return [*zip(waiting, repeat(row), begins, widths, strict=False), *others]
    begins = axis.places([span.begin for span in ordered])
    ends = axis.places([span.end for span in ordered])
    widths = [
        end - begin if end - begin > _NARROWEST else _NARROWEST
        for begin, end in zip(begins, ends, strict=True)
    ]
    if lane.is_folded:
        return list(zip(ordered, repeat(0), begins, widths, strict=False))
    packed: list[_Packed] = []
    #: Where each row is free again. What only touches because it is drawn as wide as can be seen may share one:
    #: neither the stretches of one invocation nor a row of short calls were at work at once.
    free: list[float] = []
    for span, begin, end, width in zip(ordered, begins, ends, widths, strict=True):
        row = 0
        for free_from in free:
            if free_from <= begin:
                free[row] = end
                break
            row += 1
        else:
            if row == most_rows:
                lane.left_out += 1
                continue
            free.append(end)
        packed.append((span, row, begin, width))
    lane.rows = max(1, len(free))
    return packed
