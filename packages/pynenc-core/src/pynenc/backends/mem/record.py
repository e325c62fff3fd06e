"""What memory keeps about one invocation: mutable in here, frozen in what is handed out."""

from __future__ import annotations

from pynenc.backends.mem.lazy_heap import Entry
from pynenc.backends.mem.watched import TaskCounts
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.operations import Claim, NewInvocation, OwnedInvocation, SubmitAnswer
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState, Outcome
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import INITIAL, InvocationStatus

#: One history entry: status, instant, runner, reason.
Event = tuple[InvocationStatus, float, str | None, str]


class MemRecord:
    """One invocation. The call as it was submitted is kept as it came; the rest changes under the lock."""

    __slots__ = (
        "available_at",
        "call",
        "counts",
        "dependents",
        "ended_at",
        "entry",
        "epoch",
        "history",
        "merges",
        "order",
        "outcome",
        "owner",
        "pending_at",
        "recoveries",
        "released_token",
        "reroutes",
        "retries",
        "started_at",
        "status",
        "token",
    )

    def __init__(self, call: NewInvocation, order: int, now: float, counts: TaskCounts) -> None:
        self.call = call
        #: Position by order of submission.
        self.order = order
        #: Invocations of the same task by status.
        self.counts = counts
        self.status = INITIAL
        self.history: list[Event] = [(INITIAL, now, call.registered_by, "")]
        self.epoch = 0
        self.token: str | None = None
        #: The token of the attempt that gave the invocation back or finished it.
        self.released_token: str | None = None
        #: Who owns it, or owned it last.
        self.owner: RunnerIdentity | None = None
        self.available_at = now + call.delay_seconds
        self.pending_at: float | None = None
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.retries = 0
        self.reroutes = 0
        self.recoveries = 0
        self.dependents = 0
        self.outcome: Outcome | None = None
        #: What it stands for besides its own call.
        self.merges: Merges | None = None
        #: Where it stands in a heap: ready, delayed or parked; None otherwise.
        self.entry: Entry | None = None
        counts[INITIAL] = counts.get(INITIAL, 0) + 1

    def enter(self, status: InvocationStatus, now: float, runner_id: str | None, reason: str = "") -> None:
        """Append one history entry and rest in its status."""
        counts = self.counts
        counts[self.status] -= 1
        counts[status] = counts.get(status, 0) + 1
        self.status = status
        self.history.append((status, now, runner_id, reason))
        if counts.on_entered is not None and status in counts.on_entered:
            counts.on_entered[status](self.call.invocation_id, len(self.history), now)

    def owned_by(self) -> str | None:
        """The runner that owns it now."""
        return self.owner.runner_id if self.token is not None and self.owner is not None else None

    def rank(self) -> tuple[int, int, int]:
        """Smaller is claimed first: most dependents, then highest priority, then order of submission."""
        return -self.dependents, -self.call.priority, self.order

    def to_answer(self, created: bool) -> SubmitAnswer:
        """What a submit of this call, or of one that it stands for, is told."""
        call = self.call
        return SubmitAnswer(call.invocation_id, created, call.args_id, None if created else call.arguments)

    def to_state(self) -> InvocationState:
        """What decides whether somebody still has to wait."""
        return InvocationState(self.call.invocation_id, self.status, self.epoch, self.outcome)

    def to_claim(self, token: str) -> Claim:
        """What a worker needs to run it."""
        call = self.call
        return Claim(
            invocation_id=call.invocation_id,
            task_id=call.task_id,
            args_id=call.args_id,
            token=token,
            epoch=self.epoch,
            status=self.status,
            arguments=call.arguments,
            parent_id=call.parent_id,
            root_id=call.root_id,
            depth=call.depth,
            workflow_id=call.workflow_id,
            workflow_type=call.workflow_type,
            retries=self.retries,
            recoveries=self.recoveries,
            created_at=self.history[0][1],
            last_error=self.outcome.data if self.outcome else None,
        )

    def to_owned(self) -> OwnedInvocation:
        """What recovery needs to know."""
        call = self.call
        return OwnedInvocation(
            call.invocation_id,
            call.task_id,
            self.status,
            len(self.history),
            self.epoch,
            self.recoveries,
            self.owner.runner_id if self.owner else "",
        )

    def to_history(self) -> list[HistoryEntry]:
        """Every status entered, in order."""
        return [HistoryEntry(seq, *event) for seq, event in enumerate(self.history, 1)]  # type: ignore[arg-type]

    def to_record(self) -> InvocationRecord:
        """The whole record."""
        call, owner = self.call, self.owner
        return InvocationRecord(
            invocation_id=call.invocation_id,
            task_id=call.task_id,
            args_id=call.args_id,
            status=self.status,
            seq=len(self.history),
            status_at=self.history[-1][1],
            epoch=self.epoch,
            token=self.token,
            runner_id=owner.runner_id if owner else None,
            host=owner.host if owner else None,
            runner_cls=owner.runner_cls if owner else None,
            parent_id=call.parent_id,
            root_id=call.root_id,
            depth=call.depth,
            workflow_id=call.workflow_id,
            workflow_type=call.workflow_type,
            created_at=self.history[0][1],
            available_at=self.available_at,
            pending_at=self.pending_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            retries=self.retries,
            reroutes=self.reroutes,
            recoveries=self.recoveries,
            priority=call.priority,
            queue=call.queue,
            dependents=self.dependents,
            cc_key=call.cc_key,
            cc_limit=call.cc_limit,
            cc_park=call.cc_park,
            reg_key=call.reg_key,
            arguments=call.arguments,
            args_preview=call.args_preview,
            args_bytes=call.args_bytes,
            outcome=self.outcome,
            rerun_of=call.rerun_of,
            trigger_id=call.trigger_id,
            caches_result=call.caches_result,
        )


def id_of(record: MemRecord) -> InvocationId:
    """The id of a record."""
    return record.call.invocation_id


def order_of(record: MemRecord) -> int:
    """The position of a record by order of submission."""
    return record.order
