"""MongoTrigger: what happened and awaits reaction, combined conditions, cursors, and what was fired."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from bson import Timestamp
from pymongo import DeleteOne, UpdateOne
from pymongo.errors import DuplicateKeyError

from pynenc.contracts.trigger import BaseTrigger
from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynenc.values.triggers import Half, Occurrence, OccurrenceKind, PairRequest, TriggerRun
from pynenc_mongodb import schema
from pynenc_mongodb.component import MongoComponent
from pynenc_mongodb.conf import ConfigTriggerMongo
from pynenc_mongodb.pieces import insert_new
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore

#: Documents of combined conditions that are looked at for what waits in them.
_LOOKS = 2000
#: Set by the server to its logical clock, which never stands still.
_NEXT = {"$currentDate": {"n": {"$type": "timestamp"}}}


class MongoTrigger(MongoComponent, BaseTrigger):
    """What triggers keep, in a database."""

    config_cls = ConfigTriggerMongo
    store: MongoStore

    def set_values(self, scope: str, values: Mapping[str, str | None]) -> None:  # noqa: D102
        writes: list[UpdateOne | DeleteOne] = []
        for name, value in values.items():
            condition = {"_id": self._key("value", f"{len(scope)}:{scope}/{name}"), "a": self.store.app}
            if value is None:
                writes.append(DeleteOne(condition))
            else:
                fields = {"kind": "value", "scope": scope, "name": name, "value": value}
                writes.append(UpdateOne(condition, {"$set": fields}, upsert=True))
        self._write(schema.TRIGGER, writes)

    def get_values(self, scopes: Sequence[str]) -> dict[str, dict[str, str]]:  # noqa: D102
        found: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
        query = {"a": self.store.app, "kind": "value", "scope": {"$in": list(scopes)}}
        for one in self._find(schema.TRIGGER, query, hint="scope"):
            found[one["scope"]][one["name"]] = one["value"]
        return found

    # -- occurrences ----------------------------------------------------------------------------------

    def put_occurrences(self, occurrences: Sequence[Occurrence]) -> None:  # noqa: D102
        now = self.store.now()
        insert_new(
            self.store.server, schema.OCCURRENCES, [self._to_document(each, now) for each in occurrences]
        )

    def take_occurrences(  # noqa: D102
        self, limit: int, lease_seconds: float, trigger_ids: Sequence[str]
    ) -> list[Occurrence]:
        while limit > 0:
            now = self.store.now()
            query = {
                "a": self.store.app,
                "open": True,
                "until": {"$lte": now},
                "trigger_id": {"$in": [None, *trigger_ids]},
            }
            found = self._find(
                schema.OCCURRENCES, query, sort=[("at", 1), ("n", 1)], limit=limit, hint="open"
            )
            if not found:
                break
            mark = uuid.uuid4().hex
            writes = [
                UpdateOne(
                    {"_id": one["_id"], "a": self.store.app, "open": True, "until": one["until"]},
                    {"$set": {"until": now + lease_seconds, "by": mark}},
                )
                for one in found
            ]
            if self._write(schema.OCCURRENCES, writes) < len(writes):
                ids = [one["_id"] for one in found]
                mine = self._find(schema.OCCURRENCES, {"_id": {"$in": ids}, "a": self.store.app, "by": mark})
                taken = {one["_id"] for one in mine}
                found = [one for one in found if one["_id"] in taken]
            if found:
                return [_to_occurrence(one) for one in found]
        return []

    def settle(self, occurrences: Sequence[Occurrence], runs: Sequence[TriggerRun]) -> None:  # noqa: D102
        # What was fired first: an occurrence that is given again leads to the same runs.
        now = self.store.now()
        self._write(schema.TRIGGER, [self._run_write(run, now) for run in runs])
        writes: list[UpdateOne | DeleteOne] = []
        for each in occurrences:
            condition = {"_id": self._occurrence_key(each), "a": self.store.app, "open": True}
            if each.kind is OccurrenceKind.EVENT:
                writes.append(UpdateOne(condition, {"$set": {"settled_at": now}, "$unset": {"open": ""}}))
            else:
                writes.append(DeleteOne(condition))
        self._write(schema.OCCURRENCES, writes)

    def list_events(self, limit: int) -> list[Occurrence]:  # noqa: D102
        query = {"a": self.store.app, "kind": OccurrenceKind.EVENT.value, "trigger_id": None}
        found = self._find(schema.OCCURRENCES, query, sort=[("n", -1)], limit=limit, hint="events")
        return [_to_occurrence(one) for one in found]

    def _to_document(self, each: Occurrence, now: float) -> Document:
        document: Document = {
            "_id": self._occurrence_key(each),
            "a": self.store.app,
            "n": Timestamp(0, 0),  # filled in by the server
            "occurrence_id": each.occurrence_id,
            "kind": each.kind.value,
            "source": each.source,
            "at": each.at or now,
            "open": True,
            "until": 0.0,
        }
        optional = {
            "invocation_id": each.invocation_id,
            "status": each.status.value if each.status else None,
            "payload": each.payload or None,
            "trigger_id": each.trigger_id,
        }
        return document | {name: value for name, value in optional.items() if value is not None}

    def _occurrence_key(self, each: Occurrence) -> str:
        return self.store.key(f"{len(each.occurrence_id)}:{each.occurrence_id}/{each.trigger_id or ''}")

    # -- combined conditions --------------------------------------------------------------------------

    def pair(self, requests: Sequence[PairRequest]) -> list[tuple[str, ...] | None]:  # noqa: D102
        together: dict[str, list[PairRequest]] = {}
        for request in requests:
            together.setdefault(self._slots_key(request), []).append(request)
        filled = {key: self._fill(key, those) for key, those in together.items()}
        return [_used_with(filled[self._slots_key(request)], request) for request in requests]

    def _fill(self, key: str, requests: Sequence[PairRequest]) -> list[Document]:
        """Fill slots of one scope and key; all its fillers as this step leaves them.

        They are one document, written if nobody else changed it meanwhile. It is not read again for the answer:
        who fills in between would complete a run that then both were told of.
        """
        collection = self.store.collection(schema.TRIGGER)
        while True:
            with self.store.reading():
                found = collection.find_one({"_id": key, "a": self.store.app})
            fillers: list[Document] = found["fillers"] if found else []
            now = self.store.now()
            if not _add(fillers, requests, now):
                return fillers
            version = found["version"] if found else 0
            condition = {"_id": key, "a": self.store.app, "version": version if found else {"$exists": False}}
            first = requests[0]
            fields = {"kind": "slots", "scope": first.scope, "key": first.key, "at": now, "fillers": fillers}
            change = {"$set": {**fields, "version": version + 1}}
            try:
                with self.store.writing():
                    if collection.update_one(condition, change, upsert=not found).matched_count or not found:
                        return fillers
            except DuplicateKeyError:
                continue  # somebody else created it

    def list_halves(self, scope_prefix: str, limit: int) -> list[Half]:  # noqa: D102
        open_ones = {"$elemMatch": {"complete": {"$exists": False}}}
        scopes = {"$gte": scope_prefix, "$lt": scope_prefix + "\U0010ffff"}
        steps: list[Document] = [
            {"$match": {"a": self.store.app, "kind": "slots"}},
            {"$sort": {"at": -1}},
            {"$limit": _LOOKS},
            {"$match": {"scope": scopes, "fillers": open_ones}},
            {"$limit": limit},
        ]
        with self.store.reading():
            found = list(self.store.collection(schema.TRIGGER).aggregate(steps, hint="age"))
        waiting = (
            Half(each["scope"], each["key"], one["slot"], one["data"], one["at"])
            for each in found
            for one in each["fillers"]
            if "complete" not in one
        )
        return list(islice(waiting, limit))

    def _slots_key(self, request: PairRequest) -> str:
        scope = f"{len(request.scope)}:{request.scope}/{request.key}"
        return self._key("slots", hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest())

    # -- cursors --------------------------------------------------------------------------------------

    def get_cursors(self, defaults: Mapping[str, float]) -> dict[str, float]:  # noqa: D102
        found = self._cursors(defaults)
        missing = [
            {
                "_id": self._key("cursor", name),
                "a": self.store.app,
                "kind": "cursor",
                "name": name,
                "value": value,
            }
            for name, value in defaults.items()
            if name not in found
        ]
        if missing:
            insert_new(self.store.server, schema.TRIGGER, missing)
            found = self._cursors(defaults)
        return found

    def _cursors(self, names: Iterable[str]) -> dict[str, float]:
        query = {"_id": {"$in": [self._key("cursor", name) for name in names]}, "a": self.store.app}
        return {one["name"]: one["value"] for one in self._find(schema.TRIGGER, query)}

    def advance_cursors(self, values: Mapping[str, float]) -> None:  # noqa: D102
        self._write(
            schema.TRIGGER,
            [
                UpdateOne({"_id": self._key("cursor", name), "a": self.store.app}, {"$max": {"value": value}})
                for name, value in values.items()
            ],
        )

    # -- runs and retention ---------------------------------------------------------------------------

    def list_runs(self, trigger_id: str | None, limit: int) -> list[TriggerRun]:  # noqa: D102
        query: Document = {"a": self.store.app, "kind": "run"}
        if trigger_id is not None:
            query["trigger_id"] = trigger_id
        index = "kind" if trigger_id is None else "trigger"
        return [
            _to_run(one)
            for one in self._find(schema.TRIGGER, query, sort=[("n", -1)], limit=limit, hint=index)
        ]

    def find_runs(self, ids: Sequence[InvocationId]) -> dict[InvocationId, TriggerRun]:  # noqa: D102
        query = {"_id": {"$in": [self._key("run", one) for one in ids]}, "a": self.store.app}
        found = self._find(schema.TRIGGER, {**query, "invocation_id": {"$exists": True}})
        return {InvocationId(one["run_id"]): _to_run(one) for one in found}

    def _run_write(self, run: TriggerRun, now: float) -> UpdateOne:
        fields = {
            "kind": "run",
            "run_id": run.run_id,
            "trigger_id": run.trigger_id,
            "at": now,
            "occurrence_ids": list(run.occurrence_ids),
            "error": run.error,
            "chain": list(run.chain),
        }
        change: Document = {"$set": fields, **_NEXT}
        if run.invocation_id is None:
            change["$unset"] = {"invocation_id": ""}
        else:
            fields["invocation_id"] = run.invocation_id
        return UpdateOne({"_id": self._key("run", run.run_id), "a": self.store.app}, change, upsert=True)

    def delete_expired(self, age_seconds: float) -> None:  # noqa: D102
        before = self.store.now() - age_seconds
        app = self.store.app
        with self.store.writing():
            self.store.collection(schema.OCCURRENCES).delete_many(
                {"a": app, "kind": OccurrenceKind.EVENT.value, "at": {"$lte": before}}
            )
            trigger = self.store.collection(schema.TRIGGER)
            trigger.delete_many({"a": app, "kind": "run", "at": {"$lte": before}})
            trigger.update_many(
                {"a": app, "kind": "slots"},
                {"$pull": {"fillers": {"at": {"$lte": before}}}, "$inc": {"version": 1}},
            )
            trigger.delete_many({"a": app, "kind": "slots", "fillers": []})

    def purge(self) -> None:  # noqa: D102
        with self.store.writing():
            self.store.collection(schema.OCCURRENCES).delete_many({"a": self.store.app})
            # What is watched belongs to the orchestrator, which may be in the same database.
            self.store.collection(schema.TRIGGER).delete_many(
                {"a": self.store.app, "kind": {"$ne": "watched"}}
            )

    # -- documents ------------------------------------------------------------------------------------

    def _key(self, kind: str, name: str) -> str:
        return self.store.key(f"{kind}/{name}")

    def _find(self, collection: str, query: Document, **options: Any) -> list[Document]:
        with self.store.reading():
            return list(self.store.collection(collection).find(query, **options))

    def _write(self, collection: str, writes: Sequence[UpdateOne | DeleteOne]) -> int:
        """Carry out writes in one command each; how many met a document."""
        if not writes:
            return 0
        with self.store.writing():
            return self.store.collection(collection).bulk_write(list(writes), ordered=False).matched_count


def _add(fillers: list[Document], requests: Sequence[PairRequest], now: float) -> bool:
    """Add those that are not there yet, and use what they complete; whether any was added."""
    known = {(one["slot"], one["id"]) for one in fillers}
    before = len(fillers)
    for request in requests:
        if (request.slot, request.occurrence_id) not in known:
            known.add((request.slot, request.occurrence_id))
            filler = {"slot": request.slot, "id": request.occurrence_id, "data": request.data, "at": now}
            fillers.append(filler)
            _complete(fillers, filler, request, now)
    return len(fillers) > before


def _complete(fillers: list[Document], filler: Document, request: PairRequest, now: float) -> None:
    """Use the one that waited longest in each slot, if there is one in each."""
    first: dict[int, Document] = {}
    for one in fillers:
        fresh = one is filler or one["at"] > now - request.ttl_seconds
        if "complete" not in one and fresh:
            first.setdefault(one["slot"], one)
    if len(first) == request.slots:
        mark = f"{request.slot}/{request.occurrence_id}"
        for one in first.values():
            one["complete"] = mark


def _used_with(fillers: list[Document], request: PairRequest) -> tuple[str, ...] | None:
    mine = next(one for one in fillers if (one["slot"], one["id"]) == (request.slot, request.occurrence_id))
    if "complete" not in mine:
        return None
    together = [one for one in fillers if one.get("complete") == mine["complete"]]
    return tuple(one["data"] for one in sorted(together, key=lambda one: one["slot"]))


def _to_occurrence(document: Document) -> Occurrence:
    status = document.get("status")
    return Occurrence(
        occurrence_id=document["occurrence_id"],
        kind=OccurrenceKind(document["kind"]),
        source=document["source"],
        at=document["at"],
        invocation_id=document.get("invocation_id"),
        status=InvocationStatus(status) if status else None,
        payload=document.get("payload", ""),
        trigger_id=document.get("trigger_id"),
    )


def _to_run(document: Document) -> TriggerRun:
    return TriggerRun(
        run_id=document["run_id"],
        trigger_id=document["trigger_id"],
        at=document["at"],
        occurrence_ids=tuple(document["occurrence_ids"]),
        invocation_id=document.get("invocation_id"),
        error=document["error"],
        chain=tuple(document["chain"]),
    )
