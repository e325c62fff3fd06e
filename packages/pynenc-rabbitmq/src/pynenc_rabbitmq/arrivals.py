"""How waiting threads hear of messages. Outlives connections."""

from __future__ import annotations

import threading
from collections import deque

from pynenc.values.bell import Bell


class Arrivals:
    """Counts what arrived, and wakes one waiting thread for each piece."""

    def __init__(self) -> None:
        #: Shared with the buffer, which is changed with each arrival.
        self.lock = threading.Lock()
        # All guarded by self.lock.
        #: Of threads that wait and were not woken yet, the first to be first.
        self._bells: deque[Bell] = deque()
        #: Grows only.
        self.marker = 0
        #: Threads that wait.
        self.waiting = 0

    def wait(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the marker moved."""
        bell = Bell()
        with self.lock:
            if self.marker != marker:
                return True
            self.waiting += 1
            self._bells.append(bell)
        try:
            bell.wait(timeout_seconds)
        finally:
            with self.lock:
                self.waiting -= 1
                if bell in self._bells:  # nobody woke it
                    self._bells.remove(bell)
        return self.marker != marker

    def announce(self, pieces: int = 1) -> None:
        """Wake so many threads; called with the lock held."""
        self.marker += pieces
        for _ in range(min(pieces, len(self._bells))):
            self._bells.popleft().ring()

    def interrupt(self) -> None:
        """Wake every thread."""
        with self.lock:
            self.announce(max(1, len(self._bells)))
