"""What ended for a while and goes on: killed with its runner's process, or lost with it. Nothing rests there.

KILLED and the recovery statuses are entries of a history, written in the same step as what follows them. No index
leads to them, so they are looked for among what was handed back or recovered, of what was registered last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.record_filter import AnyOf, Between, NumberField, RecordFilter
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.charts import Bars
from pynmon.failures import trend_of
from pynmon.query.meaning import along_indexes

_S = InvocationStatus


class Setback(StrEnum):
    """What an address may ask for besides failures."""

    KILLED = "killed"
    RECOVERED = "recovered"


#: What tells of each, in the record and in the history.
_TOLD_BY = {
    Setback.KILLED: (NumberField.REROUTES, frozenset({_S.KILLED})),
    Setback.RECOVERED: (NumberField.RECOVERIES, frozenset({_S.PENDING_RECOVERY, _S.RUNNING_RECOVERY})),
}


@dataclass(frozen=True, slots=True)
class SetbackKind:
    """Those of one task."""

    setback: Setback
    task_id: str
    number: int
    first_at: float
    last_at: float
    latest: InvocationId
    #: Every one of them, the last one first.
    invocations: tuple[InvocationId, ...]
    #: How many of the invocations rest in each status now.
    now: tuple[tuple[InvocationStatus, int], ...]
    trend: Bars


@dataclass(frozen=True, slots=True)
class Setbacks:
    """What was found."""

    kinds: Sequence[SetbackKind]
    #: Whether more invocations were registered than were looked at.
    is_cut: bool


def setbacks(  # noqa: PLR0913, PLR0917 - a window in parts, and a limit
    store: BaseMonitorStore,
    wanted: Collection[Setback],
    conditions: Iterable[RecordFilter],
    since: float,
    until: float,
    parts: int,
    limit: int,
) -> Setbacks:
    """By kind and task, the most frequent first; in two questions at most.

    Args:
        store: Asked.
        wanted: Kinds to look for.
        conditions: What else has to hold.
        since: Where the window begins.
        until: Where it ends.
        parts: Of the trend.
        limit: No more invocations are looked at.
    """
    if not wanted:
        return Setbacks((), is_cut=False)
    happened = AnyOf(tuple(Between(_TOLD_BY[one][0], low=1) for one in wanted))
    # An invocation becomes available with each of them.
    query = along_indexes([*conditions, happened, Between(NumberField.AVAILABLE_AT, since, None)])
    page = store.list_invocations(replace(query, limit=limit))
    histories = store.get_histories([one.invocation_id for one in page.records]) if page.records else {}
    kinds = [kind for one in wanted for kind in _kinds(one, page.records, histories, (since, until), parts)]
    return Setbacks(sorted(kinds, key=lambda kind: (-kind.number, -kind.last_at)), page.next is not None)


def _kinds(
    setback: Setback,
    records: Iterable[InvocationRecord],
    histories: Mapping[InvocationId, Sequence[HistoryEntry]],
    window: tuple[float, float],
    parts: int,
) -> Iterable[SetbackKind]:
    statuses, (since, until) = _TOLD_BY[setback][1], window
    happened: dict[str, list[tuple[float, InvocationRecord]]] = {}
    for record in records:
        for entry in histories.get(record.invocation_id, ()):
            if entry.status in statuses and since <= entry.at <= until:
                happened.setdefault(record.task_id, []).append((entry.at, record))
    for task_id, found in happened.items():
        found.sort(key=lambda one: -one[0])
        each = {record.invocation_id: record.status for _, record in found}
        yield SetbackKind(
            setback,
            task_id,
            len(found),
            found[-1][0],
            found[0][0],
            found[0][1].invocation_id,
            tuple(each),
            tuple(Counter(each.values()).most_common()),
            trend_of([at for at, _ in found], since, until, parts, "st-killed"),
        )
