"""Where instants are drawn: as far from each other as they are, or with long stretches of nothing cut short."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window

WIDTH, LABELS = 1400, 230
#: A stretch of nothing that is longer than this share of the window is cut to the other share of the width.
_LONG, _SHORT = 0.04, 0.015


class Gap(NamedTuple):
    """A stretch in which nothing went on, and which is cut short."""

    begin: float
    end: float
    x: float
    width: float


class Axis:
    """From instants to places, and in knots for whoever needs the way back.

    Args:
        window: What is drawn.
        gaps: Stretches of it that are cut short, in their order.
    """

    def __init__(self, window: Window, gaps: Sequence[tuple[float, float]] = ()) -> None:
        self._window = window
        #: The beginning of the window.
        self.since = window.since
        room = WIDTH - LABELS
        short = _SHORT * room
        left = window.seconds - sum(end - begin for begin, end in gaps)
        #: Pixels of a second that is not cut.
        self._scale = (room - short * len(gaps)) / left
        knots = [(window.since, float(LABELS))]
        self.gaps: list[Gap] = []
        for begin, end in gaps:
            x = knots[-1][1] + self._scale * (begin - knots[-1][0])
            knots += [(begin, x), (end, x + short)]
            self.gaps.append(Gap(begin, end, round(x, 1), round(short, 1)))
        #: Instants and their places; straight lines between them.
        self.knots = [*knots, (window.until, float(WIDTH))]

    def places(self, instants: Iterable[float | None]) -> list[float]:
        """Where these are drawn; what is outside of the window, or not yet, is at its edge."""
        since, until, scale = self._window.since, self._window.until, self._scale
        if self.gaps:
            return [WIDTH if at is None else self._between(at) for at in instants]
        return [
            WIDTH if at is None or at >= until else LABELS + scale * (at - since) if at > since else LABELS
            for at in instants
        ]

    def x_of(self, at: float) -> float:
        """Where one instant is drawn."""
        return round(self.places([at])[0], 1)

    def _between(self, at: float) -> float:
        at = min(max(at, self._window.since), self._window.until)
        after = min(max(1, bisect_right(self.knots, at, key=lambda knot: knot[0])), len(self.knots) - 1)
        (begin, x1), (end, x2) = self.knots[after - 1], self.knots[after]
        return x1 + (x2 - x1) * (at - begin) / (end - begin) if end > begin else x1


def gaps_between(spans: Iterable[Span], window: Window) -> list[tuple[float, float]]:
    """The long stretches of a window in which none of these went on; none if that is all of it."""
    edges = [(window.since, window.since)]
    edges += [
        (span.begin, window.until if span.end is None else span.end)
        for span in sorted(spans, key=attrgetter("begin"))
    ]
    edges.append((window.until, window.until))
    found = []
    busy_until = window.since
    for (_, end), (begin, _) in pairwise(edges):
        busy_until = max(busy_until, end)
        if begin - busy_until > _LONG * window.seconds:
            found.append((busy_until, begin))
    return [] if sum(end - begin for begin, end in found) >= window.seconds else found
