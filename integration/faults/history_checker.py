"""Judges what happened from what can be read afterwards; knows nothing of how it was brought about.

Three sources: the orchestrator's records and histories, optionally what clients were promised and saw, and
optionally what workers ran.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from pynenc.contracts import BaseOrchestrator
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.status import OWNED, InvocationStatus, is_legal_history

_PAGE = 500


class Fault(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    UNFINISHED = "unfinished"
    DOUBLED = "doubled"
    UNEXPECTED = "unexpected"
    ILLEGAL = "illegal history"
    GAP = "gap in the history"
    DISAGREES = "record and history disagree"
    CLAIMS = "claims and epochs disagree"
    OVERLAP = "more owners than places"
    CHANGED = "a final status or value changed"
    WAIT = "a wait is left over"
    COUNT = "counts and records disagree"


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing that must not be."""

    fault: Fault
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """A client read a final status and a value."""

    invocation_id: InvocationId
    status: InvocationStatus
    value: str | None


@dataclass(frozen=True, slots=True)
class ClientLog:
    """What clients were promised, and what they saw, in order."""

    accepted: Sequence[InvocationId] = ()
    #: Refused with an error that leaves open whether the call exists.
    uncertain: Sequence[InvocationId] = ()
    observed: Sequence[Observed] = ()


