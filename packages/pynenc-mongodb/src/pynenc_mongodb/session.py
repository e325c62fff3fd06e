"""The documents of one step: read once, changed in Python, each written back if nobody else changed it meanwhile.

Every change of a status counts ``seq`` up, so that a write that demands the ``seq`` that was read is a
compare-and-set of the whole document. Nothing is locked, and nothing needs a transaction: what one step changes in
several documents is several such writes, in an order in which each of them is right by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from pymongo import UpdateMany, UpdateOne

from pynenc.exceptions import CommitUnknownError, CorruptDataError, StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynenc_mongodb import codec, schema
from pynenc_mongodb.schema import DELAYED, READY, Document
from pynenc_mongodb.store import MongoStore
from pynenc_mongodb.watched import Watched

#: Done once a document is written: what others may redo.
Effect = Callable[[], None]


class Row:
    """One invocation inside of a step."""

    def __init__(
        self, invocation_id: InvocationId, document: Document, now: float, watched: frozenset[str]
    ) -> None:
        self.invocation_id = invocation_id
        self.document = document
        self.status = codec.status_of(document)
        try:
            self.seen_seq: int = document["seq"]
            #: Of everything that this step writes here; never before what is there.
            self.at: float = max(now, document["status_at"])
        except (KeyError, TypeError) as error:
            raise CorruptDataError(
                f"the stored invocation '{invocation_id}' is not complete: {error}"
            ) from error
        self.seq = self.seen_seq
        self._watched = watched
        self._set: Document = {}
        self._unset: set[str] = set()
        self._pushed: dict[str, list[Any]] = {}
        self.effects: list[Effect] = []
        #: What has to hold besides when it is written.
        self.conditions: Document = {}
        #: Added to the dependents of others together with it.
        self.weights: list[tuple[list[InvocationId], int]] = []

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return "ended_at" in self.document

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to write."""
        return bool(self._set or self._unset or self._pushed)

    def get(self, name: str, default: Any = None) -> Any:
        """A field as it is after the changes so far."""
        return self.document.get(name, default)

    def put(self, name: str, value: Any) -> None:
        """Set a field; None removes it."""
        if value is None:
            was_there = self.document.pop(name, None) is not None
            if was_there or name not in codec.HOT:
                self._set.pop(name, None)
                self._unset.add(name)
        else:
            self.document[name] = self._set[name] = value
            self._unset.discard(name)

    def append(self, name: str, value: Any) -> None:
        """Add to a list that was not read."""
        self._pushed.setdefault(name, []).append(value)

    def enter(self, status: InvocationStatus, runner: str, reason: str = "") -> None:
        """Append an entry to the history and rest in its status."""
        self.seq += 1
        self.status = status
        self.put("status", status.value)
        self.put("seq", self.seq)
        self.put("status_at", self.at)
        self.append("history", codec.entry(status, self.at, runner, reason))
        if status.value in self._watched:
            self.append("outbox", {"seq": self.seq, "status": status.value, "at": self.at})
            self.put("occurred_at", self.at)

    def enqueue(self, delay_seconds: float) -> None:
        """Make it claimable after a delay."""
        self.put("available_at", self.at + delay_seconds)
        self.put("q", DELAYED if delay_seconds > 0 else READY)

    def to_write(self, app: str, mark: str) -> UpdateOne:
        """The conditional write of everything that changed."""
        condition = {"_id": self.document["_id"], "a": app, "seq": self.seen_seq, **self.conditions}
        if "cc_key" in self.document:
            condition["fence"] = self.document.get("fence")
        # Also without a new status the write has to be told from that of somebody else.
        update: Document = {"$set": {**self._set, "written_by": mark}}
        if self._unset:
            update["$unset"] = dict.fromkeys(self._unset, "")
        if self._pushed:
            update["$push"] = {name: {"$each": values} for name, values in self._pushed.items()}
        return UpdateOne(condition, update)

    def settled(self) -> None:
        """Everything was written."""
        self.seen_seq = self.seq
        self._set, self._unset, self._pushed, self.conditions = {}, set(), {}, {}
        self.weights = []


