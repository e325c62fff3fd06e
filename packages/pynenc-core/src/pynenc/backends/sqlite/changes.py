"""How threads hear of changes: at once of this process's own, by ``PRAGMA data_version`` of those of others.

One thread per process looks at the version, and only while somebody waits: every 0.25 ms after activity, growing to
every 80 ms when there was none for four seconds. Activity is what concerns those who wait; heartbeats, say, are none.
A process that looked for work in vain, because another one was quicker, begins with 2 ms until it finds some.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from pynenc.backends.sqlite.connections import Connections
from pynenc.backends.sqlite.forks import tell_of_forks
from pynenc.backends.sqlite.looker import Findings, Looker, Standing, look_up
from pynenc.contracts.watches import Watch, Watches, deliver
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId

logger = logging.getLogger(__name__)

_SHORTEST_SECONDS = 0.00025
#: The shortest pause of a process that looked for work in vain: where there is enough for one only, the others leave it
#: the processors.
_OUTRUN_SECONDS = 0.002
_LONGEST_SECONDS = 0.080
#: The pause grows with the time since the last change: it is one part in so many of it.
_PAUSE_SHARE = 50
#: Up to so many watched ids are looked up one by one; of more, those that ended since the last look.
_FEW = 200
_PAUSE_AFTER_ERROR_SECONDS = 1.0


class _Alarm:
    """Wakes one thread, also when it rings before that waits.

    An Event does the same; to wait on it takes three times the processor, which is what an idle worker is about.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Let the thread go on; twice is once. Whoever rings does so under one lock."""
        if self._lock.locked():
            self._lock.release()

    def wait(self, timeout_seconds: float = -1) -> None:
        """Block until it rings, without end when no time is given."""
        self._lock.acquire(timeout=timeout_seconds)


class Changes:
    """The waiting threads and subscriptions of one process on one store.

    Nobody takes its lock while using a connection, nor the other way round.

    Args:
        connections: Of the store.
        tables: Suffix of the app's tables.
        now: The clock of the store.
    """

    def __init__(self, connections: Connections, tables: str, now: Callable[[], float]) -> None:
        self._connections = connections
        self._tables = tables
        self._now = now
        self._lock = threading.Lock()
        #: Counts the work that was announced. Grows only.
        self.marker = 0
        #: Counts the announcements of occurrences. Grows only.
        self.occurrence_marker = 0
        #: Whether this process looked for work in vain when it did so last.
        self.outrun = False
        #: Whether work was seen that no thread of this process has looked for.
        self._expected = False
        self._forget_all()
        tell_of_forks(self)

    def _forget_all(self) -> None:
        # All guarded by self._lock.
        self._work = threading.Condition(self._lock)
        self._waiting = 0
        self._occurred = threading.Condition(self._lock)
        #: So many threads wait for occurrences.
        self._reacting = 0
        self._next_due: float | None = None
        self._watched = Watches()
        #: Of those whose becoming claimable is told: the seq at which they were last seen so, -1 when they were not.
        self._claimable_at: dict[InvocationId, int] = {}
        self._thread: threading.Thread | None = None
        self._alarm = _Alarm()
        self._active_at = 0.0
        #: How what is watched stood when it was looked up last.
        self._standings: list[Standing] = []

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

    def expects_work(self) -> bool:
        """Whether work of another process was seen since this was asked last."""
        expected, self._expected = self._expected, False
        return expected

    def interrupt(self) -> None:
        """Let every waiting thread look again."""
        with self._work:
            self._let_all_look()

    def _let_all_look(self) -> None:
        self.marker += 1
        self._work.notify_all()
        self.occurrence_marker += 1
        self._occurred.notify_all()

    # -- occurrences ----------------------------------------------------------------------------------

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

    def announce_occurrences(self) -> None:
        """Wake those who react."""
        with self._occurred:
            self._active_at = time.monotonic()
            self.occurrence_marker += 1
            self._occurred.notify_all()

    def announce(self, work: int, ended: Sequence[InvocationId], available: Sequence[InvocationId]) -> None:
        """Pass on what a commit of this process brought about."""
        if not (work or self._watched):
            return
        with self._lock:
            if work:
                self._wake(work)
            if self._watched:
                self._note(ended, available)
            reports = self._watched.take_reports()
        deliver(reports)

    def _wake(self, pieces: int) -> None:
        self._active_at = time.monotonic()
        self.marker += pieces
        if self._waiting:
            self._work.notify(pieces)

    # -- subscriptions --------------------------------------------------------------------------------

    def subscribe(self, watch: Watch, ids: Iterable[InvocationId], available: bool) -> None:
        """Note interests, then look at how things stand, so that nothing falls between."""
        wanted = list(ids)
        with self._lock:
            self._watched.add(watch, wanted, available)
        with self._connections.read() as connection:
            standings = look_up(connection, self._tables, wanted)
        with self._lock:
            self._note([i for i, queued, _ in standings if queued < 0], ())
            if available:
                self._claimable_at.update(
                    (i, seq if queued == 1 else -1) for i, queued, seq in standings if queued >= 0
                )
            if self._watched:
                self._active_at = time.monotonic()
                self._ensure_thread()
            reports = self._watched.take_reports()
        deliver(reports)

    def unsubscribe(self, watch: Watch, ids: Iterable[InvocationId] | None) -> None:
        """Forget interests; all of a subscription without ids."""
        with self._lock:
            for invocation_id in self._watched.discard(watch, ids):
                self._claimable_at.pop(invocation_id, None)

    def _note(self, ended: Iterable[InvocationId], available: Iterable[InvocationId]) -> None:
        for invocation_id in ended:
            self._claimable_at.pop(invocation_id, None)
            self._watched.note_final(invocation_id)
        for invocation_id in available:
            self._watched.note_available(invocation_id)

    # -- the thread -----------------------------------------------------------------------------------

    def close(self) -> None:
        """End the thread; the next wait starts another one."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._let_all_look()
            self._alarm.ring()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def before_fork(self) -> None:
        """Keep everybody out."""
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Go on; the child has neither the thread nor anybody who waits."""
        if in_child:
            self._forget_all()
        self._lock.release()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._alarm = alarm = _Alarm()
            self._thread = threading.Thread(
                target=self._run, args=(alarm,), name="pynenc-sqlite-changes", daemon=True
            )
            self._thread.start()
        else:
            self._alarm.ring()

    def _run(self, alarm: _Alarm) -> None:
        me = threading.current_thread()
        looker = Looker(self._connections, self._tables, self._now)
        while self._pause(me, alarm):
            try:
                if looker.has_changed():
                    self._look(looker)
            except StoreError as error:
                logger.warning("cannot look for changes, trying again: %s", error)
                alarm.wait(_PAUSE_AFTER_ERROR_SECONDS)

    def _pause(self, me: threading.Thread, alarm: _Alarm) -> bool:
        """Wait until it is time to look; False when this thread is no longer wanted.

        Without the lock: whoever changes what is read here rings afterwards.
        """
        while self._thread is me:
            if not self._is_wanted():
                alarm.wait()
                continue
            quiet = (time.monotonic() - self._active_at) / _PAUSE_SHARE
            shortest = _OUTRUN_SECONDS if self.outrun and not self._watched else _SHORTEST_SECONDS
            alarm.wait(min(max(quiet, shortest), _LONGEST_SECONDS))
            if self._is_wanted():  # whoever was woken last may only have begun to run
                return self._thread is me
        return False

    def _is_wanted(self) -> bool:
        return bool(self._waiting or self._watched or self._reacting)

    def _look(self, looker: Looker) -> None:
        with self._lock:
            waiting = self._waiting
            if not waiting:
                # Whoever is between looking for work and waiting for it looks once more.
                self.marker += 1
            reacting = self._reacting
            few = len(self._watched) <= _FEW
            ids = self._watched.ids() if few or looker.is_full_look_due() else []
        if few:
            found = looker.look_up(waiting, ids)
        elif ids:
            found = looker.look_up_all(waiting, ids)
        else:
            found = looker.follow(waiting)
        occurred = not reacting or looker.has_occurrences()
        with self._lock:
            if occurred:
                # Or somebody is between looking for them and waiting for them.
                self.occurrence_marker += 1
                self._occurred.notify_all()
            standings = list(found.standings)
            concerns = found.ready or found.ended or (reacting and occurred)
            if concerns or standings != self._standings:
                self._active_at = time.monotonic()
            self._standings = standings
            if waiting:
                self._wake_for(found)
            self._note(found.ended, ())
            self._note_standings(found.standings)
            reports = self._watched.take_reports()
        deliver(reports)

    def _wake_for(self, found: Findings) -> None:
        pieces = found.ready
        self._expected = pieces > 0
        if found.due is not None and (self._next_due is None or found.due < self._next_due):
            # One thread has to know until when it may sleep.
            pieces = max(pieces, 1)
        self._next_due = found.due
        if pieces:
            self._wake(pieces)

    def _note_standings(self, standings: Sequence[Standing]) -> None:
        ended, available = [], []
        for invocation_id, queued, seq in standings:
            if queued < 0:
                ended.append(invocation_id)
                continue
            known = self._claimable_at.get(invocation_id)
            if known is not None:
                if queued == 1 and seq != known:
                    available.append(invocation_id)
                self._claimable_at[invocation_id] = seq if queued == 1 else -1
        self._note(ended, available)
