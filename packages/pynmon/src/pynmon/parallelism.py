"""How much of a family ran at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pynenc.values.records import InvocationRecord


@dataclass(frozen=True, slots=True)
class Parallelism:
    """Of the invocations that called no other: who called somebody waits for most of its time."""

    #: Of the time in which any ran.
    average: float
    peak: int


def parallelism(records: Sequence[InvocationRecord], now: float) -> Parallelism | None:
    """By their last attempts; None when nothing has begun.

    Args:
        records: Parents and children.
        now: Until then runs what has not ended.
    """
    callers = {one.parent_id for one in records}
    edges: list[tuple[float, int]] = []
    for one in records:
        if one.started_at is not None and one.invocation_id not in callers:
            edges += [(one.started_at, 1), (max(one.started_at, one.ended_at or now), -1)]
    running = peak = 0
    busy = worked = 0.0
    before = 0.0
    for at, change in sorted(edges):
        worked += running * (at - before)
        busy += (at - before) if running else 0.0
        running, before = running + change, at
        peak = max(peak, running)
    # What took no time was one at a time.
    return Parallelism(worked / busy if busy else 1.0, max(peak, 1)) if edges else None
