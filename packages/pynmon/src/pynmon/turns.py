"""Whose turn it is: one makes an answer while others wait, but nobody waits long for one that does not get done."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary


class Turns:
    """One after the other, by event loop.

    Args:
        seconds: Who has not ended a turn by then keeps nobody waiting any longer.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def take(self) -> Turn:
        """Wait for a turn; whoever takes it ends it."""
        loop = asyncio.get_running_loop()
        lock = self._locks.setdefault(loop, asyncio.Semaphore(1))
        await lock.acquire()
        return Turn(lock, loop, self._seconds)


class Turn:
    """The turn of one of them.

    Args:
        lock: Held, and released once.
        loop: Runs it.
        seconds: When it ends at the latest.
    """

    def __init__(self, lock: asyncio.Semaphore, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._lock = lock
        self._is_over = False
        self._timer = loop.call_later(seconds, self.end)

    def end(self) -> None:
        """Let the next one begin."""
        if not self._is_over:
            self._is_over = True
            self._timer.cancel()
            self._lock.release()
