"""Runner rows and leases, all in one collection so that a beat is one write."""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from pynenc.values.runners import Beat, BeatAnswer, LeaseRequest, RunnerIdentity, RunnerRecord
from pynenc_mongodb import codec, schema
from pynenc_mongodb.errors import DUPLICATE, code_of
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore

#: Seconds by the clock of the server that writes.
_NOW = {"$divide": [{"$toLong": "$$NOW"}, 1000]}
#: When it began or ended, or was asked to end.
_CHANGED = {"changed_at": _NOW}
_STOPPED: Document = {"stopped_at": _NOW, "drains": "$$REMOVE", **_CHANGED}
#: Whether a row is that of somebody who lives.
_LIVES = {"$and": [{"$gt": ["$started_at", None]}, {"$lte": ["$stopped_at", None]}]}


class RunnerRows:
    """The runners of one app, in the order of their first beat."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    def beat(self, beat: Beat) -> BeatAnswer:
        """Refresh rows and take or renew a lease, in one write, whose refusals are the answer."""
        writes = [self._refresh(identity) for identity in beat.alive]
        writes += [
            UpdateOne(
                {"_id": self._key(runner_id), "a": self._store.app, "stopped_at": {"$exists": False}},
                [{"$set": {**_STOPPED, "stop_reason": {"$literal": reason}}}],
            )
            for runner_id, reason in beat.stopped
        ]
        drain_at = lease_at = -1
        if beat.alive:
            drain_at = len(writes)
            writes.append(self._unless_draining(beat.alive[0]))
        if beat.lease is not None:
            lease_at = len(writes)
            writes.append(self._lease(beat.lease))
        if not writes:
            return BeatAnswer()
        refused: set[int] = set()
        with self._store.writing():
            try:
                self._store.collection(schema.RUNNERS).bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                errors = error.details.get("writeErrors", ())
                refused = {one["index"] for one in errors if one["code"] == DUPLICATE}
                if code_of(error) or error.details.get("writeConcernErrors"):
                    raise
        return BeatAnswer(
            leads=beat.lease is not None and lease_at not in refused, drains=drain_at in refused
        )

    def drain(self, runner_id: str) -> bool:
        """Ask a runner to take nothing more; False if it does not live."""
        query = {"_id": self._key(runner_id), "a": self._store.app, "started_at": {"$exists": True}}
        with self._store.writing():
            answer = self._store.collection(schema.RUNNERS).update_one(
                {**query, "stopped_at": {"$exists": False}}, [{"$set": {"drains": True, **_CHANGED}}]
            )
        return answer.matched_count == 1

    def list_all(self, *, include_stopped: bool) -> list[RunnerRecord]:
        """The runners in order."""
        query: Document = {"a": self._store.app, "started_at": {"$exists": True}}
        if not include_stopped:
            query["stopped_at"] = {"$exists": False}
        with self._store.reading():
            found = self._store.collection(schema.RUNNERS).find(
                query, sort=[("started_at", 1), ("_id", 1)], hint="start"
            )
            return [codec.to_runner(document) for document in found]

    def find_stopped(self, runner_ids: list[str]) -> list[str]:
        """Those that are marked as stopped."""
        query = {"_id": {"$in": [self._key(one) for one in runner_ids]}, "a": self._store.app}
        with self._store.reading():
            found = self._store.collection(schema.RUNNERS).find(
                {**query, "stopped_at": {"$exists": True}}, {"runner_id": 1}
            )
            return [document["runner_id"] for document in found]

    def forget(self, age_seconds: float, owners: list[str]) -> None:
        """Remove those that stopped long ago, except for owners of something."""
        query = {
            "a": self._store.app,
            "stopped_at": {"$lte": self._store.now() - age_seconds},
            "runner_id": {"$nin": owners},
        }
        with self._store.writing():
            self._store.collection(schema.RUNNERS).delete_many(query)

    def purge(self) -> None:
        """Remove all rows and leases, and what was counted."""
        with self._store.writing():
            self._store.collection(schema.RUNNERS).delete_many({"a": self._store.app})

    def _key(self, runner_id: str) -> str:
        return self._store.key(f"runner/{runner_id}")

    def _refresh(self, identity: RunnerIdentity) -> UpdateOne:
        fixed = {
            "runner_id": identity.runner_id,
            "runner_cls": identity.runner_cls,
            "host": identity.host,
            "parent_id": identity.parent_id,
        }
        values: dict[str, Any] = {
            name: {"$literal": value} for name, value in fixed.items() if value is not None
        }
        values |= {
            "pid": identity.pid,
            "slots": identity.slots,
            "started_at": {"$ifNull": ["$started_at", _NOW]},
            "beats": {"$add": [{"$ifNull": ["$beats", 0]}, 1]},
            "last_beat_at": _NOW,
            "changed_at": {"$cond": [_LIVES, "$changed_at", _NOW]},
            "stopped_at": "$$REMOVE",
            "stop_reason": "$$REMOVE",
        }
        return UpdateOne(
            {"_id": self._key(identity.runner_id), "a": self._store.app}, [{"$set": values}], upsert=True
        )

    def _unless_draining(self, identity: RunnerIdentity) -> UpdateOne:
        """Changes nothing. Where the runner drains nothing matches, and the insertion that is tried is refused."""
        return UpdateOne(
            {
                "_id": self._key(identity.runner_id),
                "a": self._store.app,
                "drains": {"$exists": False},
            },
            {"$set": {"runner_id": identity.runner_id}},
            upsert=True,
        )

    def _lease(self, lease: LeaseRequest) -> UpdateOne:
        """Where somebody else holds it nothing matches, and the insertion that is tried instead is refused."""
        return UpdateOne(
            {
                "_id": self._store.key(f"lease/{lease.name}"),
                "a": self._store.app,
                "$or": [{"holder": lease.holder}, {"until": {"$lte": self._store.now()}}],
            },
            [{"$set": {"holder": {"$literal": lease.holder}, "until": {"$add": [_NOW, lease.seconds]}}}],
            upsert=True,
        )
