"""MongoBroker: a queue of ids for orchestrators that live elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from bson import ObjectId, Timestamp
from pymongo import UpdateOne

from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.values.ids import InvocationId
from pynenc_mongodb import schema
from pynenc_mongodb.component import MongoComponent
from pynenc_mongodb.conf import ConfigBrokerMongo
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore

_FRONT, _BACK = 0, 1


class MongoBroker(MongoComponent, BaseBroker):
    """Messages in a database."""

    config_cls = ConfigBrokerMongo
    store: MongoStore

    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:  # noqa: D102
        if not ids:
            return
        documents: list[Document] = [
            {
                "_id": self.store.key(str(ObjectId())),
                "a": self.store.app,
                "lane": _FRONT if front else _BACK,
                "n": Timestamp(0, 0),  # filled in by the server
                "until": 0.0,
                "invocation_id": invocation_id,
            }
            for invocation_id in ids
        ]
        with self.store.writing():
            self.store.collection(schema.MESSAGES).insert_many(documents)

    def receive(self, limit: int, lease_seconds: float) -> list[Delivery]:  # noqa: D102
        while True:
            now = self.store.now()
            query = {"a": self.store.app, "until": {"$lte": now}}
            with self.store.reading():
                collection = self.store.collection(schema.MESSAGES)
                found = list(
                    collection.find(query, sort=[("lane", 1), ("n", 1)], limit=limit, hint="queue")
                    if limit > 0
                    else ()
                )
            if not found:
                return []
            receipts = {document["_id"]: uuid.uuid4().hex for document in found}
            writes = [
                UpdateOne(
                    {
                        "_id": one["_id"],
                        "a": self.store.app,
                        "receipt": one.get("receipt"),
                        "until": one["until"],
                    },
                    {"$set": {"receipt": receipts[one["_id"]], "until": now + lease_seconds}},
                )
                for one in found
            ]
            with self.store.writing():
                if collection.bulk_write(writes, ordered=False).matched_count < len(writes):
                    mine = collection.find(
                        {"a": self.store.app, "receipt": {"$in": list(receipts.values())}}, {"_id": 1}
                    )
                    taken = {document["_id"] for document in mine}
                    found = [document for document in found if document["_id"] in taken]
            if found:
                return [Delivery(receipts[one["_id"]], InvocationId(one["invocation_id"])) for one in found]

    def acknowledge(self, receipts: Sequence[str]) -> None:  # noqa: D102
        if receipts:
            with self.store.writing():
                self.store.collection(schema.MESSAGES).delete_many(self._held(receipts))

    def give_back(self, receipts: Sequence[str]) -> None:  # noqa: D102
        if receipts:
            with self.store.writing():
                self.store.collection(schema.MESSAGES).update_many(
                    self._held(receipts), {"$set": {"until": 0.0}, "$unset": {"receipt": ""}}
                )

    def count(self) -> int:  # noqa: D102
        with self.store.reading():
            return self.store.collection(schema.MESSAGES).count_documents({"a": self.store.app}, hint="queue")

    def purge(self) -> None:  # noqa: D102
        with self.store.writing():
            self.store.collection(schema.MESSAGES).delete_many({"a": self.store.app})

    def _held(self, receipts: Sequence[str]) -> Document:
        """Deliveries whose lease has not ended."""
        return {"a": self.store.app, "receipt": {"$in": list(receipts)}, "until": {"$gt": self.store.now()}}
