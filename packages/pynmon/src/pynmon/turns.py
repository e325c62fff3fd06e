"""Whose turn it is: one makes an answer while others wait, but nobody waits long for one that does not get done."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

#: Answers that are made at once at most, as long as each gets done: what one is made of is memory until it is sent, and
#: what threads of their own gave back stays with them.
AT_ONCE = 2
#: So many times as long as it keeps all others waiting an answer is one of those.
_COUNTED = 10


class Turns:
    """One after the other, by event loop; who takes long has one beside, and no more.

    Args:
        seconds: Who has not ended a turn by then lets another begin.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        #: Who may begin, and room for those who have not ended.
        self._places: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[asyncio.Semaphore, asyncio.Semaphore]
        ] = WeakKeyDictionary()

    async def take(self) -> Turn:
        """Wait for a turn; whoever takes it ends it."""
        loop = asyncio.get_running_loop()
        first, room = self._places.setdefault(loop, (asyncio.Semaphore(1), asyncio.Semaphore(AT_ONCE)))
        await first.acquire()
        try:
            await room.acquire()
        except BaseException:
            first.release()
            raise
        return Turn(first, room, loop, self._seconds)


class Turn:
    """The turn of one of them.

    Args:
        first: Held, and released once, as is the other.
        room: Held longer.
        loop: Runs it.
        seconds: When the first is released at the latest.
    """

    def __init__(
        self,
        first: asyncio.Semaphore,
        room: asyncio.Semaphore,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
    ) -> None:
        self._held = [first, room]
        self._timers = [
            loop.call_later(seconds, self._release, first),
            loop.call_later(_COUNTED * seconds, self._release, room),
        ]

    def end(self) -> None:
        """Let the next one begin."""
        for timer in self._timers:
            timer.cancel()
        for one in list(self._held):
            self._release(one)

    def _release(self, one: asyncio.Semaphore) -> None:
        if one in self._held:
            self._held.remove(one)
            one.release()
