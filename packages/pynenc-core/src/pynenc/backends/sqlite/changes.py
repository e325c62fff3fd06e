"""How threads hear of changes: at once of this process's own, by ``PRAGMA data_version`` of those of others.

One thread per process looks at the version, and only while somebody waits: every millisecond after activity,
growing to every 20 ms.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from pynenc.contracts.store import BaseWatch, OnReady
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId

logger = logging.getLogger(__name__)

_SHORTEST_SECONDS = 0.001
_LONGEST_SECONDS = 0.020
#: Up to so many watched ids are looked up one by one; of more, those that ended since the last look.
_FEW = 200
#: The clocks by which two processes stamp what ended may differ by less than this.
_OVERLAP_SECONDS = 2.0
_FULL_LOOK_SECONDS = 1.0
_CHUNK = 500

#: Id, place in the queue (-1 for final ones), seq.
_Standing = tuple[InvocationId, int, int]


class Changes:
    """The waiting threads and subscriptions of one process on one store.

    Args:
        connect: Opens a connection for the thread that looks for changes.
        read: Runs a function with a connection that may be read from.
        tables: Suffix of the app's tables.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        read: Callable[[Callable[[sqlite3.Connection], list[_Standing]]], list[_Standing]],
        tables: str,
    ) -> None:
        self._connect = connect
        self._read = read
        self._tables = tables
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._poke = threading.Condition(lock)
        # All guarded by the lock of both conditions.
        self.marker = 0
        self._waiting = 0
        self._next_due: float | None = None
        #: By id: subscription → whether it also wants to hear of the id becoming claimable.
        self._watched: dict[InvocationId, dict[SQLiteWatch, bool]] = {}
        #: Of ids watched so: the seq at which they were last seen claimable, -1 when they were not.
        self._claimable_at: dict[InvocationId, int] = {}
        self._thread: threading.Thread | None = None
        self._active_at = 0.0

    # -- work -----------------------------------------------------------------------------------------

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

    def interrupt(self) -> None:
        """Let every waiting thread look again."""
        with self._work:
            self.marker += 1
            self._work.notify_all()

    def announce(self, work: int, ended: Sequence[InvocationId], available: Sequence[InvocationId]) -> None:
        """Pass on what a commit of this process brought about."""
        if not (work or self._watched):
            return
        reports: dict[SQLiteWatch, list[InvocationId]] = {}
        with self._work:
            self._active_at = time.monotonic()
            if work:
                self._wake(work)
            self._note(ended, available, reports)
        _deliver(reports)

    def _wake(self, pieces: int) -> None:
        self.marker += pieces
        self._work.notify(pieces)

    def _note(
        self,
        ended: Iterable[InvocationId],
        available: Iterable[InvocationId],
        reports: dict[SQLiteWatch, list[InvocationId]],
    ) -> None:
        for invocation_id in ended:
            self._claimable_at.pop(invocation_id, None)
            for watch in self._watched.pop(invocation_id, ()):
                reports.setdefault(watch, []).append(invocation_id)
        for invocation_id in available:
            watches = self._watched.get(invocation_id, {})
            for watch, wants in watches.items():
                if wants:
                    watches[watch] = False
                    reports.setdefault(watch, []).append(invocation_id)

    # -- subscriptions --------------------------------------------------------------------------------

    def subscribe(self, watch: SQLiteWatch, ids: Iterable[InvocationId], available: bool) -> None:
        """Note interests, then look at how things stand, so that nothing falls between."""
        wanted = list(ids)
        with self._work:
            for invocation_id in wanted:
                watches = self._watched.setdefault(invocation_id, {})
                watches[watch] = available or watches.get(watch, False)
        rows = self._read(lambda connection: self._look_up(connection, wanted))
        reports: dict[SQLiteWatch, list[InvocationId]] = {}
        with self._work:
            ended = [invocation_id for invocation_id, queued, _ in rows if queued < 0]
            self._note(ended, (), reports)
            if available:
                self._claimable_at.update(
                    (i, seq if queued == 1 else -1) for i, queued, seq in rows if queued >= 0
                )
            self._active_at = time.monotonic()
            if self._watched:
                self._ensure_thread()
        _deliver(reports)

    def unsubscribe(self, watch: SQLiteWatch, ids: Iterable[InvocationId] | None) -> None:
        """Forget interests; all of a subscription without ids."""
        with self._work:
            for invocation_id in list(self._watched) if ids is None else ids:
                watches = self._watched.get(invocation_id)
                if watches is not None:
                    watches.pop(watch, None)
                    if not watches:
                        del self._watched[invocation_id]
                        self._claimable_at.pop(invocation_id, None)

    # -- the thread -----------------------------------------------------------------------------------

    def close(self) -> None:
        """End the thread; the next wait starts another one."""
        with self._work:
            thread, self._thread = self._thread, None
            self.marker += 1
            self._work.notify_all()
            self._poke.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="pynenc-sqlite-changes", daemon=True)
            self._thread.start()
        else:
            self._poke.notify()

    def _run(self) -> None:
        me = threading.current_thread()
        connection: sqlite3.Connection | None = None
        looker = _Looker(self._tables)
        try:
            while self._pause(me):
                try:
                    connection = connection or self._connect()
                    if looker.has_changed(connection):
                        self._look(connection, looker)
                except (sqlite3.Error, StoreError) as error:
                    logger.warning("cannot look for changes (%s), trying again", error)
                    with self._poke:
                        self._poke.wait(_FULL_LOOK_SECONDS)
        finally:
            if connection is not None:
                connection.close()

    def _pause(self, me: threading.Thread) -> bool:
        """Wait until it is time to look; False when this thread is no longer wanted."""
        with self._poke:
            while self._thread is me and not self._waiting and not self._watched:
                self._poke.wait()
            if self._thread is me:
                quiet = (time.monotonic() - self._active_at) / 10
                self._poke.wait(min(max(quiet, _SHORTEST_SECONDS), _LONGEST_SECONDS))
            return self._thread is me

    def _look(self, connection: sqlite3.Connection, looker: _Looker) -> None:
        with self._work:
            waiting = self._waiting
            ids = list(self._watched)
            if not waiting:
                # Whoever is between looking for work and waiting for it looks once more.
                self.marker += 1
        ready, due = looker.work(connection, waiting) if waiting else (0, self._next_due)
        if len(ids) <= _FEW or looker.wants_everything():
            rows = [
                row
                for at in range(0, len(ids), _CHUNK)
                for row in self._look_up(connection, ids[at : at + _CHUNK])
            ]
            ended = [i for i, queued, _ in rows if queued < 0]
        else:
            rows = []
            watched = set(ids)
            ended = [i for i in looker.ended_recently(connection) if i in watched]
        reports: dict[SQLiteWatch, list[InvocationId]] = {}
        with self._work:
            if looker.moved:
                self._active_at = time.monotonic()
            if due != self._next_due:
                self._next_due = due
                ready = max(ready, int(due is not None))
            if ready:
                self._wake(ready)
            self._note(ended, self._newly_claimable(rows), reports)
        _deliver(reports)

    def _newly_claimable(self, rows: Sequence[_Standing]) -> list[InvocationId]:
        found = []
        for invocation_id, queued, seq in rows:
            known = self._claimable_at.get(invocation_id)
            if known is None:
                continue
            if queued == 1 and seq != known:
                found.append(invocation_id)
            self._claimable_at[invocation_id] = seq if queued == 1 else -1
        return found

    def _look_up(self, connection: sqlite3.Connection, ids: Sequence[InvocationId]) -> list[_Standing]:
        """Id, place in the queue (-1 for final ones) and seq."""
        if not ids:
            return []
        marks = ",".join("?" * len(ids))
        return connection.execute(
            f"SELECT invocation_id, CASE WHEN ended_at IS NULL THEN queued ELSE -1 END, seq "
            f"FROM inv_{self._tables} WHERE invocation_id IN ({marks})",
            ids,
        ).fetchall()


