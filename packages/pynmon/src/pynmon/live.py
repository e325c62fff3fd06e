"""Tells browsers that something changed, or that the store is away: one question for all, only while one looks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.exceptions import StoreError
from pynmon.presentation.texts import iso
from pynmon.settings import MonitorSettings

logger = logging.getLogger(__name__)
#: A stream without news says so, so that both ends notice when the other is gone.
_QUIET_SECONDS = 15.0
#: A store that says nothing for so long is away.
_PATIENCE_SECONDS = 5.0


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
        self._answered_at = 0.0
        self._is_away = False

    @property
    def streams(self) -> int:
        """How many are open."""
        return self._streams

    @property
    def is_full(self) -> bool:
        """Whether no further stream is taken."""
        return self._streams >= self._settings.max_streams

    @property
    def lag_seconds(self) -> float:
        """How much longer ago than planned the store answered last; 0 while nobody looks."""
        if self._sampler is None:
            return 0.0
        return max(0.0, time.time() - self._answered_at - self._settings.refresh_seconds)

    async def stream(self) -> AsyncIterator[str]:
        """One browser's events, until it goes away."""
        self._streams += 1
        if self._sampler is None:
            self._answered_at = time.time()
            self._sampler = asyncio.create_task(self._sample())
        try:
            yield "retry: 2000\nevent: hello\ndata: \n\n"
            if self._is_away:
                yield self._news()
            while True:
                changed = self._changed
                try:
                    await asyncio.wait_for(changed.wait(), _QUIET_SECONDS)
                except TimeoutError:
                    yield ": quiet\n\n"
                else:
                    yield self._news()
        finally:
            self._streams -= 1
            if not self._streams and self._sampler is not None:
                self._sampler.cancel()
                self._sampler = None
                self._is_away = False

    def _news(self) -> str:
        if self._is_away:
            return f"event: away\ndata: {iso(self._answered_at)}\n\n"
        return "event: changed\ndata: \n\n"

    async def _sample(self) -> None:
        seen = ""
        while True:
            token = await self._ask()
            if token is not None:
                was_away, self._is_away = self._is_away, False
                self._answered_at = time.time()
                if was_away or (seen and token != seen):
                    self._tell()
                seen = token
            await asyncio.sleep(self._settings.refresh_seconds)

    async def _ask(self) -> str | None:
        """The change token; None when there is none, after everybody was told so."""
        asked = asyncio.create_task(asyncio.to_thread(self._store.change_token))
        try:
            answered, _ = await asyncio.wait({asked}, timeout=_PATIENCE_SECONDS)
            if not answered:
                logger.warning("the store does not answer whether anything changed")
                self._miss()
            return await asked
        except StoreError as error:
            logger.warning("cannot ask for changes, trying again: %s", error)
            self._miss()
            return None

    def _miss(self) -> None:
        if not self._is_away:
            self._is_away = True
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
