"""One move: judged by what it demands, then carried out."""

from __future__ import annotations

from collections.abc import Sequence

from pynenc.backends.sqlite import codec, waits, workflows
from pynenc.backends.sqlite.codec import SAME, Row
from pynenc.backends.sqlite.session import Session
from pynenc.values.operations import Move, MoveAnswer, MoveResult
from pynenc.values.status import AVAILABLE, FINAL, RECOVERING, InvocationStatus

_S = InvocationStatus
_DONE = MoveAnswer(MoveResult.DONE)
_UNKNOWN = MoveAnswer(MoveResult.UNKNOWN)
#: Only from here on an invocation may have waits.
_WAITING = frozenset({_S.PAUSED, _S.RESUMED})


def carry_out_all(session: Session, moves: Sequence[Move]) -> tuple[MoveAnswer, ...]:
    """Write moves in their order, or say why not."""
    ends = [_is_mere_end(move) for move in moves]
    session.load(move.invocation_id for move, is_end in zip(moves, ends, strict=True) if not is_end)
    return tuple(
        _DONE if is_end and _end(session, move) else _carry_out(session, move)
        for move, is_end in zip(moves, ends, strict=True)
    )


def _is_mere_end(move: Move) -> bool:
    """Whether a move, made while the code runs, changes one row and nothing else."""
    return (
        move.task_id is not None
        and move.to in FINAL
        and move.releases
        and _S.RUNNING in move.sources
        and move.token is not None
        and move.seq is None
        and not (move.via or move.operations or move.values)
        and not (move.retries or move.reroutes or move.recoveries)
    )


def _end(session: Session, move: Move) -> bool:
    """End an attempt without reading it; False when its row is not as that demands, and nothing was written.

    It is what most steps are made of, and reading costs as much as writing.
    """
    assert move.task_id is not None
    if session.loaded(move.invocation_id) is not None:
        return False
    if session.execute(codec.END, codec.to_end(move, session.now)).rowcount != 1:
        return False
    session.count(move.task_id, _S.RUNNING, -1)
    session.count(move.task_id, move.to, 1)
    session.note_end(move.invocation_id)
    return True


def _carry_out(session: Session, move: Move) -> MoveAnswer:
    row = session.get(move.invocation_id)
    if row is None:
        return _UNKNOWN
    refused = move.refusal(row.status, row.seq, row.token, row.released_token)
    if refused is not None:
        return MoveAnswer(refused)
    if move.waits_on:
        refusal = waits.refuse(session, row, move)
        if refusal is not None:
            return refusal
    if move.operations or move.values:
        workflows.record(session, row, move)
    if move.to is not _S.RUNNING or row.status is not _S.RUNNING:
        _write(session, row, move)
    return _DONE


def _write(session: Session, row: Row, move: Move) -> None:
    now, to, before = session.now, move.to, row.status
    was_owned = row.token is not None
    _note_history(row, move, now, was_owned)
    for status in RECOVERING.intersection(move.via):
        session.count_recovered(status)
    session.touch(row)
    if move.releases:
        row.released_token, row.token = move.token, None
        if before in _WAITING:
            waits.remove(session, row)
    _follow(session, row, move, before)
    # The place of an owner, or of one for whom a place was freed and who will not take it.
    if row.cc_key is not None and ((move.releases and was_owned) or (before in AVAILABLE and to in FINAL)):
        session.unpark(row.cc_key, row.runner_id or "" if was_owned else "")


def _follow(session: Session, row: Row, move: Move, before: InvocationStatus) -> None:
    """What follows from the status that a row rests in now."""
    to = move.to
    if to in FINAL:
        # In place of that of an earlier attempt.
        row.outcome, row.has_outcome = move.outcome, True
        session.end(row)
    elif to in AVAILABLE:
        if to is _S.RETRY:
            row.outcome, row.has_outcome = move.outcome, True
        session.enqueue(row, move.delay_seconds or 0.0)
    elif to is _S.RUNNING:
        if _S.RESUMED in move.via or before in _WAITING:
            waits.remove(session, row)
        else:
            row.started_at = session.now
    elif to is _S.PAUSED and move.releases:
        workflows.release(session, row, move)
    elif move.waits_on:
        waits.add(session, row, move.waits_on)


def _note_history(row: Row, move: Move, now: float, was_owned: bool) -> None:
    runner = SAME if was_owned else ""
    for status in move.via:
        row.enter(status, now, runner, move.reason)
    row.enter(move.to, now, runner, move.reason)
    row.retries += move.retries
    row.reroutes += move.reroutes
    row.recoveries += move.recoveries
    row.queued = 0
