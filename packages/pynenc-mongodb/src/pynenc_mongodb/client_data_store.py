"""MongoClientDataStore: large values by content hash."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from pynenc.contracts.client_data_store import BaseClientDataStore
from pynenc_mongodb import schema
from pynenc_mongodb.component import MongoComponent
from pynenc_mongodb.conf import ConfigClientDataStoreMongo
from pynenc_mongodb.errors import code_of
from pynenc_mongodb.pieces import OF_DATA
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore

_BATCH = 500


class MongoClientDataStore(MongoComponent, BaseClientDataStore):
    """Large values in a database."""

    config_cls = ConfigClientDataStoreMongo
    store: MongoStore

    def put(self, values: Mapping[str, str]) -> None:  # noqa: D102
        put_values(self.store, values)

    def get(self, keys: Sequence[str]) -> dict[str, str]:  # noqa: D102
        store = self.store
        if not keys:
            return {}
        with store.reading():
            found = store.collection(schema.CLIENT_DATA).find(store.by_ids(keys), {"value": 1})
            values = {str(store.id_of(document)): document["value"] for document in found}
        return store.pieces.read(values)

    def find_unused(self, age_seconds: float, limit: int) -> list[str]:  # noqa: D102
        store = self.store
        query = {"a": store.app, "used_at": {"$lte": store.now() - age_seconds}}
        with store.reading():
            found = store.collection(schema.CLIENT_DATA).find(
                query, {"_id": 1}, sort=[("used_at", 1)], limit=limit, hint="used"
            )
            return [str(store.id_of(document)) for document in found]

    def touch(self, keys: Sequence[str]) -> None:  # noqa: D102
        store = self.store
        if keys:
            with store.writing():
                store.collection(schema.CLIENT_DATA).update_many(
                    store.by_ids(keys), {"$max": {"used_at": store.now()}}
                )

    def delete(self, keys: Sequence[str], age_seconds: float) -> None:  # noqa: D102
        store = self.store
        last_use = store.now() - age_seconds
        for at in range(0, len(keys), _BATCH):
            chunk = keys[at : at + _BATCH]
            with store.writing():
                collection = store.collection(schema.CLIENT_DATA)
                collection.delete_many({**store.by_ids(chunk), "used_at": {"$lte": last_use}})
                left = {str(store.id_of(one)) for one in collection.find(store.by_ids(chunk), {"_id": 1})}
            # Who puts one of them again at this moment writes new pieces.
            store.pieces.delete((OF_DATA + key for key in chunk if key not in left), last_use)

    def count(self) -> int:  # noqa: D102
        with self.store.reading():
            return self.store.collection(schema.CLIENT_DATA).count_documents(
                {"a": self.store.app}, hint="used"
            )

    def purge(self) -> None:  # noqa: D102
        with self.store.writing():
            self.store.collection(schema.CLIENT_DATA).delete_many({"a": self.store.app})
        self.store.pieces.purge(OF_DATA)


def put_values(store: MongoStore, values: Mapping[str, str]) -> None:
    """Add values; of those that exist the time of last use is renewed."""
    if not values:
        return
    stored = _stored(store, values)
    if not stored:
        return
    now = store.now()
    writes = [
        UpdateOne(
            {"_id": store.key(key), "a": store.app},
            {"$setOnInsert": {"value": value}, "$max": {"used_at": now}},
            upsert=True,
        )
        for key, value in stored.items()
    ]
    with store.writing():
        # Two that create the same value at the same time: one of them is told so, and renews it instead.
        for attempt in (1, 2, 3):
            try:
                store.collection(schema.CLIENT_DATA).bulk_write(writes, ordered=False)
                return
            except BulkWriteError as error:
                if code_of(error) or attempt == 3:
                    raise


def _stored(store: MongoStore, values: Mapping[str, str]) -> dict[str, str | Document | None]:
    """What documents keep of values; pieces are written for those that nobody has stored yet."""
    large = [key for key, value in values.items() if store.pieces.are_needed_for(value)]
    known: set[str] = set()
    if large:
        with store.writing():
            collection = store.collection(schema.CLIENT_DATA)
            # Renewed before it is looked at: from here on nobody removes it.
            collection.update_many(store.by_ids(large), {"$max": {"used_at": store.now()}})
            known = {str(store.id_of(one)) for one in collection.find(store.by_ids(large), {"_id": 1})}
    return {
        # Of pieces that were there before nobody could tell whether they are being removed.
        key: store.pieces.stored(value, OF_DATA + key, uuid.uuid4().hex)
        for key, value in values.items()
        if key not in known
    }
