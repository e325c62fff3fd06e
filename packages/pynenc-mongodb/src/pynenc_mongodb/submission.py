"""Registering calls: one insertion for a whole batch, repeated harmlessly until it is known what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from pynenc.exceptions import CommitUnknownError, StoreError
from pynenc.values.merges import REMEMBERED, merges_of
from pynenc.values.operations import NewInvocation, SubmitAnswer
from pynenc_mongodb import codec, schema
from pynenc_mongodb.client_data_store import put_values
from pynenc_mongodb.errors import DUPLICATE, code_of
from pynenc_mongodb.pieces import OF_INVOCATION
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore
from pynenc_mongodb.watched import Watched

_ATTEMPTS = 20


class Submission:
    """One batch.

    Args:
        store: Where it goes.
        watched: The statuses that are recorded for triggers.
        batch: The calls.
    """

    def __init__(self, store: MongoStore, watched: Watched, batch: Sequence[NewInvocation]) -> None:
        self._store = store
        self._batch = batch
        self._mark = uuid.uuid4().hex
        now = store.now()
        # Encoded before anything is sent: a value that cannot be stored refuses the batch as a whole.
        with store.reading():
            self._documents = [
                RawBSONDocument(bson.encode(self._document_of(call, now, watched))) for call in batch
            ]
        self._answers: dict[int, SubmitAnswer] = {}
        #: Whether something may have been written.
        self._wrote = False

    def _document_of(self, call: NewInvocation, now: float, watched: Watched) -> Document:
        store = self._store
        document = codec.to_document(store.key(call.invocation_id), store.app, call, now, self._mark)
        if call.arguments is not None:
            document["arguments"] = store.pieces.stored(
                call.arguments, OF_INVOCATION + call.invocation_id, "arguments"
            )
        if document["status"] in watched.statuses(call.task_id):
            document["occurred_at"] = now
            document["outbox"] = [{"seq": 1, "status": document["status"], "at": now}]
        return document

    def carry_out(self) -> list[SubmitAnswer]:
        """Write, and say what became of each call."""
        todo = list(range(len(self._batch)))
        for _ in range(_ATTEMPTS):
            try:
                refused = self._insert(todo)
                for at in todo:
                    if at not in refused:
                        call = self._batch[at]
                        self._answers[at] = SubmitAnswer(call.invocation_id, True, call.args_id)
                todo = self._answer_existing(refused) if refused else []
                if not todo:
                    self._count_merges()
            except StoreError as error:
                raise self._unknown(error) from error
            if not todo:
                return [self._answers[at] for at in range(len(self._batch))]
        raise self._unknown(StoreError("the calls of their registration key came and went all the time"))

    def _insert(self, todo: Sequence[int]) -> list[int]:
        """Insert; positions of what exists already, or whose registration key another one has."""
        documents = [self._documents[at] for at in todo]
        with self._store.writing():
            collection = self._store.collection(schema.INVOCATIONS)
            self._wrote = True
            try:
                collection.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if code_of(error) or error.details.get("writeConcernErrors"):
                    raise
                return [
                    todo[one["index"]] for one in error.details["writeErrors"] if one["code"] == DUPLICATE
                ]
        return []

    def _answer_existing(self, refused: Sequence[int]) -> list[int]:
        """Answer for what stands for these calls; positions of those for whom nothing does any more."""
        store = self._store
        calls = [self._batch[at] for at in refused]
        keys = sorted({call.reg_key for call in calls if call.reg_key is not None})
        fields = {"args_id": 1, "arguments": 1, "reg": 1, "written_by": 1, "epoch": 1}
        with store.reading():
            collection = store.collection(schema.INVOCATIONS)
            found = list(collection.find(store.by_ids(call.invocation_id for call in calls), fields))
            by_id = {store.id_of(document): document for document in found}
            found += (
                others := list(collection.find({"a": store.app, "reg": {"$in": keys}}, fields))
                if keys
                else []
            )
        store.pieces.fill(found)
        by_key = {document["reg"]: document for document in others}
        left = []
        for at, call in zip(refused, calls, strict=True):
            document = by_id.get(call.invocation_id) or by_key.get(call.reg_key)
            if document is None:
                left.append(at)
            else:
                self._answers[at] = self._answer(at, document)
        return left

    def _count_merges(self) -> None:
        """Note what stands for others; whoever sends the batch again because this failed is not counted twice."""
        store = self._store
        now = store.now()
        updates = [
            UpdateOne(
                {"_id": store.key(survivor), "merges.recent": {"$ne": merge.first}},
                {
                    "$inc": {"merges.calls": merge.calls, "merges.dropped": merge.dropped},
                    "$max": {"merges.last_at": now},
                    "$push": {"merges.recent": {"$each": [merge.first], "$slice": -REMEMBERED}},
                },
            )
            for survivor, merge in merges_of(self._batch, self._answers).items()
        ]
        if updates:
            with store.writing():
                store.collection(schema.INVOCATIONS).bulk_write(updates, ordered=False)

    def _answer(self, at: int, document: Document) -> SubmitAnswer:
        invocation_id = self._store.id_of(document)
        first = next(
            i for i, call in enumerate(self._batch) if call.invocation_id == self._batch[at].invocation_id
        )
        # Inserted by this very batch, in an attempt whose answer was lost.
        mine = document.get("written_by") == self._mark and first == at
        created = mine and invocation_id == self._batch[at].invocation_id
        if created:
            return SubmitAnswer(invocation_id, True, document["args_id"])
        return SubmitAnswer(invocation_id, False, document["args_id"], document.get("arguments"))

    def _unknown(self, error: StoreError) -> StoreError:
        """What to tell the caller: a part of the batch may be there."""
        if isinstance(error, CommitUnknownError) or not self._wrote or not self._may_be_there():
            return error
        return CommitUnknownError(
            f"a part of {len(self._batch)} calls was registered ({error}): register them again under the same ids",
            self._batch[0].invocation_id,
        )

    def _may_be_there(self) -> bool:
        store = self._store
        query: dict[str, Any] = {
            **store.by_ids(call.invocation_id for call in self._batch),
            "written_by": self._mark,
        }
        try:
            with store.reading():
                return store.collection(schema.INVOCATIONS).find_one(query, {"_id": 1}) is not None
        except StoreError:
            return True


def submit(
    store: MongoStore, watched: Watched, batch: Sequence[NewInvocation], data: Mapping[str, str]
) -> list[SubmitAnswer]:
    """Register a batch; large values first, because calls refer to them."""
    put_values(store, data)
    if not batch:
        return []
    return Submission(store, watched, batch).carry_out()
