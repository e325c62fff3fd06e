"""MongoOrchestrator: every operation is a few conditional writes of single documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.exceptions import CommitUnknownError, StoreError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import (
    Due,
    InvocationQuery,
    NewInvocation,
    OwnedInvocation,
    Step,
    StepAnswer,
    SubmitAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.runners import Beat, BeatAnswer, RunnerRecord
from pynenc.values.status import FINAL, InvocationStatus
from pynenc.values.triggers import Occurrence
from pynenc.values.workflows import RecordedOperation
from pynenc_mongodb import claims, codec, moves, schema, slots, workflows
from pynenc_mongodb.claimed import Claimed
from pynenc_mongodb.component import MongoComponent
from pynenc_mongodb.conf import ConfigOrchestratorMongo
from pynenc_mongodb.family import find_family
from pynenc_mongodb.monitor_store import MongoMonitorStore
from pynenc_mongodb.outbox import Outbox
from pynenc_mongodb.pieces import OF_INVOCATION
from pynenc_mongodb.runners import RunnerRows
from pynenc_mongodb.schema import DELAYED, READY, Document
from pynenc_mongodb.session import Session
from pynenc_mongodb.store import MongoStore
from pynenc_mongodb.submission import submit

_FINAL = sorted(status.value for status in FINAL)
_STATUSES = sorted(status.value for status in InvocationStatus)
_BATCH = 500


class MongoOrchestrator(MongoComponent, BaseOrchestrator):
    """The records of an app in a database."""

    config_cls = ConfigOrchestratorMongo
    store: MongoStore

    def __init__(self, store: MongoStore) -> None:
        super().__init__(store)
        self._runners = RunnerRows(store)
        self._outbox = Outbox(store)
        self._claimed = Claimed(store)

    # -- the hot operations ---------------------------------------------------------------------------

    def submit(  # noqa: D102
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> list[SubmitAnswer]:
        return submit(self.store, self._outbox.watched(), batch, data)

    def advance(self, step: Step) -> StepAnswer:  # noqa: D102
        session = Session(self.store, self._outbox.watched())
        try:
            return self._carry_out(session, step)
        except CommitUnknownError:
            raise
        except StoreError as error:
            if not session.wrote:
                raise
            raise CommitUnknownError(f"a part of a step was written: {error}") from error

    def _carry_out(self, session: Session, step: Step) -> StepAnswer:
        for document in self._claimed.take(step.moves):
            session.adopt(document)
        answers = moves.carry_out(session, step.moves) if step.moves else []
        delivered: tuple[bool, ...] = (False,) * len(step.messages)
        if step.messages and all(answer.accepted for answer in answers):
            delivered = workflows.deliver(session, step.messages)
        entered = all(
            answer.accepted
            for move, answer in zip(step.moves, answers, strict=True)
            if move.to is InvocationStatus.PAUSED
        )
        found = claims.Found()
        if step.claim is not None and entered:
            found = claims.claim(session, step.claim)
            self._claimed.keep(found.documents)
        self.store.pieces.fill(found.documents)
        due = (
            None if found.documents or found.next_due is None else max(0.0, found.next_due - self.store.now())
        )
        return StepAnswer(
            moves=tuple(answers),
            delivered=delivered,
            claims=tuple(codec.to_claim(self.store.id_of(one), one) for one in found.documents),
            unparked=tuple(session.unparked),
            next_due_seconds=due,
            states=self.get_states(step.read),
        )

    # -- reads ----------------------------------------------------------------------------------------

    def get_states(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:  # noqa: D102
        heard = self.store.heard.take(ids)
        found = self._by_ids([one for one in ids if one not in heard], codec.STATE)
        return {one: codec.to_state(one, document) for one, document in (*heard.items(), *found)}

    def get_records(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        return {
            invocation_id: codec.to_record(invocation_id, document)
            for invocation_id, document in self._by_ids(ids, codec.RECORD)
        }

    def _by_ids(
        self, ids: Sequence[InvocationId], fields: Mapping[str, int]
    ) -> Iterator[tuple[InvocationId, Document]]:
        if not ids:
            return
        with self.store.reading():
            found = list(self.store.collection(schema.INVOCATIONS).find(self.store.by_ids(ids), fields))
        self.store.pieces.fill(found)
        for document in found:
            yield self.store.id_of(document), document

    def find_results(self, task_id: str, args_ids: Sequence[str]) -> dict[str, InvocationState]:  # noqa: D102
        query = {
            "a": self.store.app,
            "task_id": task_id,
            "args_id": {"$in": list(args_ids)},
            "caches_result": True,
            "status": InvocationStatus.SUCCESS.value,
        }
        with self.store.reading():
            found = list(
                self.store.collection(schema.INVOCATIONS).find(
                    query, {**codec.STATE, "args_id": 1, "n": 1}, hint="results"
                )
            )
        latest = {document["args_id"]: document for document in sorted(found, key=lambda one: one["n"])}
        self.store.pieces.fill(latest.values())
        return {args_id: codec.to_state(self.store.id_of(one), one) for args_id, one in latest.items()}

    def get_history(self, invocation_id: InvocationId) -> list[HistoryEntry]:  # noqa: D102
        found = self._find(invocation_id, "history")
        return [] if found is None else codec.to_history(found.get("history", ()))

    def _find(self, invocation_id: InvocationId, *fields: str) -> Document | None:
        with self.store.reading():
            return self.store.collection(schema.INVOCATIONS).find_one(
                {"_id": self.store.key(invocation_id), "a": self.store.app}, dict.fromkeys(fields, 1)
            )

    def list_records(self, query: InvocationQuery) -> list[InvocationRecord]:  # noqa: D102
        condition: Document = {"a": self.store.app}
        for name in ("task_id", "parent_id", "root_id", "runner_id", "awaits"):
            value = getattr(query, name)
            if value is not None:
                condition[name] = value
        if query.awaits is not None:
            condition["ended_at"] = {"$exists": False}
        if query.workflows:
            condition["workflow_id"] = {"$exists": True}
            condition["$expr"] = {"$eq": ["$_id", {"$concat": [f"{self.store.app}/", "$workflow_id"]}]}
        if query.statuses is not None:
            condition["status"] = {"$in": sorted(status.value for status in query.statuses)}
        elif query.task_id is not None:
            condition["status"] = {"$in": _STATUSES}  # so that the index gives the order too
        if query.after is not None:
            after = self._find(query.after, "n")
            if after is None:
                return []
            condition["n"] = {"$gt" if query.oldest_first else "$lt": after["n"]}
        order = 1 if query.oldest_first else -1
        collection = self.store.collection(schema.INVOCATIONS)
        with self.store.reading():
            if query.root_id is not None:
                root_key = self.store.key(query.root_id)
                found = find_family(collection, condition, root_key, codec.RECORD, order, query.limit)
            else:
                found = list(collection.find(condition, codec.RECORD, sort=[("n", order)], limit=query.limit))
        self.store.pieces.fill(found)
        return [codec.to_record(self.store.id_of(document), document) for document in found]

    def list_operations(self, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:  # noqa: D102
        return workflows.list_operations(self.store, workflow_id, after, limit)

    def list_messages(self, workflow_id: str, name: str, after: int, limit: int) -> list[str]:  # noqa: D102
        return workflows.list_messages(self.store, workflow_id, name, after, limit)

    def get_workflow_values(self, workflow_id: str, names: Sequence[str] | None = None) -> dict[str, str]:  # noqa: D102
        values = workflows.values_of(self.store, workflow_id)
        return values if names is None else {name: values[name] for name in names if name in values}

    def count_by_status(self, task_id: str | None = None) -> dict[InvocationStatus, int]:  # noqa: D102
        # Counted in an index, without looking at documents: a counter of its own would be a second document to
        # write with every status, and wrong after a crash between the two.
        match: Document = {"a": self.store.app}
        if task_id is not None:
            match["task_id"] = task_id
        pipeline = [{"$match": match}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}]
        with self.store.reading():
            found = self.store.collection(schema.INVOCATIONS).aggregate(
                pipeline, hint="status" if task_id is None else "task"
            )
            return {codec.status_of({"status": one["_id"]}): one["count"] for one in found}

    def find_available(self, ids_after: InvocationId | None, limit: int) -> list[InvocationId]:  # noqa: D102
        after = self._find(ids_after, "n") if ids_after is not None else None
        behind: Document = {"n": {"$gt": after["n"]}} if after is not None else {}
        due = {"q": DELAYED, "available_at": {"$lte": self.store.now()}}
        with self.store.reading():
            collection = self.store.collection(schema.INVOCATIONS)
            found = [
                document
                for conditions, index in (({"q": READY}, "ready"), (due, "delayed"))
                for document in collection.find(
                    {"a": self.store.app, **conditions, **behind},
                    {"n": 1},
                    sort=[("n", 1)],
                    limit=limit,
                    hint=index,
                )
            ]
        found.sort(key=lambda one: one["n"])
        return [self.store.id_of(document) for document in found[:limit]]

    def take_due(self, limit: int) -> Due:  # noqa: D102
        session = Session(self.store, self._outbox.watched())
        promoted = claims.promote_due(session, limit)
        with self.store.reading():
            following = self.store.collection(schema.INVOCATIONS).find_one(
                {"a": self.store.app, "q": DELAYED},
                {"available_at": 1},
                sort=[("available_at", 1)],
                hint="delayed",
            )
        due = None if following is None else max(0.0, following["available_at"] - session.now)
        return Due(tuple(self.store.id_of(document) for document in promoted), due)

    def count_delayed(self) -> int:  # noqa: D102
        with self.store.reading():
            return self.store.collection(schema.INVOCATIONS).count_documents(
                {"a": self.store.app, "q": DELAYED}, hint="delayed"
            )

    def get_waits(self) -> dict[InvocationId, list[InvocationId]]:  # noqa: D102
        with self.store.reading():
            found = self.store.collection(schema.INVOCATIONS).find(
                {"a": self.store.app, "waits": {"$exists": True}}, {"waits": 1}, hint="waiting"
            )
            waits = {self.store.id_of(document): document["waits"] for document in found}
        session = Session(self.store, self._outbox.watched())
        pending = {row.invocation_id for row in session.open_rows(one for on in waits.values() for one in on)}
        still_open = {waiter: [one for one in on if one in pending] for waiter, on in waits.items()}
        return {waiter: on for waiter, on in still_open.items() if on}

    # -- runners --------------------------------------------------------------------------------------

    def beat(self, beat: Beat) -> BeatAnswer:  # noqa: D102
        return self._runners.beat(beat)

    def request_drain(self, runner_id: RunnerId) -> bool:  # noqa: D102
        return self._runners.drain(runner_id)

    def list_runners(self, *, include_stopped: bool = False) -> list[RunnerRecord]:  # noqa: D102
        return self._runners.list_all(include_stopped=include_stopped)

    def forget_runners(self, age_seconds: float) -> None:  # noqa: D102
        self._runners.forget(age_seconds, self._owners())

    def find_orphans(self, dead: Sequence[RunnerId], limit: int) -> list[OwnedInvocation]:  # noqa: D102
        # Looks at who owns something, which are few, not at all the runners that ever stopped.
        owners = self._owners()
        lost = set(dead) | set(self._runners.find_stopped([one for one in owners if one not in dead]))
        query = {"a": self.store.app, "token": {"$exists": True}, "runner_id": {"$in": sorted(lost)}}
        with self.store.reading():
            found = self.store.collection(schema.INVOCATIONS).find(
                query, codec.HOT, limit=limit, hint="owned"
            )
            return [codec.to_owned(self.store.id_of(document), document) for document in found]

    def _owners(self) -> list[str]:
        pipeline: list[Document] = [
            {"$match": {"a": self.store.app, "token": {"$exists": True}}},
            {"$group": {"_id": "$runner_id"}},
        ]
        with self.store.reading():
            found = self.store.collection(schema.INVOCATIONS).aggregate(pipeline, hint="owned")
            return [document["_id"] for document in found]

    def open_monitor_store(self) -> MongoMonitorStore:  # noqa: D102
        return MongoMonitorStore(self.store)

    def repair(self) -> None:  # noqa: D102
        slots.repair(Session(self.store, self._outbox.watched()))

    # -- occurrences ----------------------------------------------------------------------------------

    def watch_statuses(  # noqa: D102
        self, watched: Mapping[str, frozenset[InvocationStatus]], forget_seconds: float
    ) -> None:
        self._outbox.watch(watched, forget_seconds)

    def take_occurrences(self, limit: int, lease_seconds: float) -> list[Occurrence]:  # noqa: D102
        return self._outbox.take(limit, lease_seconds)

    def acknowledge_occurrences(self, ids: Sequence[str]) -> None:  # noqa: D102
        self._outbox.acknowledge(ids)

    # -- removal --------------------------------------------------------------------------------------

    def find_expired(self, age_seconds: float, limit: int) -> list[InvocationId]:  # noqa: D102
        query = {"a": self.store.app, "ended_at": {"$lte": self.store.now() - age_seconds}}
        fields = {"workflow_id": 1, "root_id": 1, "parent_id": 1}
        expired: list[InvocationId] = []
        with self.store.reading():
            cursor = self.store.collection(schema.INVOCATIONS).find(
                query, fields, sort=[("ended_at", 1)], batch_size=_BATCH, hint="ended"
            )
            page: list[Document] = []
            for document in cursor:
                page.append(document)
                if len(page) == _BATCH:
                    expired += self._without_open_workflow(page)
                    page = []
                    if len(expired) >= limit:
                        break
            expired += self._without_open_workflow(page)
        return expired[:limit]

    def _without_open_workflow(self, documents: Sequence[Document]) -> list[InvocationId]:
        above = {
            self.store.id_of(one): {one.get("root_id"), one["workflow_id"], one.get("parent_id")} - {None}
            for one in documents
            if one.get("workflow_id") is not None
        }
        query = {
            **self.store.by_ids({one for ids in above.values() for one in ids}),
            "ended_at": {"$exists": False},
        }
        pending: set[str] = set()
        if above:
            found = self.store.collection(schema.INVOCATIONS).find(query, {"_id": 1})
            pending = {self.store.id_of(document) for document in found}
        ids = (self.store.id_of(document) for document in documents)
        return [one for one in ids if not (above.get(one, set()) & pending)]

    def delete(self, ids: Sequence[InvocationId]) -> None:  # noqa: D102
        for at in range(0, len(ids), _BATCH):
            chunk = ids[at : at + _BATCH]
            with self.store.writing():
                collection = self.store.collection(schema.INVOCATIONS)
                query = {**self.store.by_ids(chunk), "status": {"$in": _FINAL}}
                final = [self.store.id_of(document) for document in collection.find(query, {"_id": 1})]
                collection.delete_many({**self.store.by_ids(final), "status": {"$in": _FINAL}})
            if final:
                self.store.pieces.delete(OF_INVOCATION + one for one in final)
        self.store.heard.forget()

    def purge(self) -> None:  # noqa: D102
        with self.store.writing():
            for collection in (schema.INVOCATIONS, schema.SLOTS):
                self.store.collection(collection).delete_many({"a": self.store.app})
        self.store.pieces.purge(OF_INVOCATION)
        self._runners.purge()
        self._outbox.purge()
        self.store.heard.forget()
