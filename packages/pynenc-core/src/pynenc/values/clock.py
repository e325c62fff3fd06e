"""Clocks: the only module that reads the time of the machine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Protocol

from pynenc.values.bell import Bell


class Clock(Protocol):
    """What the rest of the package may ask about time."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, from an arbitrary start."""


class WaitableClock(Clock, Protocol):
    """A clock whose time can also be waited for."""

    def wait(self, bell: Bell, deadline: float | None, recheck_seconds: float) -> bool:
        """Block until ``bell`` is rung; False at ``deadline`` (monotonic), or to look again before it."""

    async def wait_async(self, event: asyncio.Event, deadline: float | None, recheck_seconds: float) -> bool:
        """The same, without blocking the running loop."""


class SystemClock:
    """The clock of this machine."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def wait(self, bell: Bell, deadline: float | None, recheck_seconds: float) -> bool:
        """Returns after ``recheck_seconds`` at the latest."""
        return bell.wait(_patience(deadline, recheck_seconds))

    async def wait_async(self, event: asyncio.Event, deadline: float | None, recheck_seconds: float) -> bool:
        """Returns after ``recheck_seconds`` at the latest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_patience(deadline, recheck_seconds)):
                return await event.wait()
        return False


def _patience(deadline: float | None, recheck_seconds: float) -> float:
    if deadline is None:
        return recheck_seconds
    return max(0.0, min(deadline - time.monotonic(), recheck_seconds))


def to_datetime(instant: float) -> datetime:
    """Seconds since 1970 as an aware UTC datetime."""
    return datetime.fromtimestamp(instant, UTC)