@dataclass(frozen=True, slots=True)
class Execution:
    """A worker ran one attempt; ``ended`` is None for one that died, both by one clock."""

    invocation_id: InvocationId
    epoch: int
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an orchestrator holds."""

    records: Mapping[InvocationId, InvocationRecord]
    histories: Mapping[InvocationId, Sequence[HistoryEntry]]
    waits: Mapping[InvocationId, Sequence[InvocationId]]
    counts: Mapping[InvocationStatus, int]

    def sleeps(self, invocation_id: InvocationId) -> int:
        """How often a workflow slept or waited and was claimed again: its code then runs from the beginning."""
        statuses = [entry.status for entry in self.histories[invocation_id]]
        return sum(
            pair == (InvocationStatus.RESUMED, InvocationStatus.PENDING) for pair in pairwise(statuses)
        )


def read(orchestrator: BaseOrchestrator) -> Evidence:
    """Collect the evidence; nothing may change meanwhile."""
    records = {record.invocation_id: record for record in _all_records(orchestrator)}
    histories = {found: orchestrator.get_history(found) for found in records}
    return Evidence(records, histories, orchestrator.get_waits(), orchestrator.count_by_status())


def check(
    orchestrator: BaseOrchestrator,
    clients: ClientLog | None = None,
    executions: Iterable[Execution] | None = None,
    *,
    at_rest: bool = True,
) -> list[Objection]:
    """Read the evidence and judge it."""
    return judge(read(orchestrator), clients, executions, at_rest=at_rest)


def judge(
    evidence: Evidence,
    clients: ClientLog | None = None,
    executions: Iterable[Execution] | None = None,
    *,
    at_rest: bool = True,
) -> list[Objection]:
    """Everything that is wrong; ``at_rest`` when nothing runs and nothing is due any more."""
    objections = list(_check_counts(evidence))
    for found, record in evidence.records.items():
        objections += _check_history(record, evidence.histories[found])
        if at_rest and not record.status.is_final():
            objections.append(Objection(Fault.UNFINISHED, found, record.status))
    objections += _check_places(evidence)
    objections += _check_waits(evidence, at_rest)
    if clients is not None:
        objections += _check_accepted(evidence, clients)
        objections += _check_observed(evidence, clients)
    if executions is not None:
        objections += _check_executions(evidence, executions)
    return objections


def _all_records(orchestrator: BaseOrchestrator) -> Iterator[InvocationRecord]:
    query = InvocationQuery(limit=_PAGE)
    while page := orchestrator.list_records(query):
        yield from page
        query = replace(query, after=page[-1].invocation_id)


def _check_counts(evidence: Evidence) -> Iterator[Objection]:
    counted: dict[InvocationStatus, int] = defaultdict(int)
    for record in evidence.records.values():
        counted[record.status] += 1
    if evidence.counts != counted:
        yield Objection(Fault.COUNT, "all", f"told {evidence.counts}, counted {dict(counted)}")


def _check_history(record: InvocationRecord, history: Sequence[HistoryEntry]) -> Iterator[Objection]:
    subject = record.invocation_id
    statuses = [entry.status for entry in history]
    walk = " → ".join(statuses)
    if [entry.seq for entry in history] != list(range(1, len(history) + 1)):
        yield Objection(Fault.GAP, subject, str([entry.seq for entry in history]))
    if not is_legal_history(statuses):
        yield Objection(Fault.ILLEGAL, subject, walk)
        return
    if (len(history), statuses[-1], history[-1].at) != (record.seq, record.status, record.status_at):
        yield Objection(Fault.DISAGREES, subject, f"{record.status} at seq {record.seq}, but {walk}")
    # A paused one may have been unwound: it sleeps without an owner.
    sleeps = record.status is InvocationStatus.PAUSED and record.token is None
    if (record.token is not None) != (record.status in OWNED) and not sleeps:
        yield Objection(Fault.DISAGREES, subject, f"{record.status} with token {record.token}")
    if (record.ended_at is not None) != record.status.is_final():
        yield Objection(Fault.DISAGREES, subject, f"{record.status} ended at {record.ended_at}")
    claims = statuses.count(InvocationStatus.PENDING)
    if claims != record.epoch:
        yield Objection(Fault.CLAIMS, subject, f"epoch {record.epoch}, but {walk}")


def _check_places(evidence: Evidence) -> Iterator[Objection]:
    """More owners of a key at one instant than its limit; what happens at the same instant is no overlap."""
    changes: dict[str, list[tuple[float, int]]] = defaultdict(list)
    limits: dict[str, int] = defaultdict(int)
    for found, record in evidence.records.items():
        if record.cc_key is not None:
            limits[record.cc_key] = max(limits[record.cc_key], record.cc_limit)
            changes[record.cc_key] += _ownership(evidence.histories[found])
    for key, list_ in changes.items():
        held = 0
        for at, change in sorted(list_):
            held += change
            if held > limits[key]:
                yield Objection(Fault.OVERLAP, key, f"{held} owners at {at}, {limits[key]} places")
                break


def _ownership(history: Sequence[HistoryEntry]) -> Iterator[tuple[float, int]]:
    owned = False
    for entry in history:
        if owned != (entry.status in OWNED):
            owned = not owned
            yield entry.at, 1 if owned else -1


def _check_waits(evidence: Evidence, at_rest: bool) -> Iterator[Objection]:
    records = evidence.records
    for waiter, awaited in evidence.waits.items():
        record = records.get(waiter)
        if at_rest or record is None or record.status is not InvocationStatus.PAUSED:
            yield Objection(Fault.WAIT, waiter, f"of {record.status if record else 'nobody'} on {awaited}")
        for one in awaited:
            if one not in records or records[one].status.is_final():
                yield Objection(Fault.WAIT, waiter, f"on '{one}', which is final or gone")


def _check_accepted(evidence: Evidence, clients: ClientLog) -> Iterator[Objection]:
    for accepted in clients.accepted:
        if accepted not in evidence.records:
            yield Objection(Fault.LOST, accepted, "a client was told that it was accepted")
    known = {*clients.accepted, *clients.uncertain}
    for found, record in evidence.records.items():
        if known and found not in known and record.parent_id is None:
            yield Objection(Fault.UNEXPECTED, found, "no client asked for it")


def _check_observed(evidence: Evidence, clients: ClientLog) -> Iterator[Objection]:
    first: dict[InvocationId, Observed] = {}
    for seen in clients.observed:
        before = first.setdefault(seen.invocation_id, seen)
        if before != seen:
            yield Objection(Fault.CHANGED, seen.invocation_id, f"{before} was followed by {seen}")
    for found, seen in first.items():
        final = evidence.records.get(found)
        if final is None or final.status is not seen.status:
            yield Objection(Fault.CHANGED, found, f"{seen}, but stored is {final and final.status}")
            continue
        stored = final.outcome.data if final.outcome is not None else None
        if None not in (stored, seen.value) and stored != seen.value:
            yield Objection(Fault.CHANGED, found, f"{seen.value!r}, but stored is {stored!r}")


def _check_executions(evidence: Evidence, executions: Iterable[Execution]) -> Iterator[Objection]:
    records = evidence.records
    ran: dict[InvocationId, list[int]] = defaultdict(list)
    for execution in executions:
        ran[execution.invocation_id].append(execution.epoch)
    for found, epochs in ran.items():
        if len(set(epochs)) != len(epochs):
            yield Objection(Fault.DOUBLED, found, f"attempts {sorted(epochs)}")
        record = records.get(found)
        if record is None:
            yield Objection(Fault.UNEXPECTED, found, "ran, but there is no record")
            continue
        if max(epochs) > record.epoch:
            yield Objection(Fault.CLAIMS, found, f"attempt {max(epochs)} ran, but epoch is {record.epoch}")
        if len(epochs) > 1 + record.retries + record.recoveries + record.reroutes + evidence.sleeps(found):
            yield Objection(Fault.DOUBLED, found, f"{len(epochs)} executions without a reason")
    for found, record in records.items():
        statuses = {entry.status for entry in evidence.histories[found]}
        if record.status is InvocationStatus.SUCCESS and record.epoch not in ran[found]:
            yield Objection(Fault.LOST, found, f"succeeded, but attempt {record.epoch} never ran")
        elif InvocationStatus.RUNNING not in statuses and ran[found]:
            yield Objection(Fault.UNEXPECTED, found, "ran without having been started")
