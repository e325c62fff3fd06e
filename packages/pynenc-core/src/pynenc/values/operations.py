"""Requests and answers of the hot operations.

Policy travels as data: core decides and passes what is allowed, which key, which limit, what to do when it is
full; a backend compares, counts, picks the first and moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationState, Outcome
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import InvocationStatus
from pynenc.values.value import value
from pynenc.values.workflows import RecordedOperation, WorkflowMessage


@value(kw_only=True)
class NewInvocation:
    """One call to register."""

    invocation_id: InvocationId
    task_id: str
    args_id: str
    parent_id: InvocationId | None = None
    root_id: InvocationId
    depth: int = 0
    workflow_id: str | None = None
    workflow_type: str | None = None
    #: While an invocation with this key has never been claimed, no second one is registered.
    reg_key: str | None = None
    cc_key: str | None = None
    cc_limit: int = 0
    cc_park: bool = False
    priority: int = 0
    queue: str = "default"
    #: Seconds from now until it may be claimed.
    delay_seconds: float = 0.0
    #: Serialized arguments; None when they were written to a state backend of another store.
    arguments: str | None = None
    args_preview: str = ""
    args_bytes: int = 0
    rerun_of: InvocationId | None = None
    trigger_id: str | None = None
    #: Whether its result may answer later calls with the same task and ``args_id``.
    caches_result: bool = False
    #: Who registers it, for the history: the runner of the parent, if any.
    registered_by: str | None = None
    #: For a workflow that goes on from another one: what it has done already, written in the same step.
    operations: tuple[RecordedOperation, ...] = ()


@value()
class SubmitAnswer:
    """What became of one call."""

    #: The id given, or that of the waiting invocation with the same registration key.
    invocation_id: InvocationId
    #: False when it existed already: the same id submitted again, or the same registration key.
    created: bool
    #: Of the invocation that now stands for the call.
    args_id: str
    #: Serialized arguments of that invocation, when not created and stored here.
    arguments: str | None = None


@value(kw_only=True)
class Move:
    """One transition of one invocation, accepted only under the given conditions.

    By its owner: ``token`` must be the current one. By the system: ``seq`` must be the current one. With
    neither, the status alone decides. In each case the current status must be in ``sources``.

    A move from RUNNING to RUNNING without ``via`` enters no status: it only records.
    """

    invocation_id: InvocationId
    #: The status to rest in.
    to: InvocationStatus
    sources: frozenset[InvocationStatus]
    #: Spares a store that counts by task reading it, where the one who asks knows it.
    task_id: str | None = None
    token: str | None = None
    seq: int | None = None
    #: Statuses entered on the way, written to the history in the same step.
    via: tuple[InvocationStatus, ...] = ()
    #: Whether the invocation belongs to nobody afterwards: token cleared, concurrency slot passed on.
    releases: bool = False
    reason: str = ""
    #: For a target that is available, and for a pause that releases: seconds until it may be claimed. None, for
    #: such a pause: not by time alone.
    delay_seconds: float | None = 0.0
    #: For a final target, and for RETRY: what the attempt produced. A final target without one has none.
    outcome: Outcome | None = None
    #: Added to the counters of the record.
    retries: int = 0
    reroutes: int = 0
    recoveries: int = 0
    #: For a pause: what is waited for.
    waits_on: tuple[InvocationId, ...] = ()
    #: For a pause: with so many of ``waits_on`` final there is nothing to wait for.
    enough: int = 0
    #: For a pause that releases: the name of the messages that make it claimable, and how many of them the
    #: workflow has received already.
    awaits: str | None = None
    received: int = 0
    #: Added to the recorded operations of the invocation's workflow; a position that is taken stays as it is.
    operations: tuple[RecordedOperation, ...] = ()
    #: Data of the invocation's workflow, by name; replaces what was there.
    values: tuple[tuple[str, str], ...] = ()

    def refusal(
        self, status: InvocationStatus, seq: int, token: str | None, released_token: str | None
    ) -> MoveResult | None:
        """What there is to say against it where this is how the invocation stands; None where it may be carried out.

        Args:
            status: The current one.
            seq: The current one.
            token: That of the owner, if somebody owns it.
            released_token: That of the last owner, if nobody does.
        """
        wrong_owner = self.token is not None and self.token != token
        if status in self.sources and not wrong_owner and (self.seq is None or self.seq == seq):
            return None
        last = released_token if token is None else token
        was_written = self.token is not None and status is self.to and self.token == last
        return MoveResult.ALREADY if was_written else MoveResult.FENCED


class MoveResult(StrEnum):
    """What a store says to a move."""

    #: Written.
    DONE = "done"
    #: Written before: the same commit came a second time.
    ALREADY = "already"
    #: Refused: token, seq or status is not the current one.
    FENCED = "fenced"
    #: There is no such invocation.
    UNKNOWN = "unknown"
    #: Pause only: enough is final; nothing was written.
    READY = "ready"
    #: Pause only: it would close a cycle; nothing was written.
    CYCLE = "cycle"
    #: Pause only: something waited for does not exist; nothing was written.
    MISSING = "missing"


@value()
class MoveAnswer:
    """The result of one move."""

    result: MoveResult
    #: CYCLE: the ids from the waiter back to itself. MISSING: the ids that do not exist.
    ids: tuple[InvocationId, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the store now holds what the move asked for."""
        return self.result in (MoveResult.DONE, MoveResult.ALREADY)


