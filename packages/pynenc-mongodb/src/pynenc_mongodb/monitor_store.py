"""MongoMonitorStore: reads for people, each along an index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import starmap
from typing import Any

from bson import Timestamp

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Registered, Waits, equal_parts
from pynenc.values.record_filter import RecordFilter
from pynenc.values.records import HistoryEntry, InvocationRecord, OutcomeKind
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import FINAL, RECOVERING, InvocationStatus
from pynenc_mongodb import codec, schema
from pynenc_mongodb.family import find_family
from pynenc_mongodb.record_filter import match_of
from pynenc_mongodb.schema import DELAYED, READY, Document
from pynenc_mongodb.store import MongoStore

_FAILED = dict.fromkeys(("ended_at", "task_id", "outcome.error_type", "outcome.fingerprint"), 1)
_IS_FAILED: Document = {"outcome.kind": OutcomeKind.EXCEPTION.value}
_FINISHED = dict.fromkeys(("ended_at", "status", "task_id", "runner_id", "started_at", "available_at"), 1)
_OPEN: Document = {"status": {"$nin": sorted(status.value for status in FINAL)}}


class MongoMonitorStore(BaseMonitorStore):
    """The records of an app in a database, for people."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    def change_token(self) -> str:  # noqa: D102
        newest: dict[str, Any] = {"limit": 1, "hint": "changed"}
        found = self._find({}, {"status_at": 1, "seq": 1}, sort=[("status_at", -1)], **newest)
        fields = dict.fromkeys(("changed_at", "stopped_at", "drains"), 1)
        found += self._find({}, fields, schema.RUNNERS, sort=[("changed_at", -1)], **newest)
        return "|".join(str(sorted(one.items())) for one in found)

    def count_by_task(self) -> dict[str, dict[InvocationStatus, int]]:  # noqa: D102
        counts: dict[str, dict[InvocationStatus, int]] = {}
        pipeline: list[Document] = [
            {"$match": {"a": self._store.app}},
            {"$group": {"_id": {"task_id": "$task_id", "status": "$status"}, "count": {"$sum": 1}}},
        ]
        with self._store.reading():
            for one in self._store.collection(schema.INVOCATIONS).aggregate(pipeline, hint="task"):
                counts.setdefault(one["_id"]["task_id"], {})[codec.status_of(one["_id"])] = one["count"]
        return counts

    def count_recovered(self) -> dict[InvocationStatus, int]:  # noqa: D102
        found = self._find(self._store.by_ids([schema.RECOVERED]), None, schema.RUNNERS)
        return {status: one[status.value] for one in found for status in RECOVERING if status.value in one}

    # -- lists ----------------------------------------------------------------------------------------

    def list_invocations(self, query: RecordQuery) -> RecordPage:  # noqa: D102
        direction, behind = (1, "$gt") if query.oldest_first else (-1, "$lt")
        window: Document = {behind: _position(query.cursor)} if query.cursor else {}
        stop = self._stop(query, window, direction)
        if stop is not None:
            window["$lte" if query.oldest_first else "$gte"] = stop
        condition = self._condition(query)
        if window:
            condition["n"] = window
        documents = self._in_order(query.root_id, condition, direction, query.limit + 1)
        found = documents[: query.limit]
        following = None
        if len(documents) > query.limit:
            following = _cursor(found[-1]["n"])
        elif stop is not None:
            following = _cursor(stop)
        return RecordPage(tuple(self._records(found)), following)

    def _in_order(
        self, root_id: str | None, condition: Document, direction: int, limit: int
    ) -> list[Document]:
        if root_id is None:
            return self._find(condition, codec.SLIM, sort=[("n", direction)], limit=limit)
        with self._store.reading():
            return find_family(
                self._store.collection(schema.INVOCATIONS),
                {"a": self._store.app, **condition},
                self._store.key(root_id),
                codec.SLIM,
                direction,
                limit,
            )

    def _condition(self, query: RecordQuery) -> Document:
        condition: Document = {}
        if query.task_id is not None:
            condition["task_id"] = query.task_id
        if query.statuses is not None:
            condition["status"] = {"$in": sorted(status.value for status in query.statuses)}
        elif query.task_id is not None:
            condition["status"] = {"$in": sorted(status.value for status in InvocationStatus)}
        if query.rerun_of is not None:
            condition["rerun_of"] = query.rerun_of
        if query.root_id is not None:
            condition["root_id"] = query.root_id
        if query.workflows:
            condition["workflow_id"] = {"$exists": True}
            condition["$expr"] = {"$eq": ["$_id", {"$concat": [f"{self._store.app}/", "$workflow_id"]}]}
        if query.where is not None:
            condition["$and"] = [match_of(query.where, self._store.key)]
        return condition

    def _stop(self, query: RecordQuery, window: Document, direction: int) -> Timestamp | None:
        """The position after which the search is cut off; None when it ends before, or an index has the answers."""
        common = query.statuses is not None and InvocationStatus.SUCCESS in query.statuses
        options: dict[str, Any] = {}
        if query.root_id is None and query.rerun_of is None and (common or query.workflows):
            # Successes are most of what there is: they are found along the order of submission.
            condition: Document = {"workflow_id": {"$exists": True}} if query.workflows else {}
            options["hint"] = "workflow" if query.workflows else "order"
        elif query.where is not None:
            condition = self._condition(replace(query, where=None))
        else:
            return None
        if window:
            condition["n"] = window
        options |= {"sort": [("n", direction)], "skip": query.search_limit - 1, "limit": 1}
        found = self._find(condition, {"n": 1, "_id": 0}, **options)
        return found[0]["n"] if found else None

    def find_cursor(self, before: float) -> str:  # noqa: D102
        found = self._find(_since(before), {"n": 1}, sort=[("n", 1)], limit=1, hint="order")
        return _cursor(found[0]["n"]) if found else ""

    def get_invocations(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        found = self._records(self._find(self._store.by_ids(ids), codec.SLIM))
        return {record.invocation_id: record for record in found}

    def find_by_prefix(self, prefix: str, limit: int) -> list[InvocationRecord]:  # noqa: D102
        if not prefix:
            return []
        keys = {"$gte": self._store.key(prefix), "$lt": self._store.key(prefix + "\U0010ffff")}
        return self._records(self._find({"_id": keys}, codec.SLIM, sort=[("_id", 1)], limit=limit))

    def find_by_suffix(self, suffix: str, limit: int, search_limit: int) -> list[InvocationRecord]:  # noqa: D102
        pipeline: list[Document] = [
            {"$match": {"_id": {"$gte": self._store.key(""), "$lt": self._store.key("\U0010ffff")}}},
            {"$sort": {"_id": -1}},
            {"$limit": search_limit},
            {"$project": {"_id": 1}},
            {"$match": {"_id": {"$regex": f"{re.escape(suffix)}\\z"}}},
            {"$limit": limit},
        ]
        with self._store.reading():
            collection = self._store.collection(schema.INVOCATIONS)
            found = [self._store.id_of(one) for one in collection.aggregate(pipeline, hint="_id_")]
        records = self.get_invocations(found)
        return [records[one] for one in found if one in records]

    # -- one invocation -------------------------------------------------------------------------------

    def get_histories(self, ids: Sequence[InvocationId]) -> dict[InvocationId, list[HistoryEntry]]:  # noqa: D102
        found = self._find(self._store.by_ids(ids), {"history": 1})
        return {self._store.id_of(one): codec.to_history(one.get("history", ())) for one in found}

    def get_payloads(self, invocation_id: InvocationId, limit: int) -> Mapping[PayloadKind, str]:  # noqa: D102
        found = self._find(self._store.by_ids([invocation_id]), {"arguments": 1, "outcome.data": 1})
        self._store.pieces.fill(found)
        stored = {
            kind: text
            for one in found
            for kind, text in (
                (PayloadKind.ARGUMENTS, one.get("arguments")),
                (PayloadKind.OUTCOME, (one.get("outcome") or {}).get("data")),
            )
        }
        return {kind: text[:limit] for kind, text in stored.items() if text is not None}

    def get_merges(self, ids: Sequence[InvocationId]) -> dict[InvocationId, Merges]:  # noqa: D102
        found = self._find(self._store.by_ids(ids), {"merges": 1})
        return {self._store.id_of(one): codec.to_merges(one) for one in found if "merges" in one}

    def list_waits(self, invocation_id: InvocationId, limit: int) -> Waits:  # noqa: D102
        own = self._find({**self._store.by_ids([invocation_id]), **_OPEN}, {"waits": 1})
        if not own:
            return Waits((), ())
        # A wait lasts as long as what is waited for is open.
        on = self._find({**self._store.by_ids(own[0].get("waits", ())), **_OPEN}, {"_id": 1}, limit=limit)
        by = self._find({"waits": invocation_id}, {"_id": 1}, limit=limit, hint="waiting")
        return Waits(*(tuple(map(self._store.id_of, found)) for found in (on, by)))

    def count_families(  # noqa: D102
        self, roots: Sequence[InvocationId], most: int
    ) -> dict[InvocationId, dict[InvocationStatus, int]]:
        def count(root_id: InvocationId) -> list[Document]:
            return [
                {"$match": {"a": self._store.app, "root_id": root_id}},
                {"$sort": {"n": 1}},
                {"$limit": most},
                {"$group": {"_id": {"root_id": "$root_id", "status": "$status"}, "n": {"$sum": 1}}},
            ]

        counts: dict[InvocationId, dict[InvocationStatus, int]] = {}
        for one in self._of_each(map(count, roots)) if roots else ():
            key = one["_id"]
            counts.setdefault(key["root_id"], {})[codec.status_of(key)] = one["n"]
        return counts

    # -- what happens and happened --------------------------------------------------------------------

    def list_registered(self, since: float, limit: int) -> list[Registered]:  # noqa: D102
        if limit < 1:
            return []
        newest: dict[str, Any] = {"sort": [("n", -1)], "limit": limit, "hint": "order"}
        return [
            Registered(
                one["created_at"],
                codec.status_of(one),
                one["task_id"],
                self._store.id_of(one),
                one.get("runner_id"),
                one.get("started_at"),
                one["available_at"],
                one.get("ended_at"),
            )
            for one in self._find(_since(since), {**_FINISHED, "created_at": 1}, **newest)
        ]

    def list_finished(  # noqa: D102
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        condition = {"ended_at": {"$gte": since, "$lt": until}}
        order = [("ended_at", 1 if oldest_first else -1)]
        return [
            self._finished(one)
            for one in self._find(condition, _FINISHED, sort=order, limit=limit, hint="ended")
        ]

    def sample_finished(  # noqa: D102
        self, since: float, until: float, parts: int, each: int, *, beyond: int
    ) -> list[list[Finished]]:
        if self._counts([self._ended(since, until)], beyond + 1)[0] <= beyond:
            return []

        def latest(at: int, edges: tuple[float, float]) -> list[Document]:
            return [
                {"$match": self._ended(*edges)},
                {"$sort": {"ended_at": -1}},
                {"$limit": each},
                {"$project": {**_FINISHED, "part": {"$literal": at}}},
            ]

        found: list[list[Finished]] = [[] for _ in range(parts)]
        for one in self._of_each(starmap(latest, enumerate(equal_parts(since, until, parts)))):
            found[one["part"]].append(self._finished(one))
        return found

    def count_failed(  # noqa: D102
        self, since: float, until: float, parts: int, most: int, where: RecordFilter | None = None
    ) -> list[int]:
        failed = [self._ended(*edges) | _IS_FAILED for edges in equal_parts(since, until, parts)]
        return self._counts(failed, most, where)

    def _counts(
        self, conditions: Sequence[Document], most: int, where: RecordFilter | None = None
    ) -> list[int]:
        """How many fulfil each, counted up to so many; in one command."""
        fitting = [] if where is None else [{"$match": match_of(where, self._store.key)}]

        def count(at: int, condition: Document) -> list[Document]:
            first: list[Document] = [{"$match": condition}, {"$limit": most}]
            return [*first, *fitting, {"$group": {"_id": at, "n": {"$sum": 1}}}]

        counts = {one["_id"]: one["n"] for one in self._of_each(starmap(count, enumerate(conditions)))}
        return [counts.get(at, 0) for at in range(len(conditions))]

    def _ended(self, since: float, until: float) -> Document:
        return {"a": self._store.app, "ended_at": {"$gte": since, "$lt": until}}

    def _of_each(self, pipelines: Iterable[list[Document]]) -> list[Document]:
        """What several pipelines find, in one command."""
        first, *others = pipelines
        union = [{"$unionWith": {"coll": schema.INVOCATIONS, "pipeline": one}} for one in others]
        with self._store.reading():
            return list(self._store.collection(schema.INVOCATIONS).aggregate([*first, *union]))

    def _finished(self, one: Document) -> Finished:
        return Finished(
            one["ended_at"],
            codec.status_of(one),
            one["task_id"],
            self._store.id_of(one),
            one.get("runner_id"),
            one.get("started_at"),
            one["available_at"],
        )

    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:  # noqa: D102
        condition = {**_IS_FAILED, "ended_at": {"$gte": since, "$lt": until}}
        found = self._find(condition, _FAILED, sort=[("ended_at", -1)], limit=limit, hint="failed")
        return [
            Failed(
                one["ended_at"],
                one["task_id"],
                self._store.id_of(one),
                one["outcome"].get("error_type"),
                one["outcome"].get("fingerprint"),
            )
            for one in found
        ]

    def list_owned(self, limit: int, runner_id: str | None = None) -> list[InvocationRecord]:  # noqa: D102
        condition: Document = {"token": {"$exists": True}}
        if runner_id is not None:
            condition["runner_id"] = runner_id
        return self._records(self._find(condition, codec.SLIM, limit=limit, hint="owned"))

    def find_longest_waiting(self) -> InvocationRecord | None:  # noqa: D102
        rank = [("dependents", -1), ("priority", -1), ("n", 1)]
        due = {"q": DELAYED, "available_at": {"$lte": self._store.now()}}
        found = self._find({"q": READY}, codec.SLIM, sort=rank, limit=1, hint="ready")
        found += self._find(due, codec.SLIM, sort=[("available_at", 1)], limit=1, hint="delayed")
        return min(self._records(found), key=lambda record: record.available_at, default=None)

    # -- runners --------------------------------------------------------------------------------------

    def list_runners(self, limit: int) -> list[RunnerRecord]:  # noqa: D102
        found: list[Document] = []
        for stopped in (False, True):
            if len(found) < limit:
                condition = {"started_at": {"$exists": True}, "stopped_at": {"$exists": stopped}}
                order = [("started_at", -1), ("_id", -1)]
                found += self._find(
                    condition, None, schema.RUNNERS, sort=order, limit=limit - len(found), hint="start"
                )
        return [codec.to_runner(one) for one in found]

    def find_lease(self, name: str) -> Lease | None:  # noqa: D102
        found = self._find(self._store.by_ids([f"lease/{name}"]), None, schema.RUNNERS)
        return Lease(found[0]["holder"], found[0]["until"]) if found else None

    def get_runners(self, ids: Sequence[str]) -> dict[str, RunnerRecord]:  # noqa: D102
        found = self._find(self._store.by_ids(f"runner/{one}" for one in ids), None, schema.RUNNERS)
        return {one["runner_id"]: codec.to_runner(one) for one in found}

    # -- documents ------------------------------------------------------------------------------------

    def _find(
        self,
        condition: Document,
        fields: Mapping[str, int] | None,
        collection: str = schema.INVOCATIONS,
        **options: Any,
    ) -> list[Document]:
        with self._store.reading():
            query = {"a": self._store.app, **condition}
            return list(self._store.collection(collection).find(query, fields, **options))

    def _records(self, documents: Sequence[Document]) -> list[InvocationRecord]:
        return [codec.to_record(self._store.id_of(one), one) for one in documents]


def _since(instant: float) -> Document:
    """What was registered then or later, as it is found along the order of submission."""
    # The place there begins with the second of the registration.
    second = min(max(0, int(instant) - 1), 2**32 - 1)
    return {"n": {"$gte": Timestamp(second, 0)}, "created_at": {"$gte": instant}}


def _position(cursor: str) -> Timestamp:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise ValueError(f"{cursor!r} is no position in a list of invocations")
    seconds, ordinal = divmod(int(cursor), 2**32)
    return Timestamp(min(seconds, 2**32 - 1), ordinal)


def _cursor(position: Timestamp) -> str:
    return str(position.time * 2**32 + position.inc)