class Session:
    """The rows of one step.

    Args:
        store: Where they are.
        watched: The statuses that are recorded for triggers.
    """

    def __init__(self, store: MongoStore, watched: Watched) -> None:
        self.store = store
        self.watched = watched
        self.now = store.now()
        self._rows: dict[InvocationId, Row | None] = {}
        #: Whether anything was written.
        self.wrote = False
        #: What a freed concurrency place or a message made claimable.
        self.unparked: list[InvocationId] = []

    def load(self, ids: Iterable[InvocationId], *, anew: bool = False) -> None:
        """Read rows, many at once; what was read before stays as it is unless it is read ``anew``."""
        wanted = [one for one in dict.fromkeys(ids) if anew or one not in self._rows]
        if not wanted:
            return
        with self.store.reading():
            found = list(self.store.collection(schema.INVOCATIONS).find(self.store.by_ids(wanted), codec.HOT))
        self._rows.update(dict.fromkeys(wanted))
        for document in found:
            self.adopt(document)

    def adopt(self, document: Document) -> Row:
        """Take a document that was read with ``HOT``."""
        invocation_id = self.store.id_of(document)
        row = Row(invocation_id, document, self.now, self.watched.statuses(document.get("task_id", "")))
        self._rows[invocation_id] = row
        return row

    def get(self, invocation_id: InvocationId) -> Row | None:
        """A row that exists; None otherwise."""
        if invocation_id not in self._rows:
            self.load([invocation_id])
        return self._rows[invocation_id]

    def known(self, ids: Iterable[InvocationId]) -> list[Row] | None:
        """The rows of these, if all of them were read already."""
        wanted = list(dict.fromkeys(ids))
        if any(one not in self._rows for one in wanted):
            return None
        return [row for one in wanted if (row := self._rows[one]) is not None]

    def open_rows(self, ids: Iterable[InvocationId]) -> list[Row]:
        """Those that exist and are not final."""
        wanted = list(dict.fromkeys(ids))
        self.load(wanted)
        rows = (self._rows[one] for one in wanted)
        return [row for row in rows if row is not None and not row.is_final]

    def flush(self) -> set[InvocationId]:
        """Write what changed, all in one command; those that somebody else changed meanwhile are forgotten.

        Returns:
            The ids of these: whatever was to become of them has to be decided anew.
        """
        dirty = [row for row in self._rows.values() if row is not None and row.is_dirty]
        if not dirty:
            return set()
        mark = uuid.uuid4().hex
        weights = [weight for row in dirty for weight in row.weights]
        expected = len(dirty) + sum(len(ids) for ids, _ in weights)
        writes: list[UpdateOne | UpdateMany] = [row.to_write(self.store.app, mark) for row in dirty]
        writes += [self._weigh(ids, weight) for ids, weight in weights]
        written: set[InvocationId] | None = None
        try:
            with self.store.writing():
                collection = self.store.collection(schema.INVOCATIONS)
                self.wrote = True
                if collection.bulk_write(writes, ordered=True).matched_count == expected:
                    written = {row.invocation_id for row in dirty}
        except CommitUnknownError as error:
            written = self._find_written(dirty, mark, error)
        if written is None:
            written = self._find_written(dirty, mark, None)
        lost = set()
        effects: list[Effect] = []
        for row in dirty:
            if row.invocation_id in written:
                row.settled()
                effects += row.effects
                row.effects = []
            else:
                lost.add(row.invocation_id)
                del self._rows[row.invocation_id]
                self._take_back(row.weights)
        for effect in effects:
            effect()
        return lost

    def _weigh(self, ids: list[InvocationId], weight: int) -> UpdateMany:
        change = {"$max": [0, {"$add": ["$dependents", weight]}]}
        return UpdateMany(self.store.by_ids(ids), [{"$set": {"dependents": change}}])

    def _take_back(self, weights: list[tuple[list[InvocationId], int]]) -> None:
        """What came with a write that was refused. Lost with the process it costs a place in the queue."""
        if weights:
            with self.store.writing():
                self.store.collection(schema.INVOCATIONS).bulk_write(
                    [self._weigh(ids, -weight) for ids, weight in weights]
                )

    def _find_written(
        self, rows: list[Row], mark: str, unknown: CommitUnknownError | None
    ) -> set[InvocationId]:
        """Read back whose write happened."""
        query = {**self.store.by_ids(row.invocation_id for row in rows), "written_by": mark}
        try:
            with self.store.reading():
                read = self.store.latest if unknown is not None else self.store.collection
                found = read(schema.INVOCATIONS).find(query, {"_id": 1})
                return {self.store.id_of(document) for document in found}
        except StoreError:
            if unknown is not None:
                raise unknown from None
            raise
