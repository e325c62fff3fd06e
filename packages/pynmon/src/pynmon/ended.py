"""Counts of what ended while the monitor runs, for Prometheus: each invocation once, by reading what is new."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished
from pynenc.values.status import InvocationStatus
from pynmon.statistics import BOUNDS

#: Tasks with a label of their own, those that ended first; the rest is ``OTHER``.
_MOST_TASKS = 200
OTHER = "other"
#: Instants are given before the write that makes them visible: so far back is looked again.
_OVERLAP_SECONDS = 5.0
#: So many are read at once, and so many times for one answer; what is left is counted with the next one.
_PAGE, _PAGES = 5_000, 10


@dataclass(slots=True)
class Histogram:
    """Durations by upper bound, as Prometheus wants them: a value that equals a bound is within it."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one; clocks that differ make no negative duration."""
        self.counts[bisect_left(BOUNDS, max(0.0, seconds))] += 1
        self.total += max(0.0, seconds)

    @property
    def number(self) -> int:
        """How many were counted."""
        return sum(self.counts)

    def percentile(self, share: float) -> float | None:
        """What this share of them took at most, as if those between two bounds were spread evenly; None without any."""
        rank, reached = share * self.number, 0
        for low, high, n in zip((0.0, *BOUNDS), (*BOUNDS, BOUNDS[-1]), self.counts, strict=True):
            if n and reached + n >= rank:
                return low + (high - low) * (rank - reached) / n
            reached += n
        return None


class Ended:
    """What ended since the first look, by task.

    Args:
        store: Where it is read.
    """

    def __init__(self, store: BaseMonitorStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._until: float | None = None  # guarded by self._lock, as all that follows
        #: What was counted of the last seconds, by its end.
        self._counted: dict[InvocationId, float] = {}
        self.outcomes: dict[str, Counter[InvocationStatus]] = {}
        self.waits: dict[str, Histogram] = {}
        self.runs: dict[str, Histogram] = {}

    def look(self, now: float) -> None:
        """Count what ended since the last look.

        Args:
            now: By the store's clock.
        """
        with self._lock:
            if self._until is None:
                self._until = now
            for _ in range(_PAGES):
                since = self._until - _OVERLAP_SECONDS
                rows = self._store.list_finished(
                    since, now + 60.0, _PAGE + len(self._counted), oldest_first=True
                )
                self._count(row for row in rows if row.invocation_id not in self._counted)
                self._until = max(self._until, rows[-1].ended_at) if rows else self._until
                is_all = len(rows) < _PAGE + len(self._counted)
                edge = self._until - _OVERLAP_SECONDS
                self._counted = {row.invocation_id: row.ended_at for row in rows if row.ended_at >= edge}
                if is_all:
                    return

    def _count(self, rows: Iterable[Finished]) -> None:
        for row in rows:
            task = row.task_id if row.task_id in self.outcomes or len(self.outcomes) < _MOST_TASKS else OTHER
            self.outcomes.setdefault(task, Counter())[row.status] += 1
            if row.started_at is not None:
                self.waits.setdefault(task, Histogram()).add(row.started_at - row.available_at)
                self.runs.setdefault(task, Histogram()).add(row.ended_at - row.started_at)
