"""One move: judged by what it demands, then carried out upon the row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pynenc.values.operations import Move, MoveAnswer, MoveResult
from pynenc.values.status import AVAILABLE, FINAL, RECOVERING, InvocationStatus
from pynenc_mongodb import codec, schema, slots, waits, workflows
from pynenc_mongodb.pieces import OF_INVOCATION
from pynenc_mongodb.session import Row, Session

_S = InvocationStatus
_DONE = MoveAnswer(MoveResult.DONE)
_UNKNOWN = MoveAnswer(MoveResult.UNKNOWN)
#: Only from here on an invocation may have waits.
_WAITING = frozenset({_S.PAUSED, _S.RESUMED})
_CYCLE_REASON = "refused: together with waits that began at the same time it closed a cycle"


def carry_out(session: Session, moves: Sequence[Move]) -> list[MoveAnswer]:
    """Carry out moves in order; what somebody else changed meanwhile is judged again."""
    session.load(one for move in moves for one in (move.invocation_id, *move.waits_on))
    answers = [_UNKNOWN] * len(moves)
    todo = list(enumerate(moves))
    while todo:
        for at, move in todo:
            answers[at] = _judge(session, move)
        lost = session.flush()
        todo = [(at, move) for at, move in enumerate(moves) if move.invocation_id in lost]
    for at, move in enumerate(moves):
        if move.waits_on and answers[at] is _DONE:
            answers[at] = _reconsider(session, move)
    return answers


def _judge(session: Session, move: Move) -> MoveAnswer:
    row = session.get(move.invocation_id)
    if row is None:
        return _UNKNOWN
    refused = move.refusal(row.status, row.seq, row.get("token"), row.get("released_token"))
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
    before, token = row.status, row.get("token")
    runner = codec.SAME_RUNNER if token else ""
    for status in (*move.via, move.to):
        row.enter(status, runner, move.reason)
    if RECOVERING.intersection(move.via):
        row.effects.append(partial(_count_recovered, session, move))
    for name in ("retries", "reroutes", "recoveries"):
        if getattr(move, name):
            row.put(name, row.get(name, 0) + getattr(move, name))
    row.put("q", None)
    if move.releases:
        row.put("released_token", move.token)
        row.put("token", None)
        if before in _WAITING:
            waits.remove(session, row)
    _follow(session, row, move, before)
    if row.get("cc_key"):
        _pass_place_on(
            session, row, token if move.releases else None, left=before in AVAILABLE and move.to in FINAL
        )


def _follow(session: Session, row: Row, move: Move, before: InvocationStatus) -> None:
    """What follows from the status that a row rests in now."""
    to = move.to
    if to in FINAL:
        _put_outcome(session, row, move)
        row.put("ended_at", row.at)
        row.put("reg", None)
    elif to in AVAILABLE:
        if to is _S.RETRY:
            _put_outcome(session, row, move)
        row.enqueue(move.delay_seconds or 0.0)
    elif to is _S.RUNNING:
        if _S.RESUMED in move.via or before in _WAITING:
            waits.remove(session, row)
        else:
            row.put("started_at", row.at)
    elif to is _S.PAUSED and move.releases:
        workflows.release(session, row, move)
    elif move.waits_on:
        waits.add(session, row, move.waits_on)


def _count_recovered(session: Session, move: Move) -> None:
    """After the fact: lost with this process it is one that nobody counted."""
    store = session.store
    increments = {status.value: 1 for status in RECOVERING.intersection(move.via)}
    with store.writing():
        store.collection(schema.RUNNERS).update_one(
            {"_id": store.key(schema.RECOVERED), "a": store.app}, {"$inc": increments}, upsert=True
        )


def _put_outcome(session: Session, row: Row, move: Move) -> None:
    """In place of that of an earlier attempt."""
    stored = codec.from_outcome(move.outcome)
    if stored is not None:
        stored["epoch"] = row.get("epoch")  # so that whoever hears of the outcome knows whose it is
    if stored is not None and "data" in stored:
        name = f"{row.get('epoch')}/{row.seen_seq}/outcome"
        stored["data"] = session.store.pieces.stored(stored["data"], OF_INVOCATION + row.invocation_id, name)
    row.put("outcome", stored)


def _pass_place_on(session: Session, row: Row, token: str | None, *, left: bool) -> None:
    """The place of an owner, or of one for whom a place was freed and who will not take it."""
    key, invocation_id = row.get("cc_key"), row.invocation_id

    def pass_on() -> None:
        if token:
            slots.give_back(session.store, key, invocation_id, token, row.at)
        slots.let_in(session, key, row.get("runner_id", "") if token else "")

    if token or left:
        row.effects.append(pass_on)


def _reconsider(session: Session, move: Move) -> MoveAnswer:
    """Look once more whether a pause closes a cycle, now that others see it: see ``waits.cycle_of``."""
    while cycle := waits.cycle_of(session, move.invocation_id, move.waits_on):
        row = session.get(move.invocation_id)
        if row is None or row.get("token") != move.token or row.status is not _S.PAUSED:
            break
        for status in (_S.RESUMED, _S.RUNNING):
            row.enter(status, codec.SAME_RUNNER, _CYCLE_REASON)
        waits.remove(session, row)
        if not session.flush():
            return MoveAnswer(MoveResult.CYCLE, cycle)
    return _DONE
