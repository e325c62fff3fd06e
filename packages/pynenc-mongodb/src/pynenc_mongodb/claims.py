"""One claim: which invocations a worker is given.

Look at what may be claimed, write one token into what is picked, read what carries the token. A claim that is lost
to somebody else, wholly or in part, is seen by what comes back.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from typing import Any

from pymongo import ReturnDocument, UpdateMany

from pynenc.exceptions import CommitUnknownError, CorruptDataError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import ClaimRequest
from pynenc.values.status import InvocationStatus
from pynenc_mongodb import codec, schema, slots, waits
from pynenc_mongodb.schema import DELAYED, PARKED, READY, Document
from pynenc_mongodb.session import Row, Session
from pynenc_mongodb.slots import Place

logger = logging.getLogger(__name__)

_S = InvocationStatus
_RANK = (("dependents", -1), ("priority", -1), ("n", 1))
_SMALLEST_PAGE, _LARGEST_PAGE = 8, 500
#: Delayed ones that fell due and are made ready at once, at most.
_DUE_BATCH = 500
_LONGEST_PAUSE_SECONDS = 0.02


@dataclass(slots=True)
class Found:
    """What a claim came to."""

    #: Of what is given, in order.
    documents: list[Document] = field(default_factory=list)
    #: When the next of the delayed falls due.
    next_due: float | None = None
    #: How often somebody else was quicker.
    lost: int = 0


@dataclass(slots=True)
class _Pick:
    row: Row
    starts: bool


def claim(session: Session, request: ClaimRequest) -> Found:
    """Give a worker what it asks for."""
    found = Found()
    if request.limit < 1:
        return found
    if request.repeated:
        found.documents = _owned(session, request, unknown=True)
        if found.documents:
            return found
    while True:
        picks = _pick(session, request, found)
        if not picks:
            return found
        found.documents = _take(session, request, picks)
        if found.documents:
            return found
        # Somebody else was quicker. With many workers it is worth while not to be in step.
        found.lost += 1
        if found.lost > 1:
            threading.Event().wait(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 0.001 * 2**found.lost)))


# -- looking ------------------------------------------------------------------------------------------


def _pick(session: Session, request: ClaimRequest, found: Found) -> list[_Pick]:
    """What to claim; what has no place is turned away until something is found that has."""
    refused = _Refused(session, request)
    size = max(min(request.limit, _LARGEST_PAGE), _SMALLEST_PAGE)
    while True:
        rows = _candidates(session, request, size, found)
        picks: list[_Pick] = []
        starts_in = 0.0
        for row in rows:
            if picks:
                if row.get("cc_key") or row.get("recoveries") or row.get("task_id") not in request.ahead:
                    break
            elif row.get("cc_key") and not refused.admits(row):
                continue
            picks.append(_Pick(row, not picks or starts_in <= request.start_seconds))
            if len(picks) == request.limit or row.get("recoveries"):
                break
            starts_in += request.ahead.get(row.get("task_id"), inf)
            if starts_in > request.ahead_seconds:
                break
        turned_away = refused.settle()
        there_may_be_more = turned_away or len(rows) == size < _LARGEST_PAGE
        if picks or request.ids is not None or not there_may_be_more:
            return picks
        size = min(2 * size, _LARGEST_PAGE)


def _candidates(session: Session, request: ClaimRequest, size: int, found: Found) -> list[Row]:
    """Claimable rows in order."""
    if request.ids is not None:
        return _named(session, request, request.ids, found)
    while True:
        documents = _look(session, request, size)
        found.next_due = None
        if documents and documents[-1]["q"] == DELAYED:
            first_due = documents.pop()["available_at"]
            if first_due <= session.now:
                promote_due(session, _DUE_BATCH)
                continue
            found.next_due = first_due
        rows = _readable(session, documents)
        if rows or not documents:
            return rows


def _named(session: Session, request: ClaimRequest, ids: Sequence[InvocationId], found: Found) -> list[Row]:
    """Those that a request names, and what they wait for."""
    store = session.store
    if request.chain:
        ids = [row.invocation_id for row in waits.reach(session, ids, None)]
    # What a pause of this step has just read is not read again, unless somebody else was quicker.
    rows = None if found.lost else session.known(ids)
    if rows is None:
        with store.reading():
            rows = _readable(session, store.collection(schema.INVOCATIONS).find(store.by_ids(ids), codec.HOT))
    excluded = request.exclude_tasks
    rows = [
        row
        for row in rows
        if (row.get("q") == READY or (row.get("q") == DELAYED and row.get("available_at") <= session.now))
        and row.get("task_id") not in excluded
        and (request.recovered or not row.get("recoveries"))
    ]
    return sorted(rows, key=lambda row: _rank_of(row.document))


def _readable(session: Session, documents: Iterable[Document]) -> list[Row]:
    """Rows of these; what cannot be read is put aside, because it would keep everybody from what comes behind it."""
    rows = []
    for document in documents:
        try:
            rows.append(session.adopt(document))
        except CorruptDataError as error:
            logger.error("taken out of the queue, because it cannot be run: %s", error)
            session.wrote = True
            with session.store.writing():
                session.store.collection(schema.INVOCATIONS).update_one(
                    {"_id": document["_id"], "a": session.store.app}, {"$unset": {"q": ""}}
                )
    return rows


def _look(session: Session, request: ClaimRequest, size: int) -> list[Document]:
    """The head of the queue, and behind it the one that falls due first."""
    store = session.store
    delayed = [
        {"$match": {"a": store.app, "q": DELAYED}},
        {"$sort": {"available_at": 1}},
        {"$limit": 1},
        {"$project": {"q": 1, "available_at": 1}},
    ]
    pipeline: list[Document] = [
        {"$match": {"a": store.app, "q": READY, **_filter_of(request)}},
        {"$sort": dict(_RANK)},
        {"$limit": size},
        {"$project": codec.HOT},
        {"$unionWith": {"coll": schema.INVOCATIONS, "pipeline": delayed}},
    ]
    with store.reading():
        return list(store.collection(schema.INVOCATIONS).aggregate(pipeline, hint="ready"))


def promote_due(session: Session, limit: int) -> list[Document]:
    """Make ready what has fallen due, what waited longest first; returns what this call made so."""
    store = session.store
    due = {"a": store.app, "q": DELAYED, "available_at": {"$lte": session.now}}
    collection = store.collection(schema.INVOCATIONS)
    with store.reading():
        found = list(
            collection.find(due, {"_id": 1}, sort=[("available_at", 1)], limit=limit, hint="delayed")
        )
    if not found:
        return []
    ids = [document["_id"] for document in found]
    mark = f"{random.getrandbits(96):024x}"
    session.wrote = True
    with store.writing():
        changed = collection.update_many(
            {**due, "_id": {"$in": ids}}, {"$set": {"q": READY, "promoted_by": mark}}
        ).modified_count
    if changed == len(ids):
        return found
    with store.reading():
        return list(collection.find({"_id": {"$in": ids}, "a": store.app, "promoted_by": mark}, {"_id": 1}))


def _filter_of(request: ClaimRequest) -> Document:
    conditions: Document = {}
    if request.exclude_tasks:
        conditions["task_id"] = {"$nin": sorted(request.exclude_tasks)}
    if not request.recovered:
        conditions["recoveries"] = {"$in": [None, 0]}
    return conditions


def _rank_of(document: Document) -> tuple[Any, ...]:
    return -document["dependents"], -document["priority"], document["n"]


# -- without a place ----------------------------------------------------------------------------------


class _Refused:
    """Those for whom there is no place now; turned away together, because most of them have one key."""

    def __init__(self, session: Session, request: ClaimRequest) -> None:
        self._session = session
        self._request = request
        self._rows: list[Row] = []
        #: By key: a limit that is reached, and the place in the order of one who stands in line.
        self._full: dict[str, int] = {}
        self._line: dict[str, Any] = {}

    def admits(self, row: Row) -> bool:
        """Whether nobody submitted earlier is in line, and a place of the key is free: then it is taken."""
        key, limit, order = row.get("cc_key"), row.get("cc_limit", 0), row.get("n")
        if key not in self._line:
            head = slots.head_of_line(self._session, key)
            self._line[key] = None if head is None else head.get("n")
        line = self._line[key]
        stands_behind = line is not None and line < order
        if not stands_behind and limit > self._full.get(key, -1):
            place = slots.take(self._session, row, self._request.token)
            if place is not Place.NONE:
                return place is Place.TAKEN
            self._full[key] = limit
        self._rows.append(row)
        if self._parks(row):
            self._line[key] = order if line is None else min(line, order)
        return False

    def settle(self) -> int:
        """Write what was decided; for how many."""
        rows, self._rows = self._rows, []
        if not rows:
            return 0
        runner_id = self._request.runner.runner_id
        for row in rows:
            row.put("q", None)
            if row.status is _S.PAUSED:
                row.enter(_S.RESUMED, runner_id)
            if self._parks(row):
                row.enter(_S.CONCURRENCY_CONTROLLED, runner_id)
                row.put("q", PARKED)
            else:
                row.enter(_S.CONCURRENCY_CONTROLLED_FINAL, runner_id)
                row.put("ended_at", row.at)
                row.put("reg", None)
        self._session.flush()
        self._full.clear()
        self._line.clear()
        # A place that was freed in between was freed without knowing of them.
        for key in dict.fromkeys(row.get("cc_key") for row in rows if self._parks(row)):
            slots.let_in_if_nobody_is(self._session, key)
        return len(rows)

    def _parks(self, row: Row) -> bool:
        return bool(row.get("cc_park") or row.get("epoch"))


# -- taking -------------------------------------------------------------------------------------------


def _take(session: Session, request: ClaimRequest, picks: list[_Pick]) -> list[Document]:
    """Write the token, and read what carries it now."""
    first = picks[0].row
    limited = first.get("cc_key") is not None
    if limited:
        taken = _take_one(session, request, picks[0])
        if not taken:
            slots.give_back(session.store, first.get("cc_key"), first.invocation_id, request.token)
            # Somebody may have been parked because of this very place.
            slots.let_in_if_nobody_is(session, first.get("cc_key"))
            return []
        picks = picks[1:]
        if not picks:
            return taken
    elif len(picks) == 1:
        return _take_one(session, request, picks[0])
    unknown = not _write_token(session, request, picks)
    documents = _owned(session, request, unknown=unknown)
    if documents and not any(one["status"] == _S.RUNNING.value for one in documents):
        documents = _start_first(session, request, documents)
    return documents


def _take_one(session: Session, request: ClaimRequest, pick: _Pick) -> list[Document]:
    """Claim one, and read it in the same command."""
    store = session.store
    row = pick.row
    condition = {"_id": store.key(row.invocation_id), "a": store.app, "seq": row.seen_seq}
    condition |= {"q": row.get("q"), "fence": row.get("fence")}
    update = _update(session, request, [pick])
    session.wrote = True
    try:
        with store.writing():
            found = store.collection(schema.INVOCATIONS).find_one_and_update(
                condition, update, projection=codec.CLAIM, return_document=ReturnDocument.AFTER
            )
    except CommitUnknownError:
        # Were it carried out later, its invocation would belong to a worker that knows nothing of it.
        if slots.call_off(store, row.invocation_id, request.token):
            return []
        return _owned(session, request, unknown=True)
    return [found] if found else []


def _write_token(session: Session, request: ClaimRequest, picks: list[_Pick]) -> bool:
    """Write the token into several: one command, whose statements differ by what the history has to say.

    Returns:
        Whether the server has answered.
    """
    store = session.store
    claimable: Document = {"q": READY}
    if request.ids is not None:
        claimable = {"$or": [{"q": READY}, {"q": DELAYED, "available_at": {"$lte": session.now}}]}

    def kind_of(pick: _Pick) -> tuple[bool, bool, str]:
        watched = session.watched.statuses(pick.row.get("task_id"))
        # What is recorded for triggers says which entry of the history it is.
        alone = pick.row.invocation_id if watched & _CLAIMED_TEXTS else ""
        return pick.row.status is _S.PAUSED, pick.starts, alone

    writes = []
    for (paused, _, alone), group in groupby(sorted(picks, key=kind_of), key=kind_of):
        alike = list(group)
        ids = [store.key(pick.row.invocation_id) for pick in alike]
        condition: Document = {"_id": {"$in": ids}, "a": store.app, **claimable}
        condition["status"] = _S.PAUSED.value if paused else {"$ne": _S.PAUSED.value}
        if alone:
            condition["seq"] = alike[0].row.seen_seq
        writes.append(UpdateMany(condition, _update(session, request, alike)))
    session.wrote = True
    try:
        with store.writing():
            store.collection(schema.INVOCATIONS).bulk_write(writes, ordered=False)
    except CommitUnknownError:
        return False
    return True


_CLAIMED_TEXTS = frozenset({_S.RESUMED.value, _S.PENDING.value, _S.RUNNING.value})


def _update(session: Session, request: ClaimRequest, picks: list[_Pick]) -> Document:
    """What a claim changes; the same for all these."""
    runner, first = request.runner, picks[0]
    at = max(pick.row.at for pick in picks)
    walk = [_S.PENDING, _S.RUNNING] if first.starts else [_S.PENDING]
    if first.row.status is _S.PAUSED:
        walk.insert(0, _S.RESUMED)
    values: Document = {
        "status": walk[-1].value,
        "status_at": at,
        "pending_at": at,
        "token": request.token,
        "runner_id": runner.runner_id,
        "host": runner.host,
        "runner_cls": runner.runner_cls,
    }
    if first.starts:
        values["started_at"] = at
    pushed: Document = {"history": {"$each": [codec.entry(status, at, runner.runner_id) for status in walk]}}
    watched = session.watched.statuses(first.row.get("task_id"))
    recorded = [
        {"seq": first.row.seen_seq + number, "status": status.value, "at": at}
        for number, status in enumerate(walk, 1)
        if status.value in watched
    ]
    if recorded:
        values["occurred_at"] = at
        pushed["outbox"] = {"$each": recorded}
    return {
        "$set": values,
        "$inc": {"epoch": 1, "seq": len(walk)},
        "$unset": {"q": "", "reg": ""},
        "$push": pushed,
    }


def _owned(session: Session, request: ClaimRequest, *, unknown: bool = False) -> list[Document]:
    """What the runner owns under the token of the request; ``unknown`` after an answer was lost."""
    store = session.store
    read = store.latest if unknown else store.collection
    query = {"a": store.app, "runner_id": request.runner.runner_id, "token": request.token}
    with store.reading():
        documents = list(read(schema.INVOCATIONS).find(query, codec.CLAIM, hint="owned"))
    documents.sort(key=_rank_of)
    return documents


def _start_first(session: Session, request: ClaimRequest, documents: Iterable[Document]) -> list[Document]:
    """What was to start first was lost to somebody else: the first of the others starts."""
    row = session.get(session.store.id_of(next(iter(documents))))
    session.load([row.invocation_id] if row else (), anew=True)
    row = session.get(row.invocation_id) if row else None
    if row is not None and row.status is _S.PENDING and row.get("token") == request.token:
        row.enter(_S.RUNNING, codec.SAME_RUNNER)
        row.put("started_at", row.at)
        session.flush()
    return _owned(session, request)
