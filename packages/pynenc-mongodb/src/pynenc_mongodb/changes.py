"""How threads hear of changes: one change stream per process, open while somebody waits.

A standalone server has no change streams. There the same thread looks again and again: every 5 ms after activity,
growing to every 250 ms.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from pynenc.contracts.heard import HeardEnds
from pynenc.contracts.watches import Watch, Watches, deliver
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc_mongodb import schema
from pynenc_mongodb.errors import code_of, translated
from pynenc_mongodb.schema import DELAYED, READY, Document
from pynenc_mongodb.server import Server

logger = logging.getLogger(__name__)

_SHORTEST_SECONDS = 0.005
_LONGEST_SECONDS = 0.250
#: The pause grows with the time since the last change: it is one part in so many of it.
_PAUSE_SHARE = 20
#: A stream stays open for so long after the last one who waited.
_LINGER_SECONDS = 2.0
_AWAIT_MILLISECONDS = 1000
_PAUSE_AFTER_ERROR_SECONDS = 0.5
#: There are no change streams here, or this user may not read one.
_NO_STREAMS = frozenset({40573, 13, 8000, 115})

#: An outcome of more bytes is read by whoever wants it.
_SHORT_BYTES = 512
_UPDATED = "updateDescription.updatedFields"
_IS_SHORT_END = {
    "$and": [
        {"$eq": [{"$type": f"${_UPDATED}.outcome.data"}, "string"]},
        {"$lte": [{"$bsonSize": f"${_UPDATED}.outcome"}, _SHORT_BYTES]},
    ]
}

#: Id, whether it is final, whether it is claimable, seq if it is known.
_Standing = tuple[InvocationId, bool, bool, int | None]

_KNOWN: weakref.WeakSet[Changes] = weakref.WeakSet()


class Changes:
    """The waiting threads and subscriptions of one process on one store.

    Nobody takes its lock while talking to the server.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        #: Counts the work that was announced. Grows only.
        self.marker = 0
        #: Counts the announcements of occurrences. Grows only.
        self.occurrence_marker = 0
        self.forget_all()
        _KNOWN.add(self)

    def forget_all(self) -> None:
        """Begin anew, as in a process that was forked: it has neither the thread nor anybody who waits."""
        self._lock = threading.Lock()
        # All guarded by self._lock.
        self._work = threading.Condition(self._lock)
        self._occurred = threading.Condition(self._lock)
        self._poke = threading.Condition(self._lock)
        self._waiting = 0
        self._reacting = 0
        self._next_due: float | None = None
        self._watched = Watches()
        #: Of those whose becoming claimable is told: the seq up to which everything is known.
        self._known_seq: dict[InvocationId, int] = {}
        #: Watched ones that ended, with the fields that make their state.
        self.heard: HeardEnds[Document] = HeardEnds()
        self._thread: threading.Thread | None = None
        self._active_at = 0.0
        self._has_streams = True

    # -- waiting --------------------------------------------------------------------------------------

    def wait_for_work(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the marker moved."""
        with self._work:
            if self.marker != marker:
                return True
            self._waiting += 1
            self._ensure_thread()
            try:
                return self._work.wait_for(lambda: self.marker != marker, timeout_seconds)
            finally:
                self._waiting -= 1

    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the marker moved."""
        with self._occurred:
            if self.occurrence_marker != marker:
                return True
            self._reacting += 1
            self._ensure_thread()
            try:
                return self._occurred.wait_for(lambda: self.occurrence_marker != marker, timeout_seconds)
            finally:
                self._reacting -= 1

    def interrupt(self) -> None:
        """Let every waiting thread look again."""
        with self._lock:
            self._let_all_look()

    def _let_all_look(self) -> None:
        self.marker += 1
        self._work.notify_all()
        self._note_occurrence()

    def _note_occurrence(self) -> None:
        self.occurrence_marker += 1
        self._occurred.notify_all()

    def _note_work(self) -> None:
        self._active_at = time.monotonic()
        self.marker += 1
        self._work.notify()

    # -- subscriptions --------------------------------------------------------------------------------

    def subscribe(self, watch: Watch, ids: Iterable[InvocationId], available: bool) -> None:
        """Note interests, then look at how things stand, so that nothing falls between."""
        wanted = list(ids)
        with self._lock:
            self._watched.add(watch, wanted, available)
            self._ensure_thread()
        standings = self._look_up(wanted)
        with self._lock:
            for invocation_id, final, claimable, seq in standings:
                if final:
                    self._note_final(invocation_id)
                elif available and seq is not None:
                    # What falls due makes it claimable without a new entry in the history.
                    self._known_seq[invocation_id] = seq if claimable else seq - 1
            reports = self._watched.take_reports()
        deliver(reports)

    def unsubscribe(self, watch: Watch, ids: Iterable[InvocationId] | None) -> None:
        """Forget interests; all of a subscription without ids."""
        with self._lock:
            for invocation_id in self._watched.discard(watch, ids):
                self._known_seq.pop(invocation_id, None)

    def _note_final(self, invocation_id: InvocationId) -> None:
        self._known_seq.pop(invocation_id, None)
        self._watched.note_final(invocation_id)

    def _note_claimable(self, invocation_id: InvocationId, seq: int | None) -> None:
        known = self._known_seq.get(invocation_id)
        if known is None or (seq is not None and seq <= known):
            return
        if seq is not None:
            self._known_seq[invocation_id] = seq
        self._watched.note_available(invocation_id)

    # -- the thread -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Let the thread end; the next wait starts another one."""
        with self._lock:
            self._thread = None
            self._let_all_look()
            self._poke.notify_all()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="pynenc-mongodb-changes", daemon=True)
            self._thread.start()
        else:
            self._poke.notify()

    def _run(self) -> None:
        me = threading.current_thread()
        while self._is_wanted(me, patient=True):
            try:
                if self._server.is_replicated and self._has_streams:
                    self._follow(me)
                else:
                    self._look()
                    self._pause()
            except StoreError as error:
                if self._thread is me:
                    logger.warning("cannot look for changes, trying again: %s", error)
                    with self._poke:
                        self._poke.wait(_PAUSE_AFTER_ERROR_SECONDS)

    def _is_wanted(self, me: threading.Thread, *, patient: bool = False) -> bool:
        """Whether this thread has something to do; a patient one waits until it has, or is replaced."""
        with self._poke:
            while self._thread is me and not (self._waiting or self._watched or self._reacting):
                if not patient:
                    return False
                self._poke.wait()
            return self._thread is me

    def _pause(self) -> None:
        with self._poke:
            quiet = (time.monotonic() - self._active_at) / _PAUSE_SHARE
            self._poke.wait(min(max(quiet, _SHORTEST_SECONDS), _LONGEST_SECONDS))

    def _follow(self, me: threading.Thread) -> None:
        """Read a change stream for as long as somebody waits, and a little longer."""
        database = self._server.collection(schema.INVOCATIONS).database
        with translated(self._server.where), database.client.start_session() as session:
            # A stream begins where the server's clock is, and that may be ahead of what reads see: a write between
            # both would never be heard of. So it begins at a time that the first look waits for.
            database.command("ping", session=session)
            try:
                stream = database.watch(
                    self._pipeline(),
                    max_await_time_ms=_AWAIT_MILLISECONDS,
                    start_at_operation_time=session.operation_time,
                )
            except OperationFailure as error:
                if code_of(error) not in _NO_STREAMS:
                    raise
                logger.warning(
                    "%s gives no change stream, looking again and again: %s", self._server.where, error
                )
                self._has_streams = False
                return
            with stream:
                self._look(session)  # at what came before the stream
                wanted_at = time.monotonic()
                while self._thread is me and stream.alive:
                    if self._is_wanted(me):
                        wanted_at = time.monotonic()
                    elif time.monotonic() - wanted_at > _LINGER_SECONDS:
                        return
                    change = stream.try_next()
                    if change is not None and self._thread is me:
                        self._note(change)

    def _pipeline(self) -> list[Document]:
        fields = ("q", "ended_at", "occurred_at", "until")
        match = {
            "documentKey._id": {"$regex": f"^{re.escape(self._server.app)}/"},
            "ns.coll": {"$in": [schema.INVOCATIONS, schema.MESSAGES, schema.OCCURRENCES]},
            "$or": [
                {"operationType": "insert"},
                *({f"{_UPDATED}.{name}": {"$exists": True}} for name in fields),
            ],
        }
        chosen: Document = {
            name: {"$ifNull": [f"${_UPDATED}.{name}", f"$fullDocument.{name}"]}
            for name in ("q", "ended_at", "occurred_at", "seq")
        }
        # Everybody who listens is told of everything: of outcomes only what is short.
        chosen |= {
            name: {"$cond": [_IS_SHORT_END, f"${_UPDATED}.{name}", "$$REMOVE"]}
            for name in ("status", "outcome")
        }
        return [{"$match": match}, {"$project": {"documentKey": 1, "ns": 1, **chosen}}]

    def _note(self, change: Any) -> None:
        with self._lock:
            if change["ns"]["coll"] == schema.MESSAGES:
                self._note_work()
            elif change["ns"]["coll"] == schema.OCCURRENCES or change.get("occurred_at") is not None:
                self._note_occurrence()
            if change["ns"]["coll"] == schema.INVOCATIONS:
                invocation_id = InvocationId(self._server.name_of(change["documentKey"]["_id"]))
                if change.get("ended_at") is not None:
                    epoch = change.get("outcome", {}).get("epoch")
                    if epoch is not None and invocation_id in self._watched:
                        self.heard.note(invocation_id, {**change, "epoch": epoch})
                    self._note_final(invocation_id)
                elif change.get("q") == READY:
                    self._note_work()
                    self._note_claimable(invocation_id, change.get("seq"))
                elif change.get("q") == DELAYED:
                    self._note_work()  # one thread has to know until when it may sleep
            reports = self._watched.take_reports()
        deliver(reports)

    # -- looking --------------------------------------------------------------------------------------

    def _look(self, session: ClientSession | None = None) -> None:
        """See what a stream would have told; whatever happened before the last command of a session is seen."""
        with self._lock:
            waiting, ids = self._waiting, self._watched.ids()
        ready, due = self._look_for_work(session) if waiting else (False, None)
        standings = self._look_up(ids, session)
        with self._lock:
            if due is not None and (self._next_due is None or due < self._next_due):
                ready = True
            self._next_due = due
            if ready:
                self._note_work()
            self._note_occurrence()
            for invocation_id, final, claimable, seq in standings:
                if final:
                    self._note_final(invocation_id)
                elif claimable:
                    self._note_claimable(invocation_id, seq)
            reports = self._watched.take_reports()
            if reports:
                self._active_at = time.monotonic()
        deliver(reports)

    def _look_for_work(self, session: ClientSession | None) -> tuple[bool, float | None]:
        server = self._server
        app = server.app
        with translated(server.where):
            invocations = server.collection(schema.INVOCATIONS)
            ready = invocations.find_one({"a": app, "q": READY}, {"_id": 1}, hint="ready", session=session)
            if ready is None:
                ready = server.collection(schema.MESSAGES).find_one(
                    {"a": app, "until": {"$lte": server.now()}}, {"_id": 1}, hint="queue", session=session
                )
            delayed = invocations.find_one(
                {"a": app, "q": DELAYED},
                {"available_at": 1},
                sort=[("available_at", 1)],
                hint="delayed",
                session=session,
            )
        return ready is not None, delayed["available_at"] if delayed else None

    def _look_up(self, ids: Sequence[InvocationId], session: ClientSession | None = None) -> list[_Standing]:
        if not ids:
            return []
        server = self._server
        query = {"_id": {"$in": [server.id_of(one) for one in ids]}, "a": server.app}
        with translated(server.where):
            found = server.collection(schema.INVOCATIONS).find(
                query, {"ended_at": 1, "q": 1, "seq": 1}, session=session
            )
            return [
                (
                    InvocationId(server.name_of(one["_id"])),
                    "ended_at" in one,
                    one.get("q") == READY,
                    one.get("seq"),
                )
                for one in found
            ]


def _after_fork_in_child() -> None:
    for one in list(_KNOWN):
        one.forget_all()


os.register_at_fork(after_in_child=_after_fork_in_child)