@value(kw_only=True)
class ClaimRequest:
    """Ask for work for one worker.

    The first pick is always given. A further one is given only when it can be claimed ahead: its task is in
    ``ahead``, it has no running limit and no recoveries, and the run times of the picks before it add up
    to at most ``ahead_seconds``. An invocation with recoveries is given alone.
    """

    runner: RunnerIdentity
    #: Fresh and random; the claims of one request share it.
    token: str
    #: At most so many.
    limit: int = 1
    #: The picks that are expected to start within so many seconds rest in RUNNING (always the first one), the
    #: others in PENDING.
    start_seconds: float = 0.0
    #: Only these; None takes from the queue.
    ids: tuple[InvocationId, ...] | None = None
    #: Together with ``ids``: also whatever these wait for, however deep.
    chain: bool = False
    #: False leaves out invocations with recoveries.
    recovered: bool = True
    #: Tasks that this worker cannot run.
    exclude_tasks: frozenset[str] = frozenset()
    #: Sent before with this token, and nobody knows whether it was carried out: if so, its claims come back.
    repeated: bool = False
    #: Measured run time in seconds by task.
    ahead: Mapping[str, float] = field(default_factory=dict)
    ahead_seconds: float = 0.0

    def naming(self, ids: tuple[InvocationId, ...]) -> ClaimRequest:
        """The same, for these only.

        ``dataclasses.replace`` looks each field up by its name: five times as many calls, once per message of a queue.
        """
        return ClaimRequest(
            runner=self.runner,
            token=self.token,
            limit=self.limit,
            start_seconds=self.start_seconds,
            ids=ids,
            chain=self.chain,
            recovered=self.recovered,
            exclude_tasks=self.exclude_tasks,
            repeated=self.repeated,
            ahead=self.ahead,
            ahead_seconds=self.ahead_seconds,
        )


@value(kw_only=True)
class Claim:
    """One claimed invocation with everything needed to run it."""

    invocation_id: InvocationId
    task_id: str
    args_id: str
    token: str
    epoch: int
    #: RUNNING or PENDING.
    status: InvocationStatus
    #: Serialized arguments; None when a state backend of another store holds them.
    arguments: str | None
    parent_id: InvocationId | None
    root_id: InvocationId
    depth: int
    workflow_id: str | None
    workflow_type: str | None
    retries: int
    recoveries: int
    created_at: float
    #: What the attempt before raised, serialized, when this one is a retry and the record holds payloads.
    last_error: str | None = None


@value(kw_only=True)
class Step:
    """Everything that one worker wants to change and take at one moment, as one atomic write."""

    #: Carried out in order; each is judged by itself.
    moves: tuple[Move, ...] = ()
    #: Delivered after the moves, and not at all when one of these was not accepted.
    messages: tuple[WorkflowMessage, ...] = ()
    #: Carried out after the moves, and not at all when a pause among them was not entered.
    claim: ClaimRequest | None = None
    #: Invocations whose state is wanted, as it is after the moves and the claim.
    read: tuple[InvocationId, ...] = ()


@value(kw_only=True)
class StepAnswer:
    """What became of a step."""

    #: One per move, in order.
    moves: tuple[MoveAnswer, ...] = ()
    #: One per message: False when there is no such workflow, or it is final, or a move was not accepted.
    delivered: tuple[bool, ...] = ()
    claims: tuple[Claim, ...] = ()
    #: What a freed concurrency place or a message made claimable.
    unparked: tuple[InvocationId, ...] = ()
    #: Given when a claim from the queue found nothing: seconds until the next invocation falls due, or None.
    next_due_seconds: float | None = None
    #: By id; an id that does not exist is absent.
    states: Mapping[InvocationId, InvocationState] = field(default_factory=dict)


@value()
class Due:
    """What fell due by the passing of time."""

    #: Each is given to one caller, once.
    ids: tuple[InvocationId, ...] = ()
    #: Seconds until the next one falls due, 0 when there are more than were asked for; None without any.
    next_due_seconds: float | None = None


@value()
class OwnedInvocation:
    """What recovery needs to know about an invocation whose owner is gone."""

    invocation_id: InvocationId
    task_id: str
    status: InvocationStatus
    seq: int
    epoch: int
    recoveries: int
    runner_id: str


@value(kw_only=True)
class InvocationQuery:
    """A page of invocations by order of submission, newest first unless it says otherwise."""

    task_id: str | None = None
    statuses: frozenset[InvocationStatus] | None = None
    parent_id: InvocationId | None = None
    root_id: InvocationId | None = None
    runner_id: str | None = None
    #: Only invocations that define a workflow.
    workflows: bool = False
    #: Only workflows that are not final and whose last pause awaits messages of this name.
    awaits: str | None = None
    oldest_first: bool = False
    #: Only what comes after this invocation in the order of the list; nothing when it does not exist.
    after: InvocationId | None = None
    limit: int = 100
