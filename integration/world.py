"""One app on one backend, as a test sees it: the contracts, and short ways to build requests to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from integration.backends.parts import Backend, Parts, Site
from integration.clocks import ManualClock, eventually
from integration.recording import recorded

from pynenc.contracts import (
    BaseBroker,
    BaseClientDataStore,
    BaseMonitorStore,
    BaseOrchestrator,
    BaseStateBackend,
    BaseStore,
    BaseTrigger,
    BaseWatch,
)
from pynenc.contracts.store import OnReady
from pynenc.exceptions import MonitorUnavailableError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import (
    Claim,
    ClaimRequest,
    InvocationQuery,
    Move,
    MoveAnswer,
    MoveResult,
    NewInvocation,
    Step,
    StepAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, Outcome, OutcomeKind
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import STATUS_TABLE, InvocationStatus, releases_owner, sources_of
from pynenc.values.workflows import RecordedOperation, WorkflowMessage

S = InvocationStatus
RESULT = Outcome(OutcomeKind.RESULT, data='"it"', preview="it", size_bytes=4)
ERROR = Outcome(
    OutcomeKind.EXCEPTION, data='"no"', error_type="ValueError", error_msg="no", fingerprint="f" * 16
)


def runner(name: str) -> RunnerIdentity:
    """A runner of that id."""
    return RunnerIdentity(runner_id=RunnerId(name), runner_cls="ThreadRunner", host="host of " + name, pid=7)


ALICE, BOB = runner("alice"), runner("bob")


def ids(*names: str) -> tuple[InvocationId, ...]:
    """Names as ids."""
    return tuple(InvocationId(name) for name in names)


def call(name: str, **fields: Any) -> NewInvocation:
    """A call; its root is itself unless it is said to have another one."""
    fields = {"task_id": "app.task", "args_id": "a-" + name, "root_id": InvocationId(name), **fields}
    return NewInvocation(invocation_id=InvocationId(name), **fields)


def move(claim: Claim, to: InvocationStatus, *via: InvocationStatus, **fields: Any) -> Move:
    """What the owner of a claim asks for."""
    return Move(
        invocation_id=claim.invocation_id,
        to=to,
        via=via,
        sources=sources_of((*via, to)),
        token=claim.token,
        releases=releases_owner(to),
        **fields,
    )


def start(claim: Claim) -> Move:
    return move(claim, S.RUNNING)


def finish(claim: Claim, outcome: Outcome = RESULT) -> Move:
    return move(claim, S.SUCCESS if outcome.kind is OutcomeKind.RESULT else S.FAILED, outcome=outcome)


def retry(claim: Claim, delay_seconds: float = 0.0) -> Move:
    return move(claim, S.RETRY, delay_seconds=delay_seconds, retries=1)


def hand_back(claim: Claim, delay_seconds: float = 0.0) -> Move:
    return move(claim, S.REROUTED, S.KILLED, delay_seconds=delay_seconds, reroutes=1, reason="handed back")


def pause(claim: Claim, *on: str, enough: int | None = None) -> Move:
    return move(claim, S.PAUSED, waits_on=ids(*on), enough=len(on) if enough is None else enough)


def release(
    claim: Claim, delay_seconds: float | None = None, awaits: str | None = None, **fields: Any
) -> Move:
    """The pause of a workflow that sleeps or waits for messages: it belongs to nobody."""
    fields = {"delay_seconds": delay_seconds, "awaits": awaits, **fields}
    return replace(move(claim, S.PAUSED, **fields), releases=True)


def record(claim: Claim, *operations: tuple[int, str, str], **values: str) -> Move:
    """What a workflow records while it goes on."""
    return Move(
        invocation_id=claim.invocation_id,
        to=S.RUNNING,
        sources=frozenset({S.RUNNING}),
        token=claim.token,
        operations=tuple(RecordedOperation(*one) for one in operations),
        values=tuple(values.items()),
    )


def message(workflow_id: str, name: str, data: str = "", message_id: str = "") -> WorkflowMessage:
    """A message with an id of its own, unless one is given."""
    return WorkflowMessage(
        workflow_id=workflow_id, message_id=message_id or uuid.uuid4().hex, name=name, data=data
    )


def workflow(name: str, **fields: Any) -> NewInvocation:
    """A call that defines a workflow."""
    return call(name, **{"workflow_id": name, "workflow_type": "app.flow", **fields})


def resume(claim: Claim) -> Move:
    return move(claim, S.RUNNING, S.RESUMED)


def by_system(record: InvocationRecord, to: InvocationStatus, *via: InvocationStatus, **fields: Any) -> Move:
    """What somebody else asks for, who has read the record before."""
    return Move(
        invocation_id=record.invocation_id,
        to=to,
        via=via,
        sources=sources_of((*via, to)),
        seq=record.seq,
        releases=releases_owner(to),
        **fields,
    )


def recover(record: InvocationRecord, *, counted: bool = True) -> Move:
    annotation = S.PENDING_RECOVERY if record.status is S.PENDING else S.RUNNING_RECOVERY
    return by_system(record, S.REROUTED, annotation, reason="lost", recoveries=int(counted), reroutes=1)


def cancel(name: str) -> Move:
    """What anybody asks for who does not care about the status."""
    sources = frozenset(status for status, row in STATUS_TABLE.items() if S.CANCELLED in row.next)
    return Move(
        invocation_id=InvocationId(name), to=S.CANCELLED, sources=sources, releases=True, reason="enough"
    )


def hasten(name: str) -> Move:
    """What anybody asks for who does not want to wait for the next attempt."""
    return Move(invocation_id=InvocationId(name), to=S.REROUTED, sources=frozenset({S.RETRY}), reason="now")


class World:
    """The components of one app on one backend. Another app, or another process, is another world."""

    def __init__(self, backend: Backend, site: Site, app_id: str, parts: Parts | None = None) -> None:
        self.backend = backend
        self.site = site
        self.app_id = app_id
        self.parts = backend.build(site, app_id) if parts is None else parts

    def another_process(self) -> World:
        """The same app as another process would open it, or this one where processes cannot share it."""
        shared = self.backend.capabilities.multi_process
        return World(self.backend, self.site, self.app_id, None if shared else self.parts)

    def close(self) -> None:
        """Close every store."""
        for store in self.parts.stores():
            store.close()

    def clear(self) -> None:
        """Remove everything of the app, then close."""
        for part in (
            self.orchestrator,
            self.broker,
            self.state_backend,
            self.client_data_store,
            self.trigger,
        ):
            part.purge()
        self.close()

    @cached_property
    def orchestrator(self) -> BaseOrchestrator:
        return recorded(self.backend.name, BaseOrchestrator, self.parts.orchestrator)

    @cached_property
    def broker(self) -> BaseBroker:
        return recorded(self.backend.name, BaseBroker, self.parts.broker)

    @cached_property
    def state_backend(self) -> BaseStateBackend:
        return recorded(self.backend.name, BaseStateBackend, self.parts.state_backend)

    @cached_property
    def client_data_store(self) -> BaseClientDataStore:
        return recorded(self.backend.name, BaseClientDataStore, self.parts.client_data_store)

    @cached_property
    def trigger(self) -> BaseTrigger:
        return recorded(self.backend.name, BaseTrigger, self.parts.trigger)

    @cached_property
    def monitor(self) -> BaseMonitorStore:
        """Reads for people; a backend without a monitor store has the test skipped."""
        try:
            monitor = self.parts.orchestrator.open_monitor_store()
        except MonitorUnavailableError as error:
            pytest.skip(str(error))
        return recorded(self.backend.name, BaseMonitorStore, monitor)

    @cached_property
    def store(self) -> BaseStore:
        """The orchestrator's store."""
        return recorded(self.backend.name, BaseStore, self.parts.orchestrator.store)

    @property
    def data_travels(self) -> bool:
        """Whether large values are written in the same step as the records."""
        return self.parts.client_data_store.store is self.parts.orchestrator.store

    def watch(self, on_ready: OnReady) -> BaseWatch:
        return recorded(self.backend.name, BaseWatch, self.store.watch(on_ready))

    def pass_time(self, seconds: float) -> None:
        """Let the clock of the store advance."""
        clock = self.site.clock
        if isinstance(clock, ManualClock) and self.backend.takes_clock:
            clock.advance(seconds)
        else:
            until = self.store.now() + seconds
            eventually(lambda: self.store.now() >= until, "the clock of the store advances")

    # -- requests -----------------------------------------------------------------------------------

    def submit(self, *calls: NewInvocation | str, **fields: Any) -> tuple[InvocationId, ...]:
        """Register calls, given whole or by name; returns the ids that now stand for them."""
        batch = [call(one, **fields) if isinstance(one, str) else one for one in calls]
        return tuple(answer.invocation_id for answer in self.orchestrator.submit(batch, {}, enqueue=True))

    def claim_request(self, identity: RunnerIdentity = ALICE, **fields: Any) -> ClaimRequest:
        """A request with a fresh token."""
        return ClaimRequest(**{"runner": identity, "token": uuid.uuid4().hex, **fields})

    def claims(self, identity: RunnerIdentity = ALICE, **fields: Any) -> list[Claim]:
        """What a runner is given."""
        return list(self.advance(claim=self.claim_request(identity, **fields)).claims)

    def claim(self, identity: RunnerIdentity = ALICE, **fields: Any) -> Claim:
        """The one invocation that a runner is given."""
        claims = self.claims(identity, **fields)
        assert len(claims) == 1, f"one claim expected: {claims}"
        return claims[0]

    def run_workflow(self, name: str, identity: RunnerIdentity = ALICE, **fields: Any) -> Claim:
        """Submit a call that defines a workflow, and claim it."""
        self.submit(workflow(name, **fields))
        return self.claim(identity, ids=ids(name))

    def send(self, *messages: WorkflowMessage) -> tuple[bool, ...]:
        """Deliver messages in a step of their own."""
        return self.orchestrator.advance(Step(messages=messages)).delivered

    def operations(self, name: str) -> list[tuple[int, str, str]]:
        """Everything that a workflow recorded, read in small pages."""
        found: list[RecordedOperation] = []
        while page := self.orchestrator.list_operations(name, found[-1].seq if found else 0, 2):
            found += page
        return [(one.seq, one.name, one.data) for one in found]

    def run(self, name: str, identity: RunnerIdentity = ALICE, **fields: Any) -> Claim:
        """Submit one call and claim it."""
        self.submit(name, **fields)
        return self.claim(identity, ids=ids(name))

    def advance(
        self, *moves: Move, claim: ClaimRequest | None = None, read: Sequence[InvocationId] = ()
    ) -> StepAnswer:
        """One step."""
        return self.orchestrator.advance(Step(moves=moves, claim=claim, read=tuple(read)))

    def do(self, *moves: Move) -> None:
        """Moves that have to be accepted."""
        answers = self.advance(*moves).moves
        assert [answer.result for answer in answers] == [MoveResult.DONE] * len(moves), answers

    def answer(self, one: Move) -> MoveAnswer:
        """What becomes of one move."""
        return self.advance(one).moves[0]

    def refused(self, one: Move) -> MoveResult:
        """The answer to a move that must write nothing."""
        before = self.snapshot()
        result = self.answer(one).result
        assert self.snapshot() == before
        return result

    # -- reads --------------------------------------------------------------------------------------

    def record(self, name: str) -> InvocationRecord:
        return self.orchestrator.get_records(ids(name))[InvocationId(name)]

    def status(self, name: str) -> InvocationStatus:
        return self.orchestrator.get_states(ids(name))[InvocationId(name)].status

    def history(self, name: str) -> list[HistoryEntry]:
        return self.orchestrator.get_history(InvocationId(name))

    def walk(self, name: str) -> list[InvocationStatus]:
        """The statuses that an invocation entered."""
        return [entry.status for entry in self.history(name)]

    def dependents(self, *names: str) -> list[int]:
        records = self.orchestrator.get_records(ids(*names))
        return [records[one].dependents for one in ids(*names)]

    def snapshot(self) -> tuple[object, ...]:
        """Everything that can be read of the orchestrator."""
        records = list(self.all_records())
        histories = [self.orchestrator.get_history(record.invocation_id) for record in records]
        waits = {waiter: sorted(on) for waiter, on in self.orchestrator.get_waits().items()}
        available = self.orchestrator.find_available(None, 1000)
        return records, histories, waits, available, self.orchestrator.count_by_status()

    def all_records(self, **fields: Any) -> Iterable[InvocationRecord]:
        """Every record, newest first, page by page."""
        query = InvocationQuery(limit=100, **fields)
        while page := self.orchestrator.list_records(query):
            yield from page
            query = replace(query, after=page[-1].invocation_id)
