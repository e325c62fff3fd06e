"""What a store keeps about one invocation."""

from __future__ import annotations

from enum import StrEnum

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.status import InvocationStatus
from pynenc.values.value import value


class OutcomeKind(StrEnum):
    """Whether an attempt returned or raised."""

    RESULT = "result"
    EXCEPTION = "exception"


@value()
class Outcome:
    """What an attempt produced.

    The payload is immutable and belongs to one (invocation, epoch): it becomes *the* outcome only when the
    commit of that attempt is accepted, so the late result of a replaced attempt is never visible.
    """

    kind: OutcomeKind
    #: The serialized result or exception; None when the state backend holds it under (invocation, epoch).
    data: str | None = None
    #: At most 200 characters for people to read; secrets are masked by whoever makes it.
    preview: str = ""
    size_bytes: int = 0
    #: Qualified name of the exception's class.
    error_type: str | None = None
    #: At most 200 characters.
    error_msg: str | None = None
    #: 16 hexadecimal digits, equal for failures of the same kind at the same place.
    fingerprint: str | None = None


@value()
class HistoryEntry:
    """One status that an invocation entered."""

    #: 1 for the first entry, without gaps.
    seq: int
    status: InvocationStatus
    #: Seconds since 1970 by the store's clock.
    at: float
    #: Who owned the invocation when it entered the status, or caused it to.
    runner_id: RunnerId | None = None
    reason: str = ""


@value()
class InvocationState:
    """The part of a record that decides whether somebody still has to wait."""

    invocation_id: InvocationId
    status: InvocationStatus
    #: Number of claims so far; the outcome belongs to this one.
    epoch: int
    #: Set when the status is final (a refused or cancelled invocation may have none).
    outcome: Outcome | None = None


@value(kw_only=True)
class InvocationRecord:
    """Everything that the orchestrator stores about one invocation, in one row.

    All instants are seconds since 1970 by the store's clock.
    """

    invocation_id: InvocationId
    #: ``module.function``
    task_id: str
    #: Hash of the serialized arguments.
    args_id: str
    status: InvocationStatus
    #: Number of history entries; grows with each status, so it also serves as the version.
    seq: int
    status_at: float
    #: Number of claims so far.
    epoch: int = 0
    #: Random per claim; None while nobody owns the invocation. A write by an owner must present it.
    token: str | None = None
    #: Who owns it, or who owned it last.
    runner_id: RunnerId | None = None
    host: str | None = None
    runner_cls: str | None = None
    parent_id: InvocationId | None = None
    #: The outermost ancestor; the invocation itself when it has no parent.
    root_id: InvocationId
    #: Number of ancestors.
    depth: int = 0
    workflow_id: str | None = None
    workflow_type: str | None = None
    created_at: float
    #: When it became, or will become, claimable for the last time.
    available_at: float
    #: Last claim.
    pending_at: float | None = None
    #: Last start.
    started_at: float | None = None
    ended_at: float | None = None
    retries: int = 0
    reroutes: int = 0
    recoveries: int = 0
    #: Larger runs first among those with equally many dependents.
    priority: int = 0
    queue: str = "default"
    #: How many invocations wait for this one, directly or through others.
    dependents: int = 0
    #: Running-concurrency scope; None without a limit.
    cc_key: str | None = None
    cc_limit: int = 0
    #: What happens when the scope is full: True parks, False refuses for good.
    cc_park: bool = False
    #: Registration-concurrency scope; None when calls are never merged.
    reg_key: str | None = None
    #: Serialized arguments; None when the state backend holds them.
    arguments: str | None = None
    args_preview: str = ""
    args_bytes: int = 0
    outcome: Outcome | None = None
    #: The invocation that this one repeats.
    rerun_of: InvocationId | None = None
    trigger_id: str | None = None
    #: Whether its result may answer later calls with the same task and ``args_id``.
    caches_result: bool = False
