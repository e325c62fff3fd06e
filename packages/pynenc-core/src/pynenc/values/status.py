"""The life of an invocation as one declarative table, and the only judge of a transition.

Backends never decide whether a transition is legal: they compare the stored status with the allowed
sources that are computed here and travel inside each request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from itertools import pairwise

from pynenc.exceptions import InvocationStatusTransitionError


class InvocationStatus(StrEnum):
    """Where an invocation stands; the text is what stores keep."""

    REGISTERED = "registered"
    CONCURRENCY_CONTROLLED = "concurrency_controlled"
    CONCURRENCY_CONTROLLED_FINAL = "concurrency_controlled_final"
    REROUTED = "rerouted"
    PENDING = "pending"
    PENDING_RECOVERY = "pending_recovery"
    RUNNING = "running"
    RUNNING_RECOVERY = "running_recovery"
    PAUSED = "paused"
    RESUMED = "resumed"
    KILLED = "killed"
    SUCCESS = "success"
    FAILED = "failed"
    RETRY = "retry"
    CANCELLED = "cancelled"

    #: That of its text, which Python keeps: an enum makes its own anew each time, and statuses are keys everywhere.
    __hash__ = str.__hash__

    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self in FINAL

    def is_available_for_run(self) -> bool:
        """Whether a runner may claim an invocation in this status."""
        return self in AVAILABLE

    def can_transition_to(self, target: InvocationStatus) -> bool:
        """Whether the table has an edge to ``target``."""
        return target in STATUS_TABLE[self].next

    @classmethod
    def get_final_statuses(cls) -> frozenset[InvocationStatus]:
        """The statuses that nothing follows."""
        return FINAL

    @classmethod
    def get_available_for_run_statuses(cls) -> frozenset[InvocationStatus]:
        """The statuses from which a claim starts."""
        return AVAILABLE


class OwnerRule(Enum):
    """What entering a status does to the ownership of the invocation."""

    ACQUIRE = "acquire"
    KEEP = "keep"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class StatusDefinition:
    """One row of the table."""

    #: Statuses that may follow.
    next: frozenset[InvocationStatus]
    #: What entering this status does to the owner.
    owner: OwnerRule
    #: A claim may start here.
    available: bool = False
    #: May be entered by somebody who is not the owner (recovery, cancellation).
    overrides_owner: bool = False

    @property
    def final(self) -> bool:
        """Whether nothing may follow."""
        return not self.next

    @property
    def requires_owner(self) -> bool:
        """Whether an invocation in this status belongs to a runner."""
        return self.owner is not OwnerRule.RELEASE


_S = InvocationStatus


def _row(
    owner: OwnerRule,
    *following: InvocationStatus,
    available: bool = False,
    overrides_owner: bool = False,
) -> StatusDefinition:
    return StatusDefinition(frozenset(following), owner, available, overrides_owner)


#: The state machine. Recovery statuses, KILLED and RESUMED are entries of the history that are written
#: in the same step as what follows them; no invocation rests there.
STATUS_TABLE: Mapping[InvocationStatus, StatusDefinition] = {
    _S.REGISTERED: _row(
        OwnerRule.RELEASE,
        _S.PENDING,
        _S.CONCURRENCY_CONTROLLED,
        _S.CONCURRENCY_CONTROLLED_FINAL,
        _S.CANCELLED,
        available=True,
    ),
    _S.CONCURRENCY_CONTROLLED: _row(OwnerRule.RELEASE, _S.REROUTED, _S.CANCELLED),
    _S.REROUTED: _row(
        OwnerRule.RELEASE,
        _S.PENDING,
        _S.CONCURRENCY_CONTROLLED,
        _S.CONCURRENCY_CONTROLLED_FINAL,
        _S.CANCELLED,
        available=True,
    ),
    # REROUTED by somebody who wants it to be tried again before its time.
    _S.RETRY: _row(
        OwnerRule.RELEASE,
        _S.PENDING,
        _S.REROUTED,
        _S.CONCURRENCY_CONTROLLED,
        _S.CONCURRENCY_CONTROLLED_FINAL,
        _S.CANCELLED,
        available=True,
    ),
    # FAILED straight from PENDING: what cannot even be started (unknown task, unreadable arguments).
    _S.PENDING: _row(
        OwnerRule.ACQUIRE, _S.RUNNING, _S.REROUTED, _S.KILLED, _S.PENDING_RECOVERY, _S.FAILED, _S.CANCELLED
    ),
    _S.PENDING_RECOVERY: _row(OwnerRule.RELEASE, _S.REROUTED, _S.FAILED, overrides_owner=True),
    _S.RUNNING: _row(
        OwnerRule.KEEP,
        _S.PAUSED,
        _S.SUCCESS,
        _S.FAILED,
        _S.RETRY,
        _S.KILLED,
        _S.RUNNING_RECOVERY,
        _S.CANCELLED,
    ),
    _S.RUNNING_RECOVERY: _row(OwnerRule.RELEASE, _S.REROUTED, _S.FAILED, overrides_owner=True),
    # Released while it sleeps or waits for messages, a workflow belongs to nobody; a claim takes it by way of
    # RESUMED to PENDING, or to CONCURRENCY_CONTROLLED when its place was taken meanwhile.
    _S.PAUSED: _row(OwnerRule.KEEP, _S.RESUMED, _S.KILLED, _S.RUNNING_RECOVERY, _S.CANCELLED, _S.PENDING),
    _S.RESUMED: _row(
        OwnerRule.KEEP,
        _S.RUNNING,
        _S.PENDING,
        _S.CONCURRENCY_CONTROLLED,
        _S.PAUSED,
        _S.SUCCESS,
        _S.FAILED,
        _S.RETRY,
        _S.KILLED,
        _S.RUNNING_RECOVERY,
        _S.CANCELLED,
    ),
    _S.KILLED: _row(OwnerRule.RELEASE, _S.REROUTED, _S.CANCELLED),
    _S.SUCCESS: _row(OwnerRule.RELEASE),
    _S.FAILED: _row(OwnerRule.RELEASE),
    _S.CONCURRENCY_CONTROLLED_FINAL: _row(OwnerRule.RELEASE),
    _S.CANCELLED: _row(OwnerRule.RELEASE, overrides_owner=True),
}

#: Statuses that nothing follows.
FINAL = frozenset(status for status, row in STATUS_TABLE.items() if row.final)
#: Statuses from which a claim starts.
AVAILABLE = frozenset(status for status, row in STATUS_TABLE.items() if row.available)
#: Statuses of an invocation that belongs to a runner.
OWNED = frozenset(status for status, row in STATUS_TABLE.items() if row.requires_owner)
#: Statuses that an invocation passes through when it is taken from an owner that is gone.
RECOVERING = frozenset({InvocationStatus.PENDING_RECOVERY, InvocationStatus.RUNNING_RECOVERY})
#: The status of every new invocation.
INITIAL = InvocationStatus.REGISTERED


def get_status_definition(status: InvocationStatus) -> StatusDefinition:
    """Return the row of the table for ``status``."""
    return STATUS_TABLE[status]


def validate_transition(current: InvocationStatus, target: InvocationStatus) -> None:
    """Check one edge.

    Raises:
        InvocationStatusTransitionError: the table has no such edge; the message lists what may follow.
    """
    allowed = STATUS_TABLE[current].next
    if target not in allowed:
        raise InvocationStatusTransitionError(current, target, sorted(allowed))


@cache
def sources_of(path: tuple[InvocationStatus, ...]) -> frozenset[InvocationStatus]:
    """Statuses from which ``path`` may be walked, as a whole, in one step.

    Raises:
        InvocationStatusTransitionError: two consecutive statuses of the path have no edge.
    """
    for current, target in pairwise(path):
        validate_transition(current, target)
    return frozenset(status for status, row in STATUS_TABLE.items() if path[0] in row.next)


def releases_owner(status: InvocationStatus) -> bool:
    """Whether an invocation that rests in ``status`` belongs to nobody."""
    return STATUS_TABLE[status].owner is OwnerRule.RELEASE


def is_legal_history(statuses: Iterable[InvocationStatus]) -> bool:
    """Whether a sequence of statuses is a walk through the table that begins at REGISTERED."""
    walk = list(statuses)
    return (
        bool(walk)
        and walk[0] is INITIAL
        and all(current.can_transition_to(target) for current, target in pairwise(walk))
    )