class _Looker:
    """What the thread remembers between two looks."""

    def __init__(self, tables: str) -> None:
        self._tables = tables
        self._version: int | None = None
        self._last_full = 0.0
        self._ended_until = 0.0
        self.moved = False

    def has_changed(self, connection: sqlite3.Connection) -> bool:
        """Whether anybody wrote since the last look, or it is time for a full one."""
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        self.moved = version != self._version
        self._version = version
        return self.moved or time.monotonic() - self._last_full > _FULL_LOOK_SECONDS

    def wants_everything(self) -> bool:
        """Whether the last full look is too long ago."""
        now = time.monotonic()
        full = now - self._last_full > _FULL_LOOK_SECONDS
        if full:
            self._last_full = now
        return full

    def work(self, connection: sqlite3.Connection, at_most: int) -> tuple[int, float | None]:
        """How much is ready, and when the next of the delayed falls due."""
        row = connection.execute(
            f"SELECT (SELECT count(*) FROM (SELECT 1 FROM inv_{self._tables} WHERE queued = 1 LIMIT ?)), "
            f"(SELECT min(available_at) FROM inv_{self._tables} WHERE queued = 2)",
            (at_most,),
        ).fetchone()
        return row[0], row[1]

    def ended_recently(self, connection: sqlite3.Connection) -> list[InvocationId]:
        """What ended since the last such look, and a little before it."""
        rows = connection.execute(
            f"SELECT invocation_id, ended_at FROM inv_{self._tables} WHERE ended_at IS NOT NULL AND ended_at >= ?",
            (self._ended_until - _OVERLAP_SECONDS,),
        ).fetchall()
        self._ended_until = max((at for _, at in rows), default=self._ended_until)
        return [invocation_id for invocation_id, _ in rows]


class SQLiteWatch(BaseWatch):
    """One subscription."""

    def __init__(self, changes: Changes, on_ready: OnReady) -> None:
        self._changes = changes
        self._on_ready = on_ready
        self._closed = False

    def add(self, ids: Iterable[InvocationId], *, available: bool = False) -> None:  # noqa: D102
        if not self._closed:
            self._changes.subscribe(self, ids, available)

    def discard(self, ids: Iterable[InvocationId]) -> None:  # noqa: D102
        self._changes.unsubscribe(self, ids)

    def close(self) -> None:  # noqa: D102
        self._closed = True
        self._changes.unsubscribe(self, None)

    def report(self, ids: list[InvocationId]) -> None:
        """Tell the subscriber."""
        if not self._closed:
            self._on_ready(ids)


def _deliver(reports: dict[SQLiteWatch, list[InvocationId]]) -> None:
    for watch, ids in reports.items():
        watch.report(ids)
