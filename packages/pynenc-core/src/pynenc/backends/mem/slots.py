"""Running concurrency: how many invocations of a key are owned, and which ones stand in line for a place."""

from __future__ import annotations

from collections.abc import Collection

from pynenc.backends.mem.lazy_heap import LazyHeap
from pynenc.backends.mem.record import MemRecord
from pynenc.values.ids import InvocationId


class _Places:
    """One key."""

    __slots__ = ("held", "parked")

    def __init__(self) -> None:
        self.held: dict[InvocationId, None] = {}
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
        return len(places.held) < record.call.cc_limit and (first is None or first[0] > record.order)

    def take(self, record: MemRecord) -> None:
        """Note that a record of the key is owned."""
        self._places(record.call.cc_key or "").held[record.call.invocation_id] = None

    def give_back(self, record: MemRecord) -> None:
        """Note that a record of the key is owned no more."""
        del self._places(record.call.cc_key or "").held[record.call.invocation_id]

    def holders_of_full(self, record: MemRecord) -> Collection[InvocationId]:
        """Who holds the places of a record's key, if all of them are taken."""
        places = self._keys.get(record.call.cc_key or "")
        return places.held if places is not None and len(places.held) >= record.call.cc_limit else ()

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
        return record if len(places.held) < record.call.cc_limit else None

    def _places(self, key: str) -> _Places:
        places = self._keys.get(key)
        if places is None:
            places = self._keys[key] = _Places()
        return places
