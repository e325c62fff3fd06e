"""Running concurrency: how many invocations of a key are owned, and which ones stand in line for a place."""

from __future__ import annotations

from pynenc.backends.mem.lazy_heap import LazyHeap
from pynenc.backends.mem.record import MemRecord


class _Places:
    """One key."""

    __slots__ = ("held", "parked")

    def __init__(self) -> None:
        self.held = 0
        self.parked: LazyHeap[MemRecord] = LazyHeap()


class Slots:
    """The places of every key that has a running limit. A place is held while its invocation has a token."""

    def __init__(self) -> None:
        self._keys: dict[str, _Places] = {}

    def admits(self, record: MemRecord) -> bool:
        """Whether a place is free and nobody who was submitted earlier stands in line for it."""
        places = self._keys.get(record.call.cc_key or "")
        if places is None:
            return record.call.cc_limit > 0
        first = places.parked.head()
        return places.held < record.call.cc_limit and (first is None or first[0] > record.order)

    def take(self, key: str) -> None:
        """Count one more owned invocation."""
        self._places(key).held += 1

    def give_back(self, key: str) -> None:
        """Count one owned invocation less."""
        self._places(key).held -= 1

    def park(self, record: MemRecord) -> None:
        """Let a record stand in line, by order of submission."""
        self._places(record.call.cc_key or "").parked.add((record.order,), record)

    def next_in_line(self, key: str) -> MemRecord | None:
        """The first parked record of a key, if there is a place for it; it stays in line."""
        places = self._places(key)
        first = places.parked.head()
        if first is None:
            if not places.held:
                del self._keys[key]
            return None
        record: MemRecord = first[-2]
        return record if places.held < record.call.cc_limit else None

    def _places(self, key: str) -> _Places:
        places = self._keys.get(key)
        if places is None:
            places = self._keys[key] = _Places()
        return places
