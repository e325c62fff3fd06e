"""Places under a concurrency key: one document per key names who holds them.

A place is taken before the invocation is claimed and given back after it is released, so that between two writes a
place may be held for nothing, but never a place given twice. What a dead process left so is found by ``repair``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynenc_mongodb import codec, schema
from pynenc_mongodb.schema import PARKED, READY, Document
from pynenc_mongodb.session import Row, Session
from pynenc_mongodb.store import MongoStore

#: Claiming takes one more write after a place was taken: by now it has been, or the process is gone.
_GRACE_SECONDS = 5.0
_ATTEMPTS = 8
_BATCH = 200


class Place(Enum):
    """What somebody was told who asked for a place."""

    TAKEN = auto()
    #: All are held.
    NONE = auto()
    #: Somebody else is claiming the same invocation at this moment.
    BUSY = auto()


def take(session: Session, row: Row, token: str) -> Place:
    """Take a place for an invocation that is about to be claimed: one, however many try to claim it."""
    limit = row.get("cc_limit", 0)
    store, key = session.store, row.get("cc_key")
    slots = store.collection(schema.SLOTS)
    condition = {
        "_id": store.key(key),
        "a": store.app,
        f"holders.{limit - 1}": {"$exists": False},
        "holders.id": {"$ne": row.invocation_id},
    }
    change = {"$push": {"holders": {"id": row.invocation_id, "token": token, "at": session.now}}}
    for _ in range(_ATTEMPTS if limit > 0 else 0):
        with store.writing():
            try:
                slot = slots.find_one_and_update(
                    condition, change, {"freed_at": 1}, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                pass  # there is a document, and it does not meet the condition; or it was made at this very moment
            else:
                # Whoever had the place before may have ended after this step began.
                row.at = max(row.at, store.now(), (slot or {}).get("freed_at", 0.0))
                return Place.TAKEN
        holders = _holders(store, key)
        mine = [holder for holder in holders if holder["id"] == row.invocation_id]
        if mine:
            return Place.TAKEN if mine[0]["token"] == token else Place.BUSY
        if len(holders) >= limit and not _free_released(store, key, holders):
            break
    return Place.NONE


def _free_released(store: MongoStore, key: str, holders: Sequence[Document]) -> bool:
    """Give back for those who are about to do it: whoever saw them finish may rely on their place."""
    with store.reading():
        found = store.collection(schema.INVOCATIONS).find(
            store.by_ids(holder["id"] for holder in holders), {"released_token": 1, "status_at": 1}
        )
        released = {(store.id_of(one), one.get("released_token")): one["status_at"] for one in found}
    over = [holder for holder in holders if (holder["id"], holder["token"]) in released]
    for holder in over:
        at = released[holder["id"], holder["token"]]
        give_back(store, key, holder["id"], holder["token"], at)
    return bool(over)


def give_back(store: MongoStore, key: str, invocation_id: InvocationId, token: str, at: float = 0.0) -> None:
    """End the hold of one claim; ``at`` is when its owner ended, if there was one."""
    change = {"$pull": {"holders": {"id": invocation_id, "token": token}}, "$max": {"freed_at": at}}
    with store.writing():
        store.collection(schema.SLOTS).update_one({"_id": store.key(key), "a": store.app}, change)


def holders_of(store: MongoStore, key: str) -> list[InvocationId]:
    """Who holds the places of a key."""
    return [InvocationId(holder["id"]) for holder in _holders(store, key)]


def _holders(store: MongoStore, key: str) -> list[Document]:
    with store.reading():
        found = store.collection(schema.SLOTS).find_one({"_id": store.key(key), "a": store.app})
    return list(found["holders"]) if found else []


def call_off(store: MongoStore, invocation_id: InvocationId, token: str) -> bool:
    """Have a claim of which nothing was heard not come about any more; False when it has already."""
    condition = {"_id": store.key(invocation_id), "a": store.app}
    with store.writing():
        # A claim that is still on its way demands the fence that it has seen, and fails from here on.
        store.collection(schema.INVOCATIONS).update_one(
            {**condition, "token": {"$ne": token}}, {"$inc": {"fence": 1}}
        )
        return store.latest(schema.INVOCATIONS).find_one({**condition, "token": token}, {"_id": 1}) is None


def head_of_line(session: Session, key: str) -> Row | None:
    """The one that was submitted first of those that are parked under a key."""
    store = session.store
    with store.reading():
        found = store.collection(schema.INVOCATIONS).find_one(
            {"a": store.app, "q": PARKED, "cc_key": key}, codec.HOT, sort=[("n", 1)], hint="limited"
        )
    return session.adopt(found) if found else None


def let_in(session: Session, key: str, runner: str = "") -> None:
    """Make the head of a line claimable, if there is a place for it."""
    for _ in range(_ATTEMPTS):
        row = head_of_line(session, key)
        if row is None or len(holders_of(session.store, key)) >= row.get("cc_limit", 0):
            return
        row.enter(InvocationStatus.REROUTED, runner)
        row.enqueue(0.0)
        if not session.flush():
            session.unparked.append(row.invocation_id)
            return


def let_in_if_nobody_is(session: Session, key: str) -> None:
    """The same where nobody was let in: for a place that was freed while somebody was being parked."""
    store = session.store
    with store.reading():
        let_in_already = store.collection(schema.INVOCATIONS).find_one(
            {"a": store.app, "q": READY, "cc_key": key}, {"_id": 1}, hint="limited"
        )
    if let_in_already is None:
        let_in(session, key)


def repair(session: Session) -> None:
    """Free the places of claims that never came about or are over, and let in who is in line for a free one."""
    store = session.store
    slots = store.collection(schema.SLOTS)
    with store.reading():
        held = list(slots.find({"a": store.app}))
    for document in held:
        _free_stale(session, document)
    with store.writing():
        slots.delete_many({"a": store.app, "holders": []})
    with store.reading():
        lines = store.collection(schema.INVOCATIONS).aggregate(
            [
                {"$match": {"a": store.app, "q": PARKED, "cc_key": {"$exists": True}}},
                {"$group": {"_id": "$cc_key"}},
            ],
            hint="limited",
        )
        keys = [line["_id"] for line in lines]
    for key in keys:
        let_in_if_nobody_is(session, key)


def _free_stale(session: Session, slot: Document) -> None:
    store = session.store
    old = [holder for holder in slot.get("holders", ()) if holder["at"] < session.now - _GRACE_SECONDS]
    invocations = store.collection(schema.INVOCATIONS)
    for at in range(0, len(old), _BATCH):
        chunk = old[at : at + _BATCH]
        with store.reading():
            found = invocations.find(store.by_ids(holder["id"] for holder in chunk), {"token": 1})
            tokens = {store.id_of(one): one.get("token") for one in found}
        for holder in chunk:
            if tokens.get(holder["id"]) == holder["token"]:
                continue
            if call_off(store, holder["id"], holder["token"]):
                give_back(store, store.id_of(slot), holder["id"], holder["token"], session.now)
