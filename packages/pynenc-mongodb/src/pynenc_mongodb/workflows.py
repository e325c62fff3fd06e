"""What workflows have recorded and been told: lists inside the documents of their invocations.

So they are written by the very write that the move of an invocation is, and fenced with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move
from pynenc.values.status import InvocationStatus
from pynenc.values.workflows import RecordedOperation, WorkflowMessage
from pynenc_mongodb import schema
from pynenc_mongodb.schema import Document
from pynenc_mongodb.session import Row, Session
from pynenc_mongodb.store import MongoStore


def record(session: Session, row: Row, move: Move) -> None:
    """Add operations and values of the workflow that a row belongs to."""
    if row.get("workflow_id") is None:
        return
    row.put("recorded", True)
    for one in move.operations:
        row.append("operations", [one.seq, one.name, one.data])
    for name, value in move.values:
        # Names may be empty, or have characters that those of fields may not have.
        row.put(f"values.v{name.encode('utf-8', 'surrogatepass').hex()}", [row.at, name, value])


def release(session: Session, row: Row, move: Move) -> None:
    """A workflow pauses and belongs to nobody: note what it awaits, and when it is due."""
    row.put("awaits", move.awaits)
    # A message that arrives from here on finds nobody who awaits it, and this write nothing that it may change.
    row.conditions["arrived"] = row.get("arrived")
    if (
        move.awaits is not None
        and len(_messages(session.store, row.invocation_id, move.awaits)) > move.received
    ):
        row.enqueue(0.0)
        row.effects.append(lambda: session.unparked.append(row.invocation_id))
    elif move.delay_seconds is not None:
        row.enqueue(move.delay_seconds)


def deliver(session: Session, messages: Sequence[WorkflowMessage]) -> tuple[bool, ...]:
    """Add messages to what workflows were told; False where there is no such workflow, or it is final."""
    return tuple([_deliver(session, message) for message in messages])


def _deliver(session: Session, message: WorkflowMessage) -> bool:
    workflow_id = InvocationId(message.workflow_id)
    while True:
        session.load([workflow_id], anew=True)
        row = session.get(workflow_id)
        if row is None or row.is_final or row.get("workflow_id") != workflow_id:
            return False
        with session.store.reading():
            arrived = session.store.collection(schema.INVOCATIONS).find_one(
                {
                    "_id": session.store.key(workflow_id),
                    "a": session.store.app,
                    "messages.id": message.message_id,
                },
                {"_id": 1},
            )
        if arrived is not None:
            return True
        row.conditions["arrived"] = row.get("arrived")
        row.put("arrived", row.get("arrived", 0) + 1)
        row.append("messages", {"id": message.message_id, "name": message.name, "data": message.data})
        rests = row.status is InvocationStatus.PAUSED and row.get("token") is None
        if rests and row.get("awaits") == message.name:
            row.enqueue(0.0)
            row.effects.append(lambda: session.unparked.append(workflow_id))
        if not session.flush():
            return True


def list_operations(store: MongoStore, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:
    """A page of what a workflow recorded."""
    found: dict[int, RecordedOperation] = {}
    for document in _documents(store, workflow_id, "operations"):
        for seq, name, data in document["operations"]:
            if seq > after:
                found.setdefault(seq, RecordedOperation(seq, name, data))
    return [found[seq] for seq in sorted(found)][:limit]


def list_messages(store: MongoStore, workflow_id: str, name: str, after: int, limit: int) -> list[str]:
    """A page of what arrived under a name."""
    return _messages(store, InvocationId(workflow_id), name)[after : after + limit]


def values_of(store: MongoStore, workflow_id: str) -> dict[str, str]:
    """What a workflow keeps, by name: of each the one that was set last."""
    documents = _documents(store, workflow_id, "values")
    stored = [one for document in documents for one in document["values"].values()]
    stored.sort(key=lambda one: one[0])
    return {name: value for _, name, value in stored}


def _messages(store: MongoStore, workflow_id: InvocationId, name: str) -> list[str]:
    with store.reading():
        found = store.collection(schema.INVOCATIONS).find_one(
            {"_id": store.key(workflow_id), "a": store.app}, {"messages": 1}
        )
    return [one["data"] for one in (found or {}).get("messages", ()) if one["name"] == name]


def _documents(store: MongoStore, workflow_id: str, field: str) -> list[Document]:
    query = {"a": store.app, "workflow_id": workflow_id, "recorded": True, field: {"$exists": True}}
    with store.reading():
        return list(
            store.collection(schema.INVOCATIONS).find(query, {field: 1}, sort=[("n", 1)], hint="recorded")
        )
