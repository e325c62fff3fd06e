"""What workflows have recorded and been told, and which of them await what."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from pynenc.backends.sqlite.codec import Row
from pynenc.backends.sqlite.session import Session
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, NewInvocation
from pynenc.values.status import InvocationStatus
from pynenc.values.workflows import RecordedOperation, WorkflowMessage

#: The tables of workflows.
TABLES = ("operations", "workflow_values", "messages_to", "awaited")
_OPERATION = "INSERT OR IGNORE INTO operations_{t} "
_VALUE = "INSERT OR REPLACE INTO workflow_values_{t} "
_OF_ROW = "SELECT workflow_id, ?, ?{more} FROM inv_{{t}} WHERE n = ? AND workflow_id IS NOT NULL"
_OPERATION_OF_ROW = _OPERATION + _OF_ROW.format(more=", ?")
_VALUE_OF_ROW = _VALUE + _OF_ROW.format(more="")


def record(session: Session, row: Row, move: Move) -> None:
    """Add operations and replace values of the workflow that a row belongs to."""
    connection = session.connection
    if move.operations:
        parameters = [(one.seq, one.name, one.data, row.n) for one in move.operations]
        connection.executemany(session.sql(_OPERATION_OF_ROW), parameters)
    if move.values:
        connection.executemany(
            session.sql(_VALUE_OF_ROW), [(name, value, row.n) for name, value in move.values]
        )


def record_of_new(
    connection: sqlite3.Connection, sql: Callable[[str], str], calls: Iterable[NewInvocation]
) -> None:
    """Add what new workflows have done already."""
    connection.executemany(
        sql(_OPERATION + "VALUES (?, ?, ?, ?)"),
        [(call.workflow_id, one.seq, one.name, one.data) for call in calls for one in call.operations],
    )


def release(session: Session, row: Row, move: Move) -> None:
    """A workflow pauses and belongs to nobody: note what it awaits, and when it is due."""
    session.execute("DELETE FROM awaited_{t} WHERE workflow_id = ?", (row.invocation_id,))
    if move.awaits is not None:
        session.execute("INSERT INTO awaited_{t} VALUES (?, ?)", (row.invocation_id, move.awaits))
        arrived = session.execute(
            "SELECT count(*) FROM messages_to_{t} WHERE workflow_id = ? AND name = ?",
            (row.invocation_id, move.awaits),
        )
        if arrived.fetchone()[0] > move.received:
            _wake(session, row)
            return
    if move.delay_seconds is not None:
        session.enqueue(row, move.delay_seconds)


def deliver(session: Session, message: WorkflowMessage) -> bool:
    """Add a message to what a workflow was told; False when there is no such workflow, or it is final."""
    workflow_id = InvocationId(message.workflow_id)
    row = session.get(workflow_id)
    if row is None or row.ended_at is not None or not _is_workflow(session, row):
        return False
    session.execute(
        "INSERT OR IGNORE INTO messages_to_{t} (workflow_id, message_id, name, data) VALUES (?, ?, ?, ?)",
        (workflow_id, message.message_id, message.name, message.data),
    )
    if row.status is InvocationStatus.PAUSED and row.token is None:
        awaited = session.execute(
            "SELECT 1 FROM awaited_{t} WHERE workflow_id = ? AND name = ?", (workflow_id, message.name)
        )
        if awaited.fetchone() is not None:
            _wake(session, row)
            session.touch(row)
    return True


def forget(session: Session, workflow_id: str) -> None:
    """Remove everything of one workflow."""
    for table in TABLES:
        session.execute(f"DELETE FROM {table}_{{t}} WHERE workflow_id = ?", (workflow_id,))


def list_operations(session: Session, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:
    """A page of what a workflow recorded."""
    rows = session.execute(
        "SELECT seq, name, data FROM operations_{t} WHERE workflow_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        (workflow_id, after, limit),
    )
    return [RecordedOperation(*row) for row in rows]


def list_messages(session: Session, workflow_id: str, name: str, after: int, limit: int) -> list[str]:
    """A page of what arrived under a name."""
    rows = session.execute(
        "SELECT data FROM messages_to_{t} WHERE workflow_id = ? AND name = ? ORDER BY n LIMIT ? OFFSET ?",
        (workflow_id, name, limit, after),
    )
    return [row[0] for row in rows]


def _wake(session: Session, row: Row) -> None:
    session.enqueue(row, 0.0)
    session.unparked.append(row.invocation_id)


def _is_workflow(session: Session, row: Row) -> bool:
    found = session.execute("SELECT workflow_id = invocation_id FROM inv_{t} WHERE n = ?", (row.n,))
    return bool(found.fetchone()[0])
