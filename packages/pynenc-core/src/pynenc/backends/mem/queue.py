"""The claimable invocations in the order in which they are claimed, and those that become claimable later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import islice

from pynenc.backends.mem.lazy_heap import Entry, LazyHeap, drop
from pynenc.backends.mem.record import MemRecord

#: Whether the invocations of a task, with or without recoveries, are asked for.
Wanted = Callable[[str, bool], bool]


class _Lane(LazyHeap[MemRecord]):
    """The ready invocations that no filter tells apart."""

    __slots__ = ("recovered", "task_id")

    def __init__(self, task_id: str, recovered: bool) -> None:
        super().__init__()
        self.task_id = task_id
        self.recovered = recovered


class ReadyQueue:
    """A heap of lanes, so that a filter passes over whole tasks rather than over single invocations."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, bool], _Lane] = {}
        #: For each lane that has entries, one that is not larger than its first (and older ones).
        self._heads: list[Entry] = []
        self._delayed: LazyHeap[MemRecord] = LazyHeap()

    def add(self, record: MemRecord, now: float) -> bool:
        """Queue a record that has become available; says whether a waiting worker has to know.

        That is so when it can be claimed now, or falls due before all others.
        """
        if record.available_at <= now:
            self._add_ready(record)
            return True
        entry = self._delayed.add((record.available_at, record.order), record)
        return self._delayed.head() is entry

    def _add_ready(self, record: MemRecord) -> None:
        name = (record.call.task_id, record.recoveries > 0)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(*name)
        entry = lane.add(record.rank(), record)
        if lane.entries[0] is entry:
            self._add_head(entry)

    def _add_head(self, entry: Entry) -> None:
        heads = self._heads
        heappush(heads, entry)
        if len(heads) > 64 + 4 * len(self._lanes):
            self._heads = [lane.entries[0] for lane in self._lanes.values() if lane.entries]
            heapify(self._heads)

    def bump(self, record: MemRecord) -> None:
        """Move a record whose dependents grew."""
        if record.entry is not None and isinstance(record.entry[-1], _Lane):
            drop(record)
            self._add_ready(record)

    def promote(self, now: float, limit: int | None = None) -> list[MemRecord]:
        """Make ready what has fallen due, all or so many; returns it."""
        due: list[MemRecord] = []
        while (entry := self._delayed.head()) is not None and entry[0] <= now and len(due) != limit:
            record = entry[-2]
            drop(record)
            self._add_ready(record)
            due.append(record)
        return due

    def heads(self) -> list[MemRecord]:
        """The first that is ready, and the one that falls due, or fell due, before all others."""
        delayed = self._delayed.head()
        ready = list(islice(self.ready(None), 1))
        return ready if delayed is None else [*ready, delayed[-2]]

    def next_due(self) -> float | None:
        """When the next record falls due, if one is delayed."""
        entry = self._delayed.head()
        return None if entry is None else float(entry[0])

    def count_delayed(self) -> int:
        """How many records are not ready."""
        return len(self._delayed)

    def ready(self, wanted: Wanted | None) -> Iterator[MemRecord]:
        """Ready records, the first one first. The caller drops each one that it goes past."""
        passed: list[Entry] = []
        try:
            while (entry := self._first()) is not None:
                lane = entry[-1]
                if wanted is None or wanted(lane.task_id, lane.recovered):
                    yield entry[-2]
                else:
                    passed.append(heappop(self._heads))
        finally:
            for entry in passed:
                heappush(self._heads, entry)

    def _first(self) -> Entry | None:
        heads = self._heads
        while heads:
            entry: Entry = heads[0]
            if entry[-2].entry is heads[0]:
                return entry
            heappop(heads)
            head = entry[-1].head()
            if head is not None:
                heappush(heads, head)
        return None

    def claimable(self, now: float) -> list[MemRecord]:
        """Every record that may be claimed now; O(n)."""
        found = [entry[-2] for lane in self._lanes.values() for entry in lane.valid()]
        found += [entry[-2] for entry in self._delayed.valid() if entry[0] <= now]
        return found

    def is_claimable(self, record: MemRecord, now: float) -> bool:
        """Whether a record that may be anywhere can be claimed now."""
        entry = record.entry
        return entry is not None and (
            isinstance(entry[-1], _Lane) or (entry[-1] is self._delayed and record.available_at <= now)
        )
