"""MongoStateBackend: payloads apart from the record, and named values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pymongo import UpdateOne

from pynenc.contracts.state_backend import BaseStateBackend, PayloadKey
from pynenc.values.ids import InvocationId
from pynenc_mongodb import schema
from pynenc_mongodb.component import MongoComponent
from pynenc_mongodb.conf import ConfigStateBackendMongo
from pynenc_mongodb.pieces import OF_PAYLOADS, insert_new
from pynenc_mongodb.store import MongoStore


class MongoStateBackend(MongoComponent, BaseStateBackend):
    """Payloads and named values in a database."""

    config_cls = ConfigStateBackendMongo
    store: MongoStore

    def put_payloads(self, payloads: Mapping[PayloadKey, str]) -> None:  # noqa: D102
        documents = [
            {
                "_id": self._key(key),
                "a": self.store.app,
                "invocation_id": key.invocation_id,
                "data": self.store.pieces.stored(
                    data, OF_PAYLOADS + key.invocation_id, f"{key.epoch}/{key.kind.value}"
                ),
            }
            for key, data in payloads.items()
        ]
        insert_new(self.store.server, schema.PAYLOADS, documents)

    def get_payloads(self, keys: Sequence[PayloadKey]) -> dict[PayloadKey, str]:  # noqa: D102
        by_key = {self._key(key): key for key in keys}
        query = {"_id": {"$in": list(by_key)}, "a": self.store.app}
        with self.store.reading():
            found = {
                by_key[document["_id"]]: document["data"]
                for document in self.store.collection(schema.PAYLOADS).find(query, {"data": 1})
            }
        return self.store.pieces.read(found)

    def list_payload_ids(self, after: InvocationId | None, limit: int) -> list[InvocationId]:  # noqa: D102
        query = {"a": self.store.app, "invocation_id": {"$gt": after or ""}}
        found: dict[InvocationId, None] = {}
        with self.store.reading():
            cursor = self.store.collection(schema.PAYLOADS).find(
                query,
                {"invocation_id": 1},
                sort=[("invocation_id", 1)],
                batch_size=2 * limit + 1,
                hint="invocation",
            )
            with cursor:
                for document in cursor:
                    if len(found) == limit and document["invocation_id"] not in found:
                        break
                    found[InvocationId(document["invocation_id"])] = None
        return list(found)

    def delete_payloads(self, ids: Iterable[InvocationId]) -> None:  # noqa: D102
        wanted = list(ids)
        with self.store.writing():
            self.store.collection(schema.PAYLOADS).delete_many(
                {"a": self.store.app, "invocation_id": {"$in": wanted}}
            )
        self.store.pieces.delete(OF_PAYLOADS + one for one in wanted)

    def set_values(self, scope: str, values: Mapping[str, str]) -> None:  # noqa: D102
        writes = [
            UpdateOne(
                {"_id": self.store.key(f"{len(scope)}:{scope}/{name}"), "a": self.store.app},
                {"$set": {"scope": scope, "name": name, "value": value}},
                upsert=True,
            )
            for name, value in values.items()
        ]
        if writes:
            with self.store.writing():
                self.store.collection(schema.VALUES).bulk_write(writes, ordered=False)

    def get_values(self, scope: str, names: Sequence[str] | None = None) -> dict[str, str]:  # noqa: D102
        query: dict[str, object] = {"a": self.store.app, "scope": scope}
        if names is not None:
            query["name"] = {"$in": list(names)}
        with self.store.reading():
            return {one["name"]: one["value"] for one in self.store.collection(schema.VALUES).find(query)}

    def delete_scope(self, scope: str) -> None:  # noqa: D102
        with self.store.writing():
            self.store.collection(schema.VALUES).delete_many({"a": self.store.app, "scope": scope})

    def purge(self) -> None:  # noqa: D102
        with self.store.writing():
            for collection in (schema.PAYLOADS, schema.VALUES):
                self.store.collection(collection).delete_many({"a": self.store.app})
        self.store.pieces.purge(OF_PAYLOADS)

    def _key(self, key: PayloadKey) -> str:
        return self.store.key(f"{key.invocation_id}/{key.epoch}/{key.kind.value}")
