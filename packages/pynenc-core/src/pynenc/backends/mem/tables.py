"""Everything the orchestrator keeps in memory, and the changes of one record that operations are made of."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial

from pynenc.backends.mem.lazy_heap import drop
from pynenc.backends.mem.occurrences import Occurrences
from pynenc.backends.mem.queue import ReadyQueue
from pynenc.backends.mem.record import MemRecord, order_of
from pynenc.backends.mem.results import Results
from pynenc.backends.mem.runners import Runners
from pynenc.backends.mem.slots import Slots
from pynenc.backends.mem.waits import MAX_HOPS, Waits
from pynenc.backends.mem.watched import TaskCounts, Watched
from pynenc.backends.mem.workflows import Workflows
from pynenc.contracts.watches import Watches
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynenc.values.records import Outcome
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import INITIAL, RECOVERING, InvocationStatus
from pynenc.values.triggers import Occurrence, OccurrenceKind, status_occurrence_id
from pynenc.values.wait_graph import find_cycle

_S = InvocationStatus


class Tables:
    """The records and what is derived from them. Everything here is called with the store's lock held."""

    def __init__(self, watches: Watches) -> None:
        self.watches = watches
        self.records: dict[InvocationId, MemRecord] = {}
        self.queue = ReadyQueue()
        self.slots = Slots()
        self.waits = Waits()
        self.runners = Runners()
        #: Never claimed invocations by registration key.
        self.registrations: dict[str, MemRecord] = {}
        #: Invocations by the runner that owns them.
        self.owned: dict[str, dict[InvocationId, MemRecord]] = {}
        #: Final invocations in the order in which they ended.
        self.ended: dict[InvocationId, MemRecord] = {}
        self.results = Results()
        self.workflows = Workflows()
        #: By task: how many rest in each status.
        self.counts: dict[str, TaskCounts] = {}
        #: How many were taken from owners that are gone, by the status that says so.
        self.recovered: Counter[InvocationStatus] = Counter()
        self._watched = Watched()
        self.outbox = Occurrences()
        self._children: dict[InvocationId, dict[InvocationId, MemRecord]] = {}
        self._reruns: dict[InvocationId, dict[InvocationId, MemRecord]] = {}
        self._by_order: list[MemRecord] = []
        self._submitted = 0
        #: Pieces of work that became claimable in the current operation.
        self.new_work = 0
        #: What freed places and messages made claimable in the current operation.
        self.unparked: list[InvocationId] = []
        #: Whether the current operation recorded an occurrence.
        self.occurred = False

    def count_recovered(self, via: tuple[InvocationStatus, ...]) -> None:
        """Note what was taken from an owner that is gone, by the statuses that it passed through."""
        for status in RECOVERING.intersection(via):
            self.recovered[status] += 1

    def create(self, call: NewInvocation, now: float) -> MemRecord:
        """Add a record."""
        self._submitted += 1
        counts = self._counts_of(call.task_id)
        record = MemRecord(call, self._submitted, now, counts)
        if counts.on_entered is not None and INITIAL in counts.on_entered:
            counts.on_entered[INITIAL](call.invocation_id, 1, now)
        self.records[call.invocation_id] = record
        self._by_order.append(record)
        if call.reg_key is not None:
            self.registrations[call.reg_key] = record
        if call.parent_id is not None:
            self._children.setdefault(call.parent_id, {})[call.invocation_id] = record
        if call.rerun_of is not None:
            self._reruns.setdefault(call.rerun_of, {})[call.invocation_id] = record
        if call.operations and call.workflow_id is not None:
            self.workflows.record(call.workflow_id, call.operations)
        self.enqueue(record, now)
        return record

    def _counts_of(self, task_id: str) -> TaskCounts:
        counts = self.counts.get(task_id)
        if counts is None:
            counts = self.counts[task_id] = TaskCounts()
        return counts

    def watch_statuses(
        self, watched: Mapping[str, frozenset[InvocationStatus]], now: float, forget_seconds: float
    ) -> None:
        """Record an occurrence whenever such a status is entered."""
        for task_id in self._watched.renew(watched, now, forget_seconds):
            statuses = self._watched.of(task_id)
            on_entered = {status: partial(self._note_occurrence, task_id, status) for status in statuses}
            self._counts_of(task_id).on_entered = on_entered or None

    def _note_occurrence(
        self, task_id: str, status: InvocationStatus, invocation_id: InvocationId, seq: int, now: float
    ) -> None:
        occurrence = Occurrence(
            occurrence_id=status_occurrence_id(invocation_id, seq),
            kind=OccurrenceKind.STATUS,
            source=task_id,
            invocation_id=invocation_id,
            status=status,
        )
        self.outbox.put(occurrence, now)
        self.occurred = True

    def enqueue(self, record: MemRecord, now: float) -> None:
        """Make a record in an available status claimable at its time."""
        if self.queue.add(record, now):
            self.new_work += 1
        if record.available_at <= now:
            self.watches.note_available(record.call.invocation_id)

    def promote_due(self, now: float, limit: int | None = None) -> list[InvocationId]:
        """Make claimable what has fallen due, all or so many; returns it."""
        due = [record.call.invocation_id for record in self.queue.promote(now, limit)]
        for invocation_id in due:
            self.watches.note_available(invocation_id)
        return due

    def take(self, record: MemRecord, runner: RunnerIdentity, token: str, now: float) -> None:
        """Give a claimable record to a runner."""
        drop(record)
        self._leave_registration(record)
        record.epoch += 1
        record.token = token
        record.owner = runner
        record.pending_at = now
        self.owned.setdefault(runner.runner_id, {})[record.call.invocation_id] = record
        if record.call.cc_key is not None:
            self.slots.take(record)

    def release(self, record: MemRecord, token: str | None, now: float) -> None:
        """End the ownership of a record, and pass its place on."""
        record.released_token = token
        self.stop_waiting(record)
        if record.token is None or record.owner is None:
            return
        record.token = None
        runner_id = record.owner.runner_id
        owned = self.owned[runner_id]
        del owned[record.call.invocation_id]
        if not owned:
            del self.owned[runner_id]
        if record.call.cc_key is not None:
            self.slots.give_back(record)
            self.unpark(record.call.cc_key, now, runner_id)

    def pass_weight_on(self, awaited: Iterable[InvocationId], weight: int) -> None:
        """Add to the dependents of what somebody waits for, and of what that waits for."""
        for reached in self.waits.reach(awaited, MAX_HOPS):
            record = self.records[reached]
            record.dependents = max(0, record.dependents + weight)
            self.queue.bump(record)

    def stop_waiting(self, record: MemRecord) -> None:
        """End the waits of an invocation, and take back the weight that it gave to what is not final."""
        awaited = list(self.waits.on(record.call.invocation_id))
        if awaited:
            self.pass_weight_on(awaited, -1 - record.dependents)
            self.waits.end_of(record.call.invocation_id)

    def find_cycle(self, waiter: MemRecord, awaited: Collection[InvocationId]) -> tuple[InvocationId, ...]:
        """The ids from a waiter back to itself if it waited for ``awaited``; empty when there is no way."""
        end = waiter.call.invocation_id
        if end not in awaited and waiter.call.cc_key is None and not self.waits.is_awaited(end):
            return ()  # nobody can be stuck because of it
        return find_cycle(end, awaited, self.waits.on, self._holders_before)

    def _holders_before(self, invocation_id: InvocationId) -> Collection[InvocationId]:
        record = self.records[invocation_id]
        if (
            record.token is not None
            or record.ended_at is not None
            or not (record.call.cc_park or record.epoch)
        ):
            return ()
        return self.slots.holders_of_full(record)

    def unpark(self, key: str, now: float, runner_id: str | None) -> None:
        """Release the first in line of a key, if there is a place for it."""
        record = self.slots.next_in_line(key)
        if record is not None:
            drop(record)
            record.enter(_S.REROUTED, now, runner_id)
            record.available_at = now
            self.enqueue(record, now)
            self.unparked.append(record.call.invocation_id)

    def wake(self, record: MemRecord, now: float) -> None:
        """Make a workflow that awaited a message claimable now."""
        drop(record)
        record.available_at = now
        self.enqueue(record, now)
        self.unparked.append(record.call.invocation_id)

    def end(self, record: MemRecord, outcome: Outcome | None, now: float) -> None:
        """Carry out what follows from a final status."""
        invocation_id = record.call.invocation_id
        record.outcome = outcome
        record.ended_at = now
        self.ended[invocation_id] = record
        if record.call.caches_result and record.status is _S.SUCCESS:
            self.results.add(record)
        self._leave_registration(record)
        self.waits.end_for(invocation_id)
        if record.call.workflow_id == invocation_id:
            self.workflows.set_awaited(invocation_id, None)
        self.watches.note_final(invocation_id)

    def is_final(self, invocation_id: InvocationId) -> bool:
        """Whether there is such an invocation and it is final."""
        record = self.records.get(invocation_id)
        return record is not None and record.ended_at is not None

    def is_final_or_gone(self, invocation_id: str | None) -> bool:
        """Whether nothing of that id can go on."""
        record = self.records.get(InvocationId(invocation_id)) if invocation_id is not None else None
        return record is None or record.ended_at is not None

    def delete(self, record: MemRecord) -> None:
        """Forget a final record."""
        call = record.call
        del self.records[call.invocation_id]
        del self.ended[call.invocation_id]
        record.counts[record.status] -= 1
        if call.caches_result:
            self.results.discard(record)
        if call.workflow_id == call.invocation_id:
            self.workflows.forget(call.invocation_id)
        for groups, key in ((self._children, call.parent_id), (self._reruns, call.rerun_of)):
            if key is not None:
                group = groups[key]
                del group[call.invocation_id]
                if not group:
                    del groups[key]

    def compact(self) -> None:
        """Drop deleted records from the list by order of submission; O(n), so once per batch of deletions."""
        if len(self._by_order) > 2 * len(self.records) + 64:
            self._by_order = list(self.records.values())

    def newest_first(self, after: InvocationId | None) -> Iterator[MemRecord]:
        """Records by falling order of submission, beginning behind the given one; none if it does not exist."""
        return self._behind(after, oldest_first=False)

    def oldest_first(self, after: InvocationId | None) -> Iterator[MemRecord]:
        """Records by order of submission, beginning behind the given one; none if it does not exist."""
        return self._behind(after, oldest_first=True)

    def _behind(self, after: InvocationId | None, *, oldest_first: bool) -> Iterator[MemRecord]:
        if after is None:
            return self.behind(None, oldest_first=oldest_first)
        start = self.records.get(after)
        return iter(()) if start is None else self.behind(start.order, oldest_first=oldest_first)

    def behind(self, order: int | None, *, oldest_first: bool) -> Iterator[MemRecord]:
        """Records by order of submission, beginning behind a position in it."""
        by_order, records = self._by_order, self.records
        if oldest_first:
            positions = range(bisect_right(by_order, order or 0, key=order_of), len(by_order))
        else:
            end = len(by_order) if order is None else bisect_right(by_order, order - 1, key=order_of)
            positions = range(end - 1, -1, -1)
        for position in positions:
            record = by_order[position]
            # The id of a deleted record may have been used again.
            if records.get(record.call.invocation_id) is record:
                yield record

    def family(self, root_id: InvocationId) -> Iterator[MemRecord]:
        """An invocation and all its descendants, in no particular order."""
        names = [root_id]
        while names:
            name = names.pop()
            if name in self.records:
                yield self.records[name]
            names += self._children.get(name, ())

    def reruns(self, invocation_id: InvocationId) -> list[MemRecord]:
        """Those that repeat an invocation, in no particular order."""
        return list(self._reruns.get(invocation_id, {}).values())

    def children(self, parent_id: InvocationId, after: InvocationId | None) -> Iterator[MemRecord]:
        """Those of one parent by falling order of submission, beginning behind the given one."""
        limit = self._submitted + 1
        if after is not None:
            limit = self.records[after].order if after in self.records else 0
        for record in reversed(self._children.get(parent_id, {}).values()):
            if record.order < limit:
                yield record

    def awaiting(self, name: str, after: InvocationId | None, *, oldest_first: bool) -> list[MemRecord]:
        """Workflows that await messages of a name, by order of submission, beginning behind the given one."""
        found = sorted((self.records[one] for one in self.workflows.waiters(name)), key=order_of)
        if not oldest_first:
            found.reverse()
        if after is None:
            return found
        if after not in self.records:
            return []
        order = self.records[after].order
        return [one for one in found if (one.order > order if oldest_first else one.order < order)]

    def _leave_registration(self, record: MemRecord) -> None:
        key = record.call.reg_key
        if key is not None and self.registrations.get(key) is record:
            del self.registrations[key]
