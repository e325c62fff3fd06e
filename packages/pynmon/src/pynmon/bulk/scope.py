"""What a bulk action is about, and what can be done with it: read page by page, never all at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.records import InvocationRecord
from pynmon.actions import why_no_cancel, why_no_rerun

#: So many are read, and acted upon, at once.
CHUNK = 200
#: No more are chosen one by one.
MOST_CHOSEN = 200
#: A dry run counts no further than this, and for no longer.
COUNTED_AT_MOST = 10_000
_COUNTING_SECONDS = 5.0


class BulkAction(StrEnum):
    """What is done with each of them."""

    RERUN = "rerun"
    CANCEL = "cancel"

    def why_not(self, record: InvocationRecord) -> str:
        """Why it cannot be done with this one now; empty when it can."""
        return why_no_rerun(record) if self is BulkAction.RERUN else why_no_cancel(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Chosen invocations, or whatever a question finds of those that were there at an instant."""

    #: In words, for people and the audit.
    text: str
    #: By the store's clock: what was registered later is left alone.
    until: float
    query: RecordQuery = field(default_factory=RecordQuery)
    #: When there are some, the query says nothing.
    ids: tuple[InvocationId, ...] = ()

    def chunks(self, store: BaseMonitorStore) -> Iterator[tuple[InvocationRecord, ...]]:
        """All of it in order of registration; a chunk may be empty although others follow."""
        if self.ids:
            for at in range(0, len(self.ids), CHUNK):
                found = store.get_invocations(self.ids[at : at + CHUNK])
                yield tuple(sorted(found.values(), key=lambda one: one.created_at))
            return
        query = replace(self.query, oldest_first=True, limit=CHUNK)
        while True:
            page = store.list_invocations(query)
            records = tuple(one for one in page.records if one.created_at <= self.until)
            yield records
            # They are in order of registration: once all of a chunk are younger, so is what follows.
            if page.next is None or (page.records and not records):
                return
            query = replace(query, cursor=page.next)


@dataclass(slots=True)
class Count:
    """What a dry run found."""

    eligible: int = 0
    #: By reason.
    refused: Counter[str] = field(default_factory=Counter)
    #: False when there may be more than were counted.
    is_exact: bool = True

    @property
    def expected(self) -> str:
        """What somebody has to confirm."""
        return f"{self.eligible}{'' if self.is_exact else '+'}"


def count(
    store: BaseMonitorStore,
    scope: Scope,
    action: BulkAction,
    clock: Callable[[], float] = time.monotonic,
) -> Count:
    """How many could be acted upon now, and why others could not; changes nothing.

    Args:
        store: Where they are.
        scope: Which.
        action: What would be done.
        clock: Seconds that only grow.
    """
    found = Count()
    deadline = clock() + _COUNTING_SECONDS
    for records in scope.chunks(store):
        if found.eligible + found.refused.total() >= COUNTED_AT_MOST or clock() > deadline:
            found.is_exact = False
            break
        for record in records:
            if why := action.why_not(record):
                found.refused[why] += 1
            else:
                found.eligible += 1
    return found
