"""How much went on in a window, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pynenc.values.status import InvocationStatus
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window


@dataclass(frozen=True, slots=True)
class Totals:
    """What the spans of a window add up to, as far as they are inside of it."""

    by_status: Mapping[InvocationStatus, int]
    #: Seconds of work, of all spans together.
    busy: float
    #: The most that went on at one instant.
    most: int
    #: Seconds in which anything was at work.
    any_busy: float

    def at_a_time(self, window: Window) -> float:
        """How many went on at a time."""
        return self.busy / window.seconds

    def busy_percent(self, window: Window) -> float:
        """For how much of the window anything was at work."""
        return 100 * self.any_busy / window.seconds


def totals_of(spans: Sequence[Span], window: Window) -> Totals:
    """Add up; what only waits is no work."""
    by_status = Counter([span.status for span in spans])
    edges: list[tuple[float, int]] = []
    busy = 0.0
    for span in spans:
        if span.is_wait:
            continue
        begin = max(span.begin, window.since)
        end = window.until if span.end is None else min(span.end, window.until)
        if end >= begin:
            busy += end - begin
            edges += [(begin, 1), (end, -1)]
    at_once = most = 0
    any_busy = since = 0.0
    # Where one begins as another ends, they are not at work at once.
    for at, step in sorted(edges):
        if at_once:
            any_busy += at - since
        since = at
        at_once += step
        most = max(most, at_once)
    return Totals(by_status, busy, most, any_busy)
