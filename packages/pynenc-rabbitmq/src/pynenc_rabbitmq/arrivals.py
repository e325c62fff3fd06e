"""How waiting threads hear of messages. Outlives connections."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from pynenc.values.bell import Bell
from pynenc.values.ids import InvocationId


class Waiter:
    """A thread that waits."""

    def __init__(self) -> None:
        self.bell = Bell()


class Taker(Waiter):
    """One that is given a message the moment it comes.

    Args:
        on_taken: Called with the id by whoever gives it.
    """

    def __init__(self, on_taken: Callable[[InvocationId], None]) -> None:
        super().__init__()
        self.on_taken = on_taken
        #: What it was given: on which connection, under which number.
        self.message: tuple[int, int, InvocationId] | None = None


class Arrivals:
    """Counts what arrived, and wakes one waiting thread for each piece."""

    def __init__(self) -> None:
        #: Shared with the buffer, which is changed with each arrival.
        self.lock = threading.Lock()
        # All guarded by self.lock.
        #: Threads that wait and were not woken yet, the first to be first.
        self._waiters: deque[Waiter] = deque()
        #: Grows only.
        self.marker = 0
        #: Threads that wait.
        self.waiting = 0

    def wait(self, marker: int, timeout_seconds: float, waiter: Waiter | None = None) -> bool:
        """Block until the marker moved."""
        waiter = waiter or Waiter()
        with self.lock:
            if self.marker != marker:
                return True
            self.waiting += 1
            self._waiters.append(waiter)
        rung = False
        try:
            rung = waiter.bell.wait(timeout_seconds)
        finally:
            with self.lock:
                self.waiting -= 1
                if waiter in self._waiters:  # nobody woke it
                    self._waiters.remove(waiter)
                    rung = True
        if not rung:
            waiter.bell.wait(-1)  # it is just being given something
        return self.marker != marker

    def next_taker(self) -> Taker | None:
        """The first thread to wait, if it can be given a message, which is counted; called with the lock held.

        It goes on once its bell is rung.
        """
        if not self._waiters or not isinstance(taker := self._waiters[0], Taker):
            return None
        self._waiters.popleft()
        self.marker += 1
        return taker

    def announce(self, pieces: int = 1) -> None:
        """Wake so many threads; called with the lock held."""
        self.marker += pieces
        for _ in range(min(pieces, len(self._waiters))):
            self._waiters.popleft().bell.ring()

    def interrupt(self) -> None:
        """Wake every thread."""
        with self.lock:
            self.announce(max(1, len(self._waiters)))
