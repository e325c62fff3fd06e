"""Builders of the moves of the life cycle: the only place where a rule becomes a request to a store."""

from __future__ import annotations

from collections.abc import Sequence

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, Move, OwnedInvocation
from pynenc.values.records import Outcome, OutcomeKind
from pynenc.values.status import InvocationStatus, sources_of
from pynenc.values.workflows import RecordedOperation

_S = InvocationStatus

# Computed once: looking paths up per move would cost more than the move.
_FROM_START = sources_of((_S.RUNNING,)) - {_S.RESUMED}
_FROM_RESUME = sources_of((_S.RESUMED, _S.RUNNING))
_FROM_PAUSE = sources_of((_S.PAUSED,))
_FROM_SUCCESS = sources_of((_S.SUCCESS,))
_FROM_FAILED = frozenset({_S.PENDING, _S.RUNNING, _S.RESUMED})
_FROM_RETRY = sources_of((_S.RETRY,))
_FROM_KILLED = sources_of((_S.KILLED, _S.REROUTED))
_FROM_CANCELLED = sources_of((_S.CANCELLED,))
_RUNNING = frozenset({_S.RUNNING})
_RESUMED = (_S.RESUMED,)

#: Seconds before handed-back work that already ran may start elsewhere: its old code must be gone by then.
HAND_BACK_DELAY_SECONDS = 2.0


def start(claim: Claim) -> Move:
    """PENDING → RUNNING by the owner."""
    return Move(invocation_id=claim.invocation_id, to=_S.RUNNING, sources=_FROM_START, token=claim.token)


def pause(claim: Claim, waits_on: Sequence[InvocationId], enough: int) -> Move:
    """RUNNING → PAUSED, until ``enough`` of ``waits_on`` are final."""
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.PAUSED,
        sources=_FROM_PAUSE,
        token=claim.token,
        waits_on=tuple(waits_on),
        enough=enough,
    )


def record(
    claim: Claim, operations: Sequence[RecordedOperation] = (), values: Sequence[tuple[str, str]] = ()
) -> Move:
    """Add to the workflow of a running invocation."""
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.RUNNING,
        sources=_RUNNING,
        token=claim.token,
        operations=tuple(operations),
        values=tuple(values),
    )


def release(
    claim: Claim,
    operations: Sequence[RecordedOperation],
    delay_seconds: float | None,
    awaits: str | None = None,
    received: int = 0,
) -> Move:
    """RUNNING → PAUSED without an owner, until a time or a message."""
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.PAUSED,
        sources=_RUNNING,
        token=claim.token,
        releases=True,
        operations=tuple(operations),
        delay_seconds=delay_seconds,
        awaits=awaits,
        received=received,
    )


def resume(claim: Claim) -> Move:
    """PAUSED → RESUMED → RUNNING in one step."""
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.RUNNING,
        via=_RESUMED,
        sources=_FROM_RESUME,
        token=claim.token,
    )


def finish(claim: Claim, outcome: Outcome, reason: str = "") -> Move:
    """The attempt returned or failed for good."""
    success = outcome.kind is OutcomeKind.RESULT
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.SUCCESS if success else _S.FAILED,
        sources=_FROM_SUCCESS if success else _FROM_FAILED,
        task_id=claim.task_id,
        token=claim.token,
        releases=True,
        outcome=outcome,
        reason=reason,
    )


def retry(claim: Claim, delay_seconds: float, outcome: Outcome, reason: str) -> Move:
    """The attempt failed and the task asks for another one after a delay."""
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.RETRY,
        sources=_FROM_RETRY,
        token=claim.token,
        releases=True,
        delay_seconds=delay_seconds,
        outcome=outcome,
        reason=reason,
        retries=1,
    )


def hand_back(claim: Claim, *, ran: bool, reason: str, delay_seconds: float = 0.0) -> Move:
    """The owner returns an invocation; ``ran`` says whether its code had started."""
    return Move(
        invocation_id=claim.invocation_id,
        to=_S.REROUTED,
        via=(_S.KILLED,),
        sources=_FROM_KILLED,
        token=claim.token,
        releases=True,
        reroutes=1,
        reason=reason,
        delay_seconds=HAND_BACK_DELAY_SECONDS if ran else delay_seconds,
    )


def hand_back_owned(owned: OwnedInvocation, reason: str) -> Move:
    """The owner returns what it does not run (any more), by what the store says that it owns."""
    return Move(
        invocation_id=owned.invocation_id,
        to=_S.REROUTED,
        via=(_S.KILLED,),
        sources=frozenset({owned.status}),
        seq=owned.seq,
        releases=True,
        reroutes=1,
        reason=reason,
        delay_seconds=0.0 if owned.status is _S.PENDING else HAND_BACK_DELAY_SECONDS,
    )


def recover(owned: OwnedInvocation, *, counted: bool, reason: str) -> Move:
    """The system takes an invocation from an owner that is gone."""
    annotation = _recovery_status(owned)
    return Move(
        invocation_id=owned.invocation_id,
        to=_S.REROUTED,
        via=(annotation,),
        sources=frozenset({owned.status}),
        seq=owned.seq,
        releases=True,
        recoveries=int(counted),
        reroutes=1,
        reason=reason,
    )


def give_up(owned: OwnedInvocation, outcome: Outcome, reason: str) -> Move:
    """The system ends an invocation whose owners keep dying."""
    return Move(
        invocation_id=owned.invocation_id,
        to=_S.FAILED,
        via=(_recovery_status(owned),),
        sources=frozenset({owned.status}),
        seq=owned.seq,
        releases=True,
        recoveries=1,
        outcome=outcome,
        reason=reason,
    )


def cancel(invocation_id: InvocationId, reason: str) -> Move:
    """Anybody ends an invocation that is not final; its history says why."""
    return Move(
        invocation_id=invocation_id,
        to=_S.CANCELLED,
        sources=_FROM_CANCELLED,
        releases=True,
        reason=reason,
    )


def hasten(invocation_id: InvocationId, reason: str) -> Move:
    """Anybody has what waits for its next attempt tried again at once."""
    return Move(invocation_id=invocation_id, to=_S.REROUTED, sources=frozenset({_S.RETRY}), reason=reason)


def _recovery_status(owned: OwnedInvocation) -> InvocationStatus:
    return _S.PENDING_RECOVERY if owned.status is _S.PENDING else _S.RUNNING_RECOVERY
