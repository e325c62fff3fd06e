"""Places under a concurrency key: one document per key names who holds them.

A place is taken before the invocation is claimed and given back after it is released, so that between two writes a
place may be held for nothing, but never a place given twice. What a dead process left so is found by ``repair``.
"""

from __future__ import annotations

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


def take(session: Session, row: Row, token: str) -> bool:
    """Take a place for an invocation that is about to be claimed; False when all are held."""
    limit = row.get("cc_limit", 0)
    if limit < 1:
        return False
    store = session.store
    condition = {
        "_id": store.key(row.get("cc_key")),
        "a": store.app,
        f"holders.{limit - 1}": {"$exists": False},
    }
    holder = {"id": row.invocation_id, "token": token, "at": session.now}
    try:
        with store.writing():
            store.collection(schema.SLOTS).update_one(condition, {"$push": {"holders": holder}}, upsert=True)
    except DuplicateKeyError:
        return False
    return True


def give_back(store: MongoStore, key: str, invocation_id: InvocationId, token: str) -> None:
    """End the hold of one claim."""
    holder = {"id": invocation_id, "token": token}
    with store.writing():
        store.collection(schema.SLOTS).update_one(
            {"_id": store.key(key), "a": store.app}, {"$pull": {"holders": holder}}
        )


def holders_of(store: MongoStore, key: str) -> list[InvocationId]:
    """Who holds the places of a key."""
    with store.reading():
        found = store.collection(schema.SLOTS).find_one({"_id": store.key(key), "a": store.app})
    return [InvocationId(holder["id"]) for holder in found["holders"]] if found else []


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
            # A claim that is still on its way demands the fence that it has seen, and fails from here on.
            condition = {"_id": store.key(holder["id"]), "a": store.app}
            with store.writing():
                invocations.update_one(
                    {**condition, "token": {"$ne": holder["token"]}}, {"$inc": {"fence": 1}}
                )
                is_owner = invocations.find_one({**condition, "token": holder["token"]}, {"_id": 1})
                if is_owner is None:
                    slots = store.collection(schema.SLOTS)
                    slots.update_one({"_id": slot["_id"], "a": store.app}, {"$pull": {"holders": holder}})
