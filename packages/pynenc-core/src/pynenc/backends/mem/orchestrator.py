"""The orchestrator in memory: each operation is one locked section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from pynenc.backends.mem.claims import claim
from pynenc.backends.mem.component import MemComponent
from pynenc.backends.mem.monitor_store import MemMonitorStore
from pynenc.backends.mem.moves import carry_out
from pynenc.backends.mem.moves import deliver as deliver_message
from pynenc.backends.mem.record import MemRecord
from pynenc.backends.mem.store import MemStore
from pynenc.conf.config_components import ConfigOrchestrator
from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.contracts.watches import deliver
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.merges import Merge, merges_of, with_merge
from pynenc.values.operations import (
    Claim,
    Due,
    InvocationQuery,
    Move,
    MoveAnswer,
    NewInvocation,
    OwnedInvocation,
    Step,
    StepAnswer,
    SubmitAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.runners import Beat, BeatAnswer, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynenc.values.triggers import Occurrence
from pynenc.values.workflows import RecordedOperation


class MemOrchestrator(MemComponent, BaseOrchestrator):
    """Invocations in this process."""

    config_cls = ConfigOrchestrator
    store: MemStore

    def submit(
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> list[SubmitAnswer]:
        """Register a batch of calls in one locked section."""
        store = self.store
        with store.lock:
            now = store.now()
            if data:
                store.client_data.put(data, now)
            answers = [self._register(call, now) for call in batch]
            existing = {at: answer for at, answer in enumerate(answers) if not answer.created}
            if existing:
                self._count_merges(merges_of(batch, existing), now)
            if not enqueue and not any(call.delay_seconds for call in batch):
                store.tables.new_work = 0
            reports = store.settle()
        deliver(reports)
        return answers

    def _register(self, call: NewInvocation, now: float) -> SubmitAnswer:
        tables = self.store.tables
        known = tables.records.get(call.invocation_id)
        if known is None and call.reg_key is not None:
            known = tables.registrations.get(call.reg_key)
        if known is not None:
            return known.to_answer(created=False)
        return tables.create(call, now).to_answer(created=True)

    def _count_merges(self, merges: Mapping[InvocationId, Merge], now: float) -> None:
        for survivor, merge in merges.items():
            record = self.store.tables.records[survivor]
            record.merges = with_merge(record.merges, merge, now) or record.merges

    def advance(self, step: Step) -> StepAnswer:
        """Carry out a step in one locked section."""
        store = self.store
        with store.lock:
            tables = store.tables
            now = store.now()
            moves = tuple([carry_out(tables, move, now) for move in step.moves])
            delivered: tuple[bool, ...] = ()
            if step.messages:
                accepted = all(answer.accepted for answer in moves)
                delivered = tuple([accepted and deliver_message(tables, m, now) for m in step.messages])
            request = step.claim
            claims: tuple[Claim, ...] = ()
            next_due_seconds = None
            if request is not None and _pauses_were_entered(step.moves, moves):
                claims = claim(tables, request, now)
                if not claims and request.ids is None:
                    next_due_seconds = self._next_due_seconds(now)
            states = self._states(step.read) if step.read else {}
            unparked, tables.unparked = tuple(tables.unparked), []
            reports = store.settle()
        deliver(reports)
        return StepAnswer(
            moves=moves,
            delivered=delivered,
            claims=claims,
            unparked=unparked,
            next_due_seconds=next_due_seconds,
            states=states,
        )

    def _next_due_seconds(self, now: float) -> float | None:
        due = self.store.tables.queue.next_due()
        return None if due is None else max(0.0, due - now)

    def _states(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:
        records = self.store.tables.records
        return {found: records[found].to_state() for found in ids if found in records}

    def get_states(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:
        """Status and outcome."""
        with self.store.lock:
            return self._states(ids)

    def get_records(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:
        """Copies of the records."""
        with self.store.lock:
            records = self.store.tables.records
            return {found: records[found].to_record() for found in ids if found in records}

    def find_results(self, task_id: str, args_ids: Sequence[str]) -> dict[str, InvocationState]:
        """Looks at successes that may be reused only."""
        with self.store.lock:
            results = self.store.tables.results
            found = ((args_id, results.latest(task_id, args_id)) for args_id in args_ids)
            return {args_id: record.to_state() for args_id, record in found if record is not None}

    def get_history(self, invocation_id: InvocationId) -> list[HistoryEntry]:
        """A copy of the history."""
        with self.store.lock:
            record = self.store.tables.records.get(invocation_id)
            return [] if record is None else record.to_history()

    def list_records(self, query: InvocationQuery) -> list[InvocationRecord]:
        """A page; a query by parent or by what is awaited looks at these only, any other one at every record."""
        with self.store.lock:
            tables = self.store.tables
            if query.awaits is not None:
                records = iter(tables.awaiting(query.awaits, query.after, oldest_first=query.oldest_first))
            elif query.oldest_first:
                records = tables.oldest_first(query.after)
            elif query.parent_id is not None:
                records = tables.children(query.parent_id, query.after)
            else:
                records = tables.newest_first(query.after)
            return [record.to_record() for record in islice(_matching(records, query), query.limit)]

    def list_operations(self, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:
        """A page of one workflow."""
        with self.store.lock:
            return self.store.tables.workflows.operations(workflow_id, after, limit)

    def list_messages(self, workflow_id: str, name: str, after: int, limit: int) -> list[str]:
        """A page of one workflow."""
        with self.store.lock:
            return self.store.tables.workflows.messages(workflow_id, name)[after : after + limit]

    def get_workflow_values(self, workflow_id: str, names: Sequence[str] | None = None) -> dict[str, str]:
        """A copy of the values."""
        with self.store.lock:
            values = self.store.tables.workflows.values(workflow_id)
            return {name: values[name] for name in (values if names is None else names) if name in values}

    def count_by_status(self, task_id: str | None = None) -> dict[InvocationStatus, int]:
        """The counters of one task, or their sums."""
        with self.store.lock:
            counts = self.store.tables.counts
            sums: dict[InvocationStatus, int] = {}
            chosen: Iterable[Mapping[InvocationStatus, int]] = (
                counts.values() if task_id is None else [counts.get(task_id, {})]
            )
            for by_status in chosen:
                for status, number in by_status.items():
                    if number:
                        sums[status] = sums.get(status, 0) + number
            return sums

    def find_available(self, ids_after: InvocationId | None, limit: int) -> list[InvocationId]:
        """Looks at everything that is queued; for a sweeper, not for a worker."""
        with self.store.lock:
            tables = self.store.tables
            start = tables.records.get(ids_after) if ids_after is not None else None
            order = 0 if start is None else start.order
            found = [record for record in tables.queue.claimable(self.store.now()) if record.order > order]
            found.sort(key=lambda record: record.order)
            return [record.call.invocation_id for record in found[:limit]]

    def take_due(self, limit: int) -> Due:
        """Makes them ready, as a claim would."""
        store = self.store
        with store.lock:
            now = store.now()
            due = tuple(store.tables.promote_due(now, limit))
            reports = store.settle()
            left = self._next_due_seconds(now)
        deliver(reports)
        return Due(due, left)

    def count_delayed(self) -> int:
        """Kept by the queue."""
        with self.store.lock:
            return self.store.tables.queue.count_delayed()

    def get_waits(self) -> dict[InvocationId, list[InvocationId]]:
        """A copy of the waiting graph."""
        with self.store.lock:
            return self.store.tables.waits.to_lists()

    def beat(self, beat: Beat) -> BeatAnswer:
        """Refresh rows and the lease."""
        with self.store.lock:
            runners, now = self.store.tables.runners, self.store.now()
            for identity in beat.alive:
                runners.beat(identity, now)
            for runner_id, reason in beat.stopped:
                runners.stop(runner_id, reason, now)
            return BeatAnswer(
                leads=beat.lease is not None and runners.lease(beat.lease, now),
                drains=bool(beat.alive) and runners.rows[beat.alive[0].runner_id].drains,
            )

    def request_drain(self, runner_id: RunnerId) -> bool:
        """Noted in the row."""
        with self.store.lock:
            return self.store.tables.runners.drain(runner_id)

    def list_runners(self, *, include_stopped: bool = False) -> list[RunnerRecord]:
        """The rows."""
        with self.store.lock:
            rows = self.store.tables.runners.rows.values()
            return [row for row in rows if include_stopped or row.stopped_at is None]

    def find_orphans(self, dead: Sequence[RunnerId], limit: int) -> list[OwnedInvocation]:
        """Looks at runners that own something, then at what they own."""
        with self.store.lock:
            tables = self.store.tables
            lost = frozenset(dead)
            orphans = (
                record
                for runner_id, owned in tables.owned.items()
                if runner_id in lost or tables.runners.is_stopped(RunnerId(runner_id))
                for record in owned.values()
            )
            return [record.to_owned() for record in islice(orphans, limit)]

    def find_expired(self, age_seconds: float, limit: int) -> list[InvocationId]:
        """Looks at final invocations from the oldest on."""
        with self.store.lock:
            return list(islice(self._expired(self.store.now() - age_seconds), limit))

    def _expired(self, ended_before: float) -> Iterator[InvocationId]:
        for invocation_id, record in self.store.tables.ended.items():
            if record.ended_at is None or record.ended_at > ended_before:
                return
            call = record.call
            above: tuple[str | None, ...] = ()
            if call.workflow_id is not None:
                above = (call.root_id, call.workflow_id, call.parent_id)
            if all(self.store.tables.is_final_or_gone(one) for one in above):
                yield invocation_id

    def delete(self, ids: Sequence[InvocationId]) -> None:
        """Forget final invocations."""
        with self.store.lock:
            tables = self.store.tables
            for invocation_id in ids:
                if tables.is_final(invocation_id):
                    tables.delete(tables.records[invocation_id])
            tables.compact()

    def forget_runners(self, age_seconds: float) -> None:
        """Forget stopped runners that own nothing."""
        with self.store.lock:
            tables = self.store.tables
            stopped_before = self.store.now() - age_seconds
            for runner_id, row in list(tables.runners.rows.items()):
                long_gone = row.stopped_at is not None and row.stopped_at <= stopped_before
                if long_gone and runner_id not in tables.owned:
                    del tables.runners.rows[runner_id]

    def watch_statuses(
        self, watched: Mapping[str, frozenset[InvocationStatus]], forget_seconds: float
    ) -> None:
        """By task."""
        with self.store.lock:
            self.store.tables.watch_statuses(watched, self.store.now(), forget_seconds)

    def take_occurrences(self, limit: int, lease_seconds: float) -> list[Occurrence]:
        """Lease the first ones."""
        with self.store.lock:
            return self.store.tables.outbox.take(limit, lease_seconds, self.store.now())

    def acknowledge_occurrences(self, ids: Sequence[str]) -> None:
        """Forget them."""
        with self.store.lock:
            for occurrence_id in ids:
                self.store.tables.outbox.settle((occurrence_id, None))

    def open_monitor_store(self) -> MemMonitorStore:
        """Reads for people."""
        return MemMonitorStore(self.store)

    def purge(self) -> None:
        """Begin anew; subscriptions stay."""
        with self.store.lock:
            self.store.clear_invocations()


def _pauses_were_entered(moves: Sequence[Move], answers: Sequence[MoveAnswer]) -> bool:
    return all(
        answer.accepted
        for move, answer in zip(moves, answers, strict=True)
        if move.to is InvocationStatus.PAUSED
    )


def _matching(records: Iterator[MemRecord], query: InvocationQuery) -> Iterator[MemRecord]:
    for record in records:
        call = record.call
        if (
            (query.statuses is None or record.status in query.statuses)
            and query.task_id in (None, call.task_id)
            and query.parent_id in (None, call.parent_id)
            and query.root_id in (None, call.root_id)
            and (not query.workflows or call.workflow_id == call.invocation_id)
            and (query.runner_id is None or (record.owner and record.owner.runner_id == query.runner_id))
        ):
            yield record
