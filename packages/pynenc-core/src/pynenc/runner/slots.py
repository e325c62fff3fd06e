"""The slot threads of one worker: so many run, others are parked, replacements open and retire."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pynenc.runner.places import SupervisedPlace

logger = logging.getLogger(__name__)


class SlotPool:
    """Keeps ``size`` threads at work, however many wait inside of tasks.

    A thread holds a place while it works. One that waits gives its place back, and a replacement opens;
    when it resumes it takes a place before any new work does, and the replacement retires.

    Args:
        size: How many places there are.
        max_parked: How many threads may wait without a place.
        work: Does one round of work with a place; False when there was nothing to do.
        idle: Called without a place after such a round, until there may be work; True when this thread has some
            already, and is given a place even if no new work is to begin.
    """

    def __init__(
        self, size: int, max_parked: int, work: Callable[[], bool], idle: Callable[[], bool]
    ) -> None:
        self._size = size
        self._max_parked = max_parked
        self._work = work
        self._idle = idle
        #: Where the process's place comes from, when it is not this process's own.
        self.place: SupervisedPlace | None = None
        #: By itself where nobody is waited for or woken: the way of a condition to it is longer, once per call.
        self._lock = lock = threading.Lock()
        #: Wakes slot threads without a place, and whoever waits for their end.
        self._changed = threading.Condition(lock)
        #: Wakes one of those that resume per free place: there may be a thousand of them.
        self._place_free = threading.Condition(lock)
        # All guarded by the lock.
        self._stopping = False
        self._taken = 0
        self._parked = 0
        self._resuming = 0
        self._threads: set[threading.Thread] = set()
        self._abandoned: set[threading.Thread] = set()
        self._number = 0

    def start(self) -> None:
        """Open the slot threads."""
        with self._changed:
            for _ in range(self._size):
                self._open()

    def stop(self) -> None:
        """Take no new work; what runs goes on."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self, timeout_seconds: float) -> bool:
        """Wait until every thread ended; False if some still runs after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._threads, timeout_seconds)

    @property
    def taken(self) -> int:
        """How many threads work."""
        return self._taken

    @property
    def busy(self) -> int:
        """Places that are taken, and threads that wait inside of tasks."""
        with self._changed:
            return self._taken + self._parked

    @property
    def wanted_elsewhere(self) -> bool:
        """Whether a thread that works should end its round: somebody resumes, or there are too many."""
        # Read without the lock: a stale answer costs one more round.
        return self._resuming > 0 or self._stopping or len(self._threads) - self._parked > self._size

    def park(self) -> bool:
        """Give this thread's place back; False when too many are parked already."""
        with self._changed:
            if self._parked >= self._max_parked:
                return False
            self._parked += 1
            if len(self._threads) - self._parked < self._size and not self._stopping:
                self._open()
            if self._parked >= self._max_parked:
                self._place_free.notify_all()
            self._free_place()
        if self.place is not None:
            self.place.give()
        return True

    @property
    def parked(self) -> int:
        """How many threads wait without a place."""
        return self._parked

    @property
    def is_one_thread(self) -> bool:
        """Whether there is one place, and no other thread that could ask for it."""
        return self._size == 1 and self._parked == 0

    def abandon(self, thread_id: int) -> None:
        """Give up on a thread whose invocation was ended: another one opens, and it ends when its code does."""
        with self._changed:
            for thread in self._threads:
                if thread.ident == thread_id:
                    self._threads.discard(thread)
                    self._abandoned.add(thread)
                    if not self._stopping:
                        self._open()
                    self._free_place()
                    break

    def unpark(self) -> None:
        """Take a place again, before any new work does."""
        if self.place is not None:
            self.place.take()
        with self._changed:
            self._resuming += 1
            try:
                # At the limit of parked threads the places are held by waiters that could not park, perhaps for
                # what this one has to finish: then it goes on without waiting for a place.
                while self._taken >= self._size and self._parked < self._max_parked:
                    self._place_free.wait()
            finally:
                self._resuming -= 1
            self._parked -= 1
            self._taken += 1
            if self._taken < self._size:
                self._offer_place()

    def _open(self) -> None:
        self._number += 1
        thread = threading.Thread(target=self._run, name=f"pynenc-slot-{self._number}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _run(self) -> None:
        try:
            has_work = False
            while self._take(has_work):
                has_work = worked = False
                try:
                    worked = self._work()
                except Exception:  # boundary: a slot must not die of one round
                    logger.exception("a round of work failed; the slot goes on after a short pause")
                    threading.Event().wait(0.2)
                finally:
                    kept = self._give()
                if not kept:
                    return
                if not worked:
                    has_work = self._idle()
        finally:
            with self._changed:
                self._threads.discard(threading.current_thread())
                self._changed.notify_all()

    def _take(self, has_work: bool) -> bool:
        """Take a place for new work; False when this thread is not needed any more, unless it has work already."""
        with self._lock:
            while has_work or not self._stopping:
                if self._resuming == 0 and self._taken < self._size:
                    self._taken += 1
                    return True
                if not has_work and len(self._threads) - self._parked > self._size:
                    return False
                self._changed.wait()
            return False

    def _give(self) -> bool:
        """Give the place back; False when the thread has none any more because it was abandoned."""
        with self._lock:
            if threading.current_thread() in self._abandoned:
                self._abandoned.discard(threading.current_thread())
                return False
            self._free_place()
            return True

    def _free_place(self) -> None:
        """A thread gave its place back; the caller has the lock."""
        self._taken -= 1
        self._offer_place()

    def _offer_place(self) -> None:
        if self._resuming:
            self._place_free.notify()
        else:
            self._changed.notify_all()
