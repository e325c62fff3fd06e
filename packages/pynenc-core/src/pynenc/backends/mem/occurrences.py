"""Occurrences that await reaction, with leases."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import islice

from pynenc.values.triggers import Occurrence

#: Id, and the trigger that it is kept for.
Key = tuple[str, str | None]


def key_of(occurrence: Occurrence) -> Key:
    """What makes two occurrences the same one."""
    return occurrence.occurrence_id, occurrence.trigger_id


class Occurrences:
    """In the order in which they were recorded."""

    def __init__(self) -> None:
        self._order: dict[Key, int] = {}
        self._ready: dict[Key, Occurrence] = {}
        #: Taken, and until when.
        self._taken: dict[Key, tuple[Occurrence, float]] = {}
        self._recorded = 0

    def put(self, occurrence: Occurrence, now: float) -> bool:
        """Record one; False when it is there already."""
        key = key_of(occurrence)
        if key in self._order:
            return False
        self._recorded += 1
        self._order[key] = self._recorded
        self._ready[key] = replace(occurrence, at=now)
        return True

    def take(
        self, limit: int, lease_seconds: float, now: float, trigger_ids: Collection[str] | None = None
    ) -> list[Occurrence]:
        """Lease the first ones; with ``trigger_ids`` not those that are kept for other triggers."""
        self._end_leases(now)
        wanted = (
            key for key in self._ready if key[1] is None or trigger_ids is None or key[1] in trigger_ids
        )
        taken = [self._ready[key] for key in islice(wanted, limit)]
        for occurrence in taken:
            key = key_of(occurrence)
            del self._ready[key]
            self._taken[key] = (occurrence, now + lease_seconds)
        return taken

    def settle(self, key: Key) -> None:
        """Forget one that may exist."""
        self._order.pop(key, None)
        self._ready.pop(key, None)
        self._taken.pop(key, None)

    def forget(self, before: float) -> None:
        """Forget what is old."""
        pending = [*self._ready.values(), *(occurrence for occurrence, _ in self._taken.values())]
        for occurrence in pending:
            if occurrence.at <= before:
                self.settle(key_of(occurrence))

    def _end_leases(self, now: float) -> None:
        ended = [key for key, (_, until) in self._taken.items() if until <= now]
        if ended:
            for key in ended:
                self._ready[key] = self._taken.pop(key)[0]
            self._ready = dict(sorted(self._ready.items(), key=lambda item: self._order[item[0]]))
