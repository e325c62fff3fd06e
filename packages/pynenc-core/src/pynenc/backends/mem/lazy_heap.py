"""A heap whose entries may stop being valid anywhere in it; they are dropped when they come to the top."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

#: The sort key, a number that no other entry has, the item, and the heap it is in. It is valid as long as it
#: is its item's ``entry``.
Entry = tuple[Any, ...]

#: Fewer invalid entries than this are never worth a rebuild.
_REBUILD_ABOVE = 64

_ticks = count()


class Item(Protocol):
    """What can be in a heap, in one at a time."""

    entry: Entry | None


_T = TypeVar("_T", bound=Item)


class LazyHeap(Generic[_T]):
    """Items by key, smallest first. Adding and dropping cost O(log n), amortized."""

    __slots__ = ("_invalid", "entries")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._invalid = 0

    def add(self, key: tuple[Any, ...], item: _T) -> Entry:
        """Put an item in; it must not be in any heap."""
        entry = (*key, next(_ticks), item, self)
        item.entry = entry
        heappush(self.entries, entry)
        return entry

    def head(self) -> Entry | None:
        """The smallest entry."""
        entries = self.entries
        while entries:
            entry: Entry = entries[0]
            if entry[-2].entry is entries[0]:
                return entry
            heappop(entries)
            self._invalid -= 1
        return None

    def valid(self) -> list[Entry]:
        """Every entry, in no particular order; O(n)."""
        return [entry for entry in self.entries if entry[-2].entry is entry]

    def note_invalid(self) -> None:
        """Account for an entry that has just stopped being valid."""
        self._invalid += 1
        if self._invalid > _REBUILD_ABOVE and 2 * self._invalid > len(self.entries):
            self.entries = self.valid()
            heapify(self.entries)
            self._invalid = 0

    def __len__(self) -> int:
        return len(self.entries) - self._invalid


def drop(item: Item) -> None:
    """Take an item out of the heap that it is in, if it is in one."""
    entry = item.entry
    if entry is not None:
        item.entry = None
        entry[-1].note_invalid()
