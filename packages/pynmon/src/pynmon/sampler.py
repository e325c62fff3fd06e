"""What is asked for again and again at a pace of somebody's own: read beside, and only while it is asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from pynenc.exceptions import StoreError

logger = logging.getLogger(__name__)
#: A sample is read so often, and no longer than this after somebody asked.
_EVERY_SECONDS, _KEPT_SECONDS = 15.0, 300.0
#: So many times as old as that it is no longer told: the one beside does not come on.
_OLDEST = 3.0


class Sampler:
    """Tells what was read last.

    It lives in the event loop of whoever asks, and ends with it. Where each request has a loop of its own, each reads.

    Args:
        read: Asks the store, in a thread.
        every_seconds: From the end of a read to the next one.
        kept_seconds: So long after somebody asked it goes on.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        read: Callable[[], str],
        every_seconds: float = _EVERY_SECONDS,
        kept_seconds: float = _KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._every = every_seconds
        self._kept = kept_seconds
        self._clock = clock
        self._asked_at = self._read_at = float("-inf")
        self._text = ""
        self._reader: asyncio.Task[None] | None = None

    async def latest(self) -> tuple[str, float]:
        """What was read last, and how many seconds ago; whoever asks first reads it.

        Raises:
            StoreError: there is none, and none can be read.
        """
        self._asked_at = self._clock()
        if not self._is_reading or self._asked_at - self._read_at > _OLDEST * self._every:
            await self._take()
            if not self._is_reading:
                self._reader = asyncio.create_task(self._go_on())
        return self._text, self._clock() - self._read_at

    @property
    def _is_reading(self) -> bool:
        reader = self._reader
        return reader is not None and not reader.done() and reader.get_loop() is asyncio.get_running_loop()

    async def _take(self) -> None:
        began = self._clock()
        self._text = await asyncio.to_thread(self._read)
        self._read_at = began

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            if self._clock() - self._asked_at > self._kept:
                return
            try:
                await self._take()
            except StoreError as error:
                logger.warning("cannot sample the store, whoever asks next tries again: %s", error)
                return
