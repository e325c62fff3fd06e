"""The stretch of time that a timeline shows, as its address says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote_plus

from pynmon.presentation.texts import iso

# In seconds: round on a clock.
_FRACTIONS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_WHOLE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_STEPS = (*_FRACTIONS, *_WHOLE)
_TICKS = 10
SHORTEST_SECONDS, LONGEST_SECONDS = 0.005, 7 * 86400.0
#: Addresses are no more exact than that.
_EXACT = 0.001


@dataclass(frozen=True, slots=True)
class Window:
    """From one instant to another, in seconds since 1970."""

    since: float
    until: float
    #: Whether it ends now, and moves on.
    follows: bool

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.until - self.since

    def has(self, other: Window) -> bool:
        """Whether another one is inside of it."""
        return self.since - _EXACT <= other.since and other.until <= self.until + _EXACT

    def ticks(self, origin: float = 0.0) -> list[float]:
        """Instants inside of it, about ten, that are round from another one on."""
        step = next((one for one in _STEPS if self.seconds / one <= _TICKS), _STEPS[-1])
        first, last = math.ceil((self.since - origin) / step), math.floor((self.until - origin) / step)
        return [origin + n * step for n in range(first, last + 1)]

    def moved(self, share: float) -> Window:
        """The window before or behind it."""
        return Window(self.since + share * self.seconds, self.until + share * self.seconds, follows=False)

    def scaled(self, factor: float) -> Window:
        """One so many times as long around the same middle, within what a window may be."""
        length = min(max(SHORTEST_SECONDS + _EXACT, factor * self.seconds), LONGEST_SECONDS - _EXACT)
        rest = (length - self.seconds) / 2
        return Window(self.since - rest, self.until + rest, follows=False)


def address(since: float, until: float) -> dict[str, str]:
    """How an address says a window that stays where it is."""
    return {"from": iso(since), "to": iso(until)}


def link(*parts: Mapping[str, str]) -> str:
    """The query of an address of these words; later parts win, empty ones are left out."""
    together = {name: value for part in parts for name, value in part.items()}
    return "?" + "&".join([f"{name}={_quoted(value)}" for name, value in together.items() if value])


@lru_cache(maxsize=2048)
def _quoted(value: str) -> str:
    """A picture has hundreds of addresses that say the same."""
    return quote_plus(value)


def window_of(seconds: float, since: str, until: str, now: float) -> Window:
    """Between two instants of ISO 8601, or so many seconds that end now.

    Raises:
        ValueError: only one is given, one is no instant, or they are too near or too far apart.
    """
    if not since and not until:
        return Window(now - seconds, now, follows=True)
    begin, end = instant_of(since), instant_of(until)
    if not SHORTEST_SECONDS <= end - begin <= LONGEST_SECONDS:
        raise ValueError("a window is 5 milliseconds to 7 days long, and ends after its beginning")
    return Window(begin, end, follows=False)


def instant_of(text: str) -> float:
    """An instant of ISO 8601, in UTC where it names no time zone.

    Raises:
        ValueError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no instant such as 2026-01-31T12:00:00Z") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
