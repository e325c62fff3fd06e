"""Occurrences of watched statuses: inside the document whose status it is, until somebody acknowledges them."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pymongo import DeleteMany, UpdateOne

from pynenc.values.status import InvocationStatus
from pynenc.values.triggers import Occurrence, OccurrenceKind, status_occurrence_id
from pynenc_mongodb import schema
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore
from pynenc_mongodb.watched import FRESH_SECONDS, Watched


class Outbox:
    """What the steps of one app recorded, and what they are to record.

    Args:
        store: Where it is.
    """

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._watched = Watched()

    # -- what is watched ------------------------------------------------------------------------------

    def watched(self) -> Watched:
        """What the next step has to record."""
        if not self._watched.is_fresh:
            self._read()
        return self._watched

    def watch(self, watched: Mapping[str, frozenset[InvocationStatus]], forget_seconds: float) -> None:
        """Add to what is watched, and forget what nobody renewed; returns when every process knows of what is new."""
        store = self._store
        now = store.now()
        before = self._stored()
        pairs = [(task_id, status.value) for task_id, statuses in watched.items() for status in statuses]
        is_new = any(status not in before.get(task_id, ()) for task_id, status in pairs)
        wait = FRESH_SECONDS if is_new else 0.0
        writes: list[UpdateOne | DeleteMany] = [
            UpdateOne(
                {"_id": store.key(f"watched/{task_id}/{status}"), "a": store.app},
                {
                    "$set": {"kind": "watched", "task_id": task_id, "status": status},
                    "$max": {"until": now + wait + forget_seconds},
                },
                upsert=True,
            )
            for task_id, status in pairs
        ]
        writes.append(DeleteMany({"a": store.app, "kind": "watched", "until": {"$lte": now}}))
        with store.writing():
            store.collection(schema.TRIGGER).bulk_write(writes, ordered=True)
        self._read()
        threading.Event().wait(wait)

    def _read(self) -> None:
        read_at = time.monotonic()
        self._watched.renew(self._stored(), read_at)

    def _stored(self) -> dict[str, frozenset[str]]:
        by_task: dict[str, set[str]] = defaultdict(set)
        query = {"a": self._store.app, "kind": "watched"}
        with self._store.reading():
            for document in self._store.collection(schema.TRIGGER).find(
                query, {"task_id": 1, "status": 1}, hint="kind"
            ):
                by_task[document["task_id"]].add(document["status"])
        return {task_id: frozenset(statuses) for task_id, statuses in by_task.items()}

    # -- what was recorded ----------------------------------------------------------------------------

    def take(self, limit: int, lease_seconds: float) -> list[Occurrence]:
        """Take what nobody has taken, oldest first."""
        store = self._store
        now = store.now()
        free = {"$not": {"$gt": now}}
        query = {"a": store.app, "outbox": {"$elemMatch": {"until": free}}}
        fields = {"outbox": 1, "task_id": 1, "n": 1}
        with store.reading():
            collection = store.collection(schema.INVOCATIONS)
            documents = list(
                collection.find(query, fields, sort=[("outbox.at", 1)], limit=limit, hint="outbox")
            )
        chosen = [
            (one["at"], document["n"], one["seq"], document)
            for document in documents
            for one in document["outbox"]
            if one.get("until", 0.0) <= now
        ]
        chosen.sort(key=lambda each: each[:3])
        by_document: dict[str, list[int]] = defaultdict(list)
        for _, _, seq, document in chosen[:limit]:
            by_document[document["_id"]].append(seq)
        if not by_document:
            return []
        mark = uuid.uuid4().hex
        writes = [
            UpdateOne(
                {"_id": key, "a": store.app},
                {"$set": {"outbox.$[one].until": now + lease_seconds, "outbox.$[one].by": mark}},
                array_filters=[{"one.seq": {"$in": seqs}, "one.until": free}],
            )
            for key, seqs in by_document.items()
        ]
        with store.writing():
            collection.bulk_write(writes, ordered=False)
            taken = list(collection.find({"_id": {"$in": list(by_document)}, "a": store.app}, fields))
        occurrences = [
            (one["at"], document["n"], one["seq"], self._occurrence(document, one))
            for document in taken
            for one in document.get("outbox", ())
            if one.get("by") == mark
        ]
        return [each[3] for each in sorted(occurrences, key=lambda each: each[:3])]

    def _occurrence(self, document: Document, one: Document) -> Occurrence:
        invocation_id = self._store.id_of(document)
        return Occurrence(
            occurrence_id=status_occurrence_id(invocation_id, one["seq"]),
            kind=OccurrenceKind.STATUS,
            source=document["task_id"],
            at=one["at"],
            invocation_id=invocation_id,
            status=InvocationStatus(one["status"]),
        )

    def acknowledge(self, ids: Sequence[str]) -> None:
        """Remove occurrences for good."""
        by_document: dict[str, list[int]] = defaultdict(list)
        for occurrence_id in ids:
            invocation_id, _, seq = occurrence_id.rpartition(":")
            if seq.isdecimal():
                by_document[self._store.key(invocation_id)].append(int(seq))
        if not by_document:
            return
        writes = [
            UpdateOne(
                {"_id": key, "a": self._store.app, "outbox": {"$exists": True}},
                [{"$set": {"outbox": _without(seqs)}}],
            )
            for key, seqs in by_document.items()
        ]
        with self._store.writing():
            self._store.collection(schema.INVOCATIONS).bulk_write(writes, ordered=False)

    def purge(self) -> None:
        """Watch nothing."""
        with self._store.writing():
            self._store.collection(schema.TRIGGER).delete_many({"a": self._store.app, "kind": "watched"})
        self._read()


def _without(seqs: list[int]) -> Document:
    """What is left of an outbox; an empty one is removed, so that nobody looks there."""
    left = {"$filter": {"input": "$outbox", "as": "one", "cond": {"$not": [{"$in": ["$$one.seq", seqs]}]}}}
    return {
        "$let": {
            "vars": {"left": left},
            "in": {"$cond": [{"$eq": [{"$size": "$$left"}, 0]}, "$$REMOVE", "$$left"]},
        }
    }
