"""One move: judged by what it demands, then carried out upon the tables."""

from __future__ import annotations

from pynenc.backends.mem.lazy_heap import drop
from pynenc.backends.mem.record import MemRecord
from pynenc.backends.mem.tables import Tables
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, MoveAnswer, MoveResult
from pynenc.values.status import AVAILABLE, FINAL, InvocationStatus
from pynenc.values.workflows import WorkflowMessage

_S = InvocationStatus
_DONE = MoveAnswer(MoveResult.DONE)
_UNKNOWN = MoveAnswer(MoveResult.UNKNOWN)
_READY = MoveAnswer(MoveResult.READY)


def carry_out(tables: Tables, move: Move, now: float) -> MoveAnswer:
    """Write a move, or say why not."""
    record = tables.records.get(move.invocation_id)
    if record is None:
        return _UNKNOWN
    refused = move.refusal(record.status, len(record.history), record.token, record.released_token)
    if refused is not None:
        return MoveAnswer(refused)
    if move.waits_on:
        refusal = _refuse_pause(tables, move)
        if refusal is not None:
            return refusal
    if (move.operations or move.values) and record.call.workflow_id is not None:
        tables.workflows.record(record.call.workflow_id, move.operations, move.values)
    if move.to is not _S.RUNNING or record.status is not _S.RUNNING:
        _write(tables, record, move, now)
    return _DONE


def deliver(tables: Tables, message: WorkflowMessage, now: float) -> bool:
    """Add a message to what a workflow was told; False when there is no such workflow, or it is final."""
    record = tables.records.get(InvocationId(message.workflow_id))
    if record is None or record.ended_at is not None or record.call.workflow_id != message.workflow_id:
        return False
    tables.workflows.add_message(message)
    released = record.status is _S.PAUSED and record.token is None
    if released and tables.workflows.awaits(record.call.invocation_id, message.name):
        tables.wake(record, now)
    return True


def _refuse_pause(tables: Tables, move: Move) -> MoveAnswer | None:
    records = tables.records
    missing = tuple(awaited for awaited in move.waits_on if awaited not in records)
    if missing:
        return MoveAnswer(MoveResult.MISSING, missing)
    pending = [awaited for awaited in move.waits_on if records[awaited].ended_at is None]
    if len(move.waits_on) - len(pending) >= move.enough:
        return _READY
    cycle = tables.find_cycle(records[move.invocation_id], pending)
    return MoveAnswer(MoveResult.CYCLE, cycle) if cycle else None


def _write(tables: Tables, record: MemRecord, move: Move, now: float) -> None:
    was_available = record.status in AVAILABLE
    owner_id = record.owned_by()
    drop(record)
    for status in move.via:
        record.enter(status, now, owner_id, move.reason)
    tables.count_recovered(move.via)
    record.enter(move.to, now, owner_id, move.reason)
    record.retries += move.retries
    record.reroutes += move.reroutes
    record.recoveries += move.recoveries
    if move.releases:
        tables.release(record, move.token, now)
    if move.to in FINAL:
        tables.end(record, move.outcome, now)
        if was_available and record.call.cc_key is not None:
            # It may be the one for whom a place was freed: without this the line behind it never moves.
            tables.unpark(record.call.cc_key, now, None)
    elif move.to in AVAILABLE:
        if move.to is _S.RETRY:
            record.outcome = move.outcome
        record.available_at = now + (move.delay_seconds or 0.0)
        tables.enqueue(record, now)
    elif move.to is _S.RUNNING:
        if _S.RESUMED in move.via:
            tables.stop_waiting(record)
        else:
            record.started_at = now
    elif move.to is _S.PAUSED:
        _pause(tables, record, move, now)


def _pause(tables: Tables, record: MemRecord, move: Move, now: float) -> None:
    if move.releases:
        _let_sleep(tables, record, move, now)
    elif move.waits_on:
        _wait(tables, record, move)


def _let_sleep(tables: Tables, record: MemRecord, move: Move, now: float) -> None:
    invocation_id = record.call.invocation_id
    tables.workflows.set_awaited(invocation_id, move.awaits)
    arrived = tables.workflows.messages(invocation_id, move.awaits) if move.awaits is not None else ()
    if len(arrived) > move.received:
        tables.wake(record, now)
    elif move.delay_seconds is not None:
        record.available_at = now + move.delay_seconds
        tables.enqueue(record, now)


def _wait(tables: Tables, record: MemRecord, move: Move) -> None:
    records = tables.records
    awaited = [found for found in dict.fromkeys(move.waits_on) if records[found].ended_at is None]
    tables.waits.add(record.call.invocation_id, awaited)
    tables.pass_weight_on(awaited, 1 + record.dependents)
