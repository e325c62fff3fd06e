"""A picture with all that is needed to show it, on whatever page, and with where its parts lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup

from pynmon.presentation.instants import Instants
from pynmon.timeline.axis import LABELS, WIDTH, Axis
from pynmon.timeline.bars import bars_of
from pynmon.timeline.cuts import PATTERNS, outlined
from pynmon.timeline.density import Density, Part
from pynmon.timeline.groups import Arrangement, LanesBy
from pynmon.timeline.lanes import AXIS, Lane, Picture
from pynmon.timeline.names import plain_name
from pynmon.timeline.spans import MOST_FAILED, Span
from pynmon.timeline.window import SHORTEST_SECONDS, Window, address, link


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture."""

    window: Window
    picture: Picture
    axis: Axis
    lanes_by: LanesBy = LanesBy.RUNNER
    #: Where it is one of what is too much to be drawn one by one.
    density: Density | None = None
    #: What the address of its timeline says but for the window.
    kept: Mapping[str, str] = field(default_factory=dict)
    #: How that address says the window; empty where it is on another page.
    own: Mapping[str, str] = field(default_factory=dict)
    #: The window, where only a part of it is drawn.
    whole: Window | None = None
    #: What somebody did with the lanes.
    how: Arrangement = field(default_factory=Arrangement)

    @property
    def width(self) -> int:
        """Of the whole."""
        return WIDTH

    @property
    def names_width(self) -> int:
        """Of the names of lanes."""
        return LABELS

    @property
    def axis_height(self) -> int:
        """Of what is above the lanes."""
        return AXIS

    @property
    def can_be_asked(self) -> bool:
        """Whether bars lead to nothing, so that the server tells what is where."""
        return self.picture.is_asked and self.density is None

    @property
    def tints(self) -> str:
        """Outline of every other lane."""
        lanes = self.picture.lanes[::2]
        return "".join(f"M0 {lane.y}H{WIDTH}v{lane.height}H0z" for lane in lanes)

    @property
    def hatches(self) -> Mapping[str, tuple[int, str]]:
        """How the patterns that are in it are turned and drawn, by their classes."""
        seen = {css for css, _ in self.picture.paths}
        return {css: pattern for css, pattern in PATTERNS.items() if css in seen}

    def outlined(self, span: Span) -> str:
        """Classes of a bar that is an outline; empty where it is filled."""
        return outlined(span)

    def axis_lines(self, origin: float, top: int, bottom: int) -> str:
        """Outline of the lines of its ticks."""
        return "".join(f"M{x} {top}V{bottom}" for _, _, x, _ in self.ticks(origin))

    def ticks(self, origin: float) -> list[tuple[float, float, float, float]]:
        """Of each part between two ticks: its beginning and end as instants, and where they are drawn."""
        edges = [self.window.since, *self.window.ticks(origin), self.window.until]
        x_of = self.axis.x_of
        return [(begin, end, x_of(begin), x_of(end)) for begin, end in pairwise(edges) if end > begin]

    def x_of(self, at: float) -> float | None:
        """Where an instant is drawn, if it is."""
        return self.axis.x_of(at) if self.window.since <= at <= self.window.until else None

    def zoom(self, begin: float, end: float) -> str:
        """The query of the address of a part of it; empty for what is too short."""
        if end - begin < SHORTEST_SECONDS:
            return ""
        return self.part(begin, end) if self.whole else link(address(begin, end), self.kept)

    def fit(self, spans: Sequence[Span]) -> str:
        """The query of the address of the stretch in which anything of it was; empty if nothing was."""
        if not spans:
            return ""
        begin = max(self.window.since, min(span.begin for span in spans))
        ends = [self.window.until if span.end is None else span.end for span in spans]
        end = max(begin, min(self.window.until, max(ends)))
        # With a little room beside it.
        room = max(0.01 * (end - begin), SHORTEST_SECONDS)
        return self.zoom(max(self.window.since, begin - room), min(self.window.until, end + room))

    def part(self, begin: float, end: float) -> str:
        """The query of the address of a part of it that is drawn below the whole."""
        whole, inner = self.whole or self.window, address(begin, end)
        part = {"begin": inner["from"], "end": inner["to"]}
        return link(address(whole.since, whole.until), self.kept, part)

    def moves(self) -> dict[str, str]:
        """The queries of the addresses of windows beside and around this one; parts stay parts as long as they can."""
        to = {
            "Earlier": self.window.moved(-0.5),
            "Later": self.window.moved(0.5),
            "Closer": self.window.scaled(0.5),
            "Wider": self.window.scaled(2.0),
        }
        return {
            word: self.part(one.since, one.until)
            if self.whole and self.whole.has(one)
            else link(address(one.since, one.until), self.kept)
            for word, one in to.items()
        }

    def toggled(self, name: str, key: str) -> str:
        """The query of the address of the same with one lane or heading more, or less, in the list of that name."""
        keys = [*filter(None, self.kept.get(name, "").split(","))]
        keys = [one for one in keys if one != key] if key in keys else [*keys, key]
        return link(self.own, self.kept, {name: ",".join(keys)})

    def skipping(self, number: int) -> str:
        """The query of the address of the lanes after so many."""
        return link(self.own, self.kept, {"skip": str(max(0, number) or "")})

    def failures_in(self, part: Part) -> str:
        """The query of the address of the failures in one column."""
        return link(address(part.begin, part.end), self.kept, {"errors": "true"})

    def failed_in(self, part: Part) -> str:
        """How many they are, as far as they are counted."""
        return f"{part.failed}+" if part.failed == MOST_FAILED else str(part.failed)

    def bars(self, lane: Lane, url: Callable[..., str], instants: Instants) -> Markup:
        """Those of a lane, if they are drawn one by one."""
        timeline = url("timeline")

        def to(span: Span) -> str:
            if span.number == 1:
                return str(url("invocation", invocation_id=span.invocation_id))
            return f"{timeline}{self.apart(span)}"

        return bars_of(lane.boxes, self.picture, to, instants)

    def apart(self, span: Span) -> str:
        """The query of the address of what is one bar here, one by one."""
        begin = max(span.begin, self.window.since)
        end = self.window.until if span.end is None else min(span.end, self.window.until)
        window = address(begin, max(end, begin + SHORTEST_SECONDS + 0.001))
        return link(window, self.kept, {"same": "", "task": span.task_id})

    def plain_name(self, lane: Lane, url: Callable[..., str]) -> Markup:
        """That of a lane, where there are many."""
        return plain_name(lane, self.lanes_by, url)

    def asked(self) -> str:
        """The query of an address that asks about it."""
        return link(address(self.window.since, self.window.until), self.kept)
