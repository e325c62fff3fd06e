"""MemMonitorStore: reads for people, under the store's lock and no longer than a page needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from itertools import chain, islice, takewhile

from pynenc.backends.mem.record import MemRecord, order_of
from pynenc.backends.mem.store import MemStore
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Registered, Waits, equal_parts
from pynenc.values.record_filter import RecordFilter, matcher_of
from pynenc.values.records import HistoryEntry, InvocationRecord, OutcomeKind
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import InvocationStatus


class MemMonitorStore(BaseMonitorStore):
    """The records of this process, for people."""

    def __init__(self, store: MemStore) -> None:
        self._store = store

    def change_token(self) -> str:  # noqa: D102
        return f"{self._store.changes}|{self._store.tables.runners.changes}"

    def count_by_task(self) -> dict[str, dict[InvocationStatus, int]]:  # noqa: D102
        with self._store.lock:
            counts = {
                task_id: {status: n for status, n in by_status.items() if n}
                for task_id, by_status in self._store.tables.counts.items()
            }
        return {task_id: by_status for task_id, by_status in counts.items() if by_status}

    def count_recovered(self) -> dict[InvocationStatus, int]:  # noqa: D102
        with self._store.lock:
            return dict(self._store.tables.recovered)

    # -- lists ----------------------------------------------------------------------------------------

    def list_invocations(self, query: RecordQuery) -> RecordPage:  # noqa: D102
        if query.cursor and not (query.cursor.isascii() and query.cursor.isdigit()):
            raise ValueError(f"{query.cursor!r} is no position in a list of invocations")
        begin = int(query.cursor) if query.cursor else None
        fulfils = matcher_of(query.where) if query.where is not None else None
        found: list[InvocationRecord] = []
        last: int | None = None
        with self._store.lock:
            for looked_at, record in enumerate(self._candidates(query, begin)):
                if len(found) == query.limit or looked_at == query.search_limit:
                    return RecordPage(tuple(found), str(last))
                if _matches(query, record) and (fulfils is None or fulfils(record.to_record())):
                    found.append(_slim(record))
                last = record.order
        return RecordPage(tuple(found), None)

    def _candidates(self, query: RecordQuery, begin: int | None) -> Iterator[MemRecord]:
        tables = self._store.tables
        if query.rerun_of is not None:
            found: Iterable[MemRecord] = tables.reruns(query.rerun_of)
        elif query.root_id is not None:
            found = tables.family(query.root_id)
        else:
            return tables.behind(begin, oldest_first=query.oldest_first)
        ordered = sorted(found, key=order_of, reverse=not query.oldest_first)
        if begin is None:
            return iter(ordered)
        return (one for one in ordered if (one.order > begin if query.oldest_first else one.order < begin))

    def find_cursor(self, before: float) -> str:  # noqa: D102
        with self._store.lock:
            newest = self._store.tables.behind(None, oldest_first=False)
            since = list(takewhile(lambda record: record.history[0][1] >= before, newest))
        return str(since[-1].order) if since else ""

    def get_invocations(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        with self._store.lock:
            records = self._store.tables.records
            return {one: _slim(records[one]) for one in ids if one in records}

    def find_by_prefix(self, prefix: str, limit: int) -> list[InvocationRecord]:  # noqa: D102
        with self._store.lock:
            records = self._store.tables.records
            found = sorted(one for one in records if prefix and one.startswith(prefix))[:limit]
            return [_slim(records[one]) for one in found]

    def find_by_suffix(self, suffix: str, limit: int, search_limit: int) -> list[InvocationRecord]:  # noqa: D102
        with self._store.lock:
            records = self._store.tables.records
            last = nlargest(search_limit, records)
            return [_slim(records[one]) for one in last if one.endswith(suffix)][:limit]

    # -- one invocation -------------------------------------------------------------------------------

    def get_histories(self, ids: Sequence[InvocationId]) -> dict[InvocationId, list[HistoryEntry]]:  # noqa: D102
        with self._store.lock:
            records = self._store.tables.records
            return {one: records[one].to_history() for one in ids if one in records}

    def get_payloads(self, invocation_id: InvocationId, limit: int) -> Mapping[PayloadKind, str]:  # noqa: D102
        with self._store.lock:
            record = self._store.tables.records.get(invocation_id)
            if record is None:
                return {}
            outcome = record.outcome.data if record.outcome else None
            stored = {PayloadKind.ARGUMENTS: record.call.arguments, PayloadKind.OUTCOME: outcome}
        return {kind: text[:limit] for kind, text in stored.items() if text is not None}

    def get_merges(self, ids: Sequence[InvocationId]) -> dict[InvocationId, Merges]:  # noqa: D102
        with self._store.lock:
            records = self._store.tables.records
            found = {one: records[one].merges for one in ids if one in records}
        return {one: merges for one, merges in found.items() if merges is not None}

    def list_waits(self, invocation_id: InvocationId, limit: int) -> Waits:  # noqa: D102
        with self._store.lock:
            waits = self._store.tables.waits
            both = (waits.on(invocation_id), waits.by(invocation_id))
            return Waits(*(tuple(islice(one, limit)) for one in both))

    def count_families(  # noqa: D102
        self, roots: Sequence[InvocationId], most: int
    ) -> dict[InvocationId, dict[InvocationStatus, int]]:
        counts = {}
        with self._store.lock:
            for root_id in roots:
                family = self._store.tables.family(root_id)
                members = (one for one in family if one.call.invocation_id != root_id)
                counts[root_id] = dict(Counter(one.status for one in islice(members, most)))
        return {root_id: by_status for root_id, by_status in counts.items() if by_status}

    # -- what happens and happened --------------------------------------------------------------------

    def list_registered(self, since: float, limit: int) -> list[Registered]:  # noqa: D102
        with self._store.lock:
            newest = self._store.tables.behind(None, oldest_first=False)
            found = takewhile(lambda record: record.history[0][1] >= since, newest)
            return [_registered(record) for record in islice(found, limit)]

    def list_finished(  # noqa: D102
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        with self._store.lock:
            ended = self._store.tables.ended.values()
            inside = (
                record
                for record in (ended if oldest_first else reversed(ended))
                if record.ended_at is not None and since <= record.ended_at < until
            )
            return [_finished(record) for record in islice(inside, limit)]

    def sample_finished(  # noqa: D102
        self, since: float, until: float, parts: int, each: int, *, beyond: int
    ) -> list[list[Finished]]:
        if len(self.list_finished(since, until, beyond + 1)) <= beyond:
            return []
        return [self.list_finished(*edges, each) for edges in equal_parts(since, until, parts)]

    def count_failed(  # noqa: D102
        self, since: float, until: float, parts: int, most: int, where: RecordFilter | None = None
    ) -> list[int]:
        found = [self.list_failed(*edges, most) for edges in equal_parts(since, until, parts)]
        if where is None:
            return [len(part) for part in found]
        return [len(self.find_matching([one.invocation_id for one in part], where)) for part in found]

    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:  # noqa: D102
        with self._store.lock:
            latest = reversed(self._store.tables.ended.values())
            # In the order of their ends.
            recent = takewhile(lambda record: (record.ended_at or 0.0) >= since, latest)
            failed = (one for one in recent if _has_failed(one) and (one.ended_at or 0.0) < until)
            return [_failed(record) for record in islice(failed, limit)]

    def list_owned(self, limit: int, runner_id: str | None = None) -> list[InvocationRecord]:  # noqa: D102
        with self._store.lock:
            owned = self._store.tables.owned
            chosen = owned.values() if runner_id is None else [owned.get(runner_id, {})]
            records = chain.from_iterable(ones.values() for ones in chosen)
            return [_slim(record) for record in islice(records, limit)]

    def find_longest_waiting(self) -> InvocationRecord | None:  # noqa: D102
        with self._store.lock:
            now = self._store.now()
            due = [record for record in self._store.tables.queue.heads() if record.available_at <= now]
            return _slim(min(due, key=lambda record: record.available_at)) if due else None

    # -- runners --------------------------------------------------------------------------------------

    def list_runners(self, limit: int) -> list[RunnerRecord]:  # noqa: D102
        with self._store.lock:
            rows = list(reversed(self._store.tables.runners.rows.values()))
        return sorted(rows, key=lambda row: row.stopped_at is not None)[:limit]

    def find_lease(self, name: str) -> Lease | None:  # noqa: D102
        with self._store.lock:
            return self._store.tables.runners.find_lease(name)

    def get_runners(self, ids: Sequence[str]) -> dict[str, RunnerRecord]:  # noqa: D102
        with self._store.lock:
            rows = self._store.tables.runners.rows
            return {one: rows[RunnerId(one)] for one in ids if one in rows}


def _matches(query: RecordQuery, record: MemRecord) -> bool:
    call = record.call
    return (
        (query.task_id is None or call.task_id == query.task_id)
        and (query.statuses is None or record.status in query.statuses)
        and (query.root_id is None or call.root_id == query.root_id)
        and (not query.workflows or call.workflow_id == call.invocation_id)
    )


def _slim(record: MemRecord) -> InvocationRecord:
    whole = record.to_record()
    outcome = replace(whole.outcome, data=None) if whole.outcome else None
    return replace(whole, token=None, arguments=None, outcome=outcome)


def _registered(record: MemRecord) -> Registered:
    call, owner = record.call, record.owner
    return Registered(
        record.history[0][1],
        record.status,
        call.task_id,
        call.invocation_id,
        owner.runner_id if owner else None,
        record.started_at,
        record.available_at,
        record.ended_at,
    )


def _finished(record: MemRecord) -> Finished:
    assert record.ended_at is not None
    return Finished(
        record.ended_at,
        record.status,
        record.call.task_id,
        record.call.invocation_id,
        record.owner.runner_id if record.owner else None,
        record.started_at,
        record.available_at,
    )


def _has_failed(record: MemRecord) -> bool:
    return record.outcome is not None and record.outcome.kind is OutcomeKind.EXCEPTION


def _failed(record: MemRecord) -> Failed:
    assert record.ended_at is not None
    assert record.outcome is not None
    outcome = record.outcome
    return Failed(
        record.ended_at,
        record.call.task_id,
        record.call.invocation_id,
        outcome.error_type,
        outcome.fingerprint,
    )
