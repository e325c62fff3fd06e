"""Collections and indexes: what exists in the database, and in which version.

Every index begins with the app, so that an app's data can be kept together on one shard: shard keys are
``{"a": 1}`` or begin with it.
"""

from __future__ import annotations

from typing import Any

from pymongo import IndexModel
from pymongo.database import Database

from pynenc.exceptions import SchemaVersionError

#: Grows with each change of the indexes or of the format of documents.
VERSION = 5

INVOCATIONS = "pynenc_invocations"
SLOTS = "pynenc_slots"
RUNNERS = "pynenc_runners"
#: Among the runners: how many invocations were taken from owners that are gone, by the status that says so.
RECOVERED = "count/recovered"
PIECES = "pynenc_pieces"
MESSAGES = "pynenc_messages"
PAYLOADS = "pynenc_payloads"
VALUES = "pynenc_values"
CLIENT_DATA = "pynenc_client_data"
OCCURRENCES = "pynenc_occurrences"
TRIGGER = "pynenc_trigger"
_META = "pynenc_meta"

Document = dict[str, Any]

#: What may be claimed now, later, or when a concurrency place is free.
READY, DELAYED, PARKED = 1, 2, 3


def _index(name: str, keys: str, **options: Any) -> IndexModel:
    """An index of ascending keys, written as ``a task_id -n``."""
    pairs = [(key.removeprefix("-"), -1 if key.startswith("-") else 1) for key in keys.split()]
    return IndexModel(pairs, name=name, **options)


def _where(**conditions: Any) -> Document:
    return {"partialFilterExpression": conditions}


_EXISTS = {"$exists": True}

INDEXES: dict[str, list[IndexModel]] = {
    INVOCATIONS: [
        _index("ready", "a -dependents -priority n", **_where(q=READY)),
        _index("delayed", "a available_at", **_where(q=DELAYED)),
        _index("limited", "a q cc_key n", **_where(cc_key=_EXISTS, q=_EXISTS)),
        _index("owned", "a runner_id token", **_where(token=_EXISTS)),
        _index("registration", "a reg", unique=True, **_where(reg=_EXISTS)),
        _index("ended", "a ended_at", **_where(ended_at=_EXISTS)),
        _index("failed", "a ended_at", **_where(**{"ended_at": _EXISTS, "outcome.kind": "exception"})),
        _index("waiting", "a waits", **_where(waits=_EXISTS)),
        _index("outbox", "a outbox.at", **_where(outbox=_EXISTS)),
        _index("results", "a task_id args_id -n", **_where(caches_result=True)),
        _index("order", "a n"),
        _index("changed", "a -status_at"),
        _index("status", "a status n"),
        _index("task", "a task_id status n"),
        _index("parent", "a parent_id n", **_where(parent_id=_EXISTS)),
        _index("root", "a root_id n", **_where(root_id=_EXISTS)),
        _index("reruns", "a rerun_of n", **_where(rerun_of=_EXISTS)),
        _index("workflow", "a workflow_id n", **_where(workflow_id=_EXISTS)),
        _index("recorded", "a workflow_id n", **_where(recorded=True)),
        _index("runner", "a runner_id n", **_where(runner_id=_EXISTS)),
    ],
    SLOTS: [_index("app", "a")],
    RUNNERS: [_index("start", "a started_at"), _index("changed", "a -changed_at")],
    PIECES: [_index("owner", "a of")],
    MESSAGES: [_index("queue", "a lane n until"), _index("receipt", "a receipt", **_where(receipt=_EXISTS))],
    PAYLOADS: [_index("invocation", "a invocation_id")],
    VALUES: [_index("scope", "a scope")],
    CLIENT_DATA: [_index("used", "a used_at")],
    OCCURRENCES: [
        _index("open", "a until at n", **_where(open=True)),
        _index("events", "a kind -n"),
        _index("age", "a kind at"),
    ],
    TRIGGER: [
        _index("kind", "a kind -n"),
        _index("scope", "a kind scope"),
        _index("trigger", "a trigger_id -n"),
        _index("age", "a kind at"),
    ],
}


def prepare(database: Database[Document]) -> None:
    """Create what is missing; one look when everything is there.

    Raises:
        SchemaVersionError: a newer version of this package wrote there.
    """
    found = database[_META].find_one({"_id": "schema"})
    version = found["version"] if found else 0
    if version > VERSION:
        raise SchemaVersionError(
            f"MongoDB database '{database.name}' was written by a newer pynenc-mongodb (schema {version}, this one "
            f"knows {VERSION}): upgrade pynenc-mongodb here, or use another database"
        )
    if version == VERSION:
        return
    for collection, indexes in INDEXES.items():
        database[collection].create_indexes(indexes)
    database[_META].update_one({"_id": "schema"}, {"$max": {"version": VERSION}}, upsert=True)
