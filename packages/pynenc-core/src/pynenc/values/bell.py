"""What wakes one thread."""

from __future__ import annotations

import threading


class Bell:
    """Rung by any thread, heard by the one that waits for it, once for however often it was rung meanwhile.

    An event says the same in ten calls of Python more, when nothing else lies between a thread and what it waits for.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        #: Held while it is quiet.
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Let the thread go on that waits, or else the next one to wait."""
        try:  # noqa: SIM105  # contextlib.suppress is three calls before and after the one that wakes
            self._lock.release()
        except RuntimeError:  # it was rung already
            pass

    def wait(self, seconds: float) -> bool:
        """Block until it is rung, which is forgotten with that; False if it is not for so long."""
        return self._lock.acquire(timeout=seconds)
