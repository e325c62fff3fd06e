"""How waiting threads hear of messages. Outlives connections."""

from __future__ import annotations

import threading


class Arrivals:
    """Counts what arrived, and wakes one waiting thread for each piece."""

    def __init__(self) -> None:
        #: Shared with the buffer, which is changed with each arrival.
        self.lock = threading.Lock()
        self._changed = threading.Condition(self.lock)
        #: Grows only.
        self.marker = 0
        #: Threads that wait.
        self.waiting = 0

    def wait(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the marker moved."""
        with self._changed:
            self.waiting += 1
            try:
                return self._changed.wait_for(lambda: self.marker != marker, timeout_seconds)
            finally:
                self.waiting -= 1

    def announce(self, pieces: int = 1) -> None:
        """Wake so many threads; called with the lock held."""
        self.marker += pieces
        self._changed.notify(pieces)

    def interrupt(self) -> None:
        """Wake every thread."""
        with self._changed:
            self.marker += 1
            self._changed.notify_all()
