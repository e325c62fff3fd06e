"""Tells browsers that something changed: one question to the store for all of them, and only while one looks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.exceptions import StoreError
from pynmon.settings import MonitorSettings

logger = logging.getLogger(__name__)
#: A stream without news says so, so that both ends notice when the other is gone.
_QUIET_SECONDS = 15.0


class Live:
    """The event streams of one monitor.

    Args:
        store: Asked for its change token.
        settings: How often, and for how many streams.
    """

    def __init__(self, store: BaseMonitorStore, settings: MonitorSettings) -> None:
        self._store = store
        self._settings = settings
        # All of these belong to the event loop.
        self._streams = 0
        self._changed = asyncio.Event()
        self._sampler: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether no further stream is taken."""
        return self._streams >= self._settings.max_streams

    async def stream(self) -> AsyncIterator[str]:
        """One browser's events, until it goes away."""
        self._streams += 1
        if self._sampler is None:
            self._sampler = asyncio.create_task(self._sample())
        try:
            yield "retry: 2000\nevent: hello\ndata: \n\n"
            while True:
                changed = self._changed
                try:
                    await asyncio.wait_for(changed.wait(), _QUIET_SECONDS)
                except TimeoutError:
                    yield ": quiet\n\n"
                else:
                    yield "event: changed\ndata: \n\n"
        finally:
            self._streams -= 1
            if not self._streams and self._sampler is not None:
                self._sampler.cancel()
                self._sampler = None

    async def _sample(self) -> None:
        seen = ""
        while True:
            try:
                token = await asyncio.to_thread(self._store.change_token)
            except StoreError as error:
                logger.warning("cannot ask for changes, trying again: %s", error)
                token = seen
            if seen and token != seen:
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()
            seen = token
            await asyncio.sleep(self._settings.refresh_seconds)
