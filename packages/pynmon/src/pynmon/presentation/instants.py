"""Instants as whoever looks at a page wants to see them: in UTC, in the time zone of their browser, or by their age."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from pynmon.presentation.texts import duration, iso

#: Holds what was chosen: the name of a time zone, ``relative``, or nothing for UTC.
COOKIE = "pynmon-times"
_RELATIVE = "relative"
#: So long is the date of an exact instant, and all of it up to its seconds.
_DATE, _SECONDS = len("2026-01-31"), len("2026-01-31T12:00:00")
#: No time zone has a longer name.
_LONGEST = 64


class Instants:
    """Shows those of one page.

    Args:
        choice: What the browser says was chosen; what is no time zone that this machine knows is UTC.
        now: What ages are counted to.
    """

    def __init__(self, choice: str, now: float) -> None:
        self.now = now
        self._is_relative = choice == _RELATIVE
        self._zone = UTC if self._is_relative else _zone_of(choice)
        self._exact_now = self._exact(now)

    @property
    def zone(self) -> str:
        """The name of the time zone, as browsers know it."""
        return "UTC" if self._zone is UTC else str(self._zone)

    @property
    def choice(self) -> str:
        """What is offered of it: ``UTC``, ``local`` or ``relative``."""
        return _RELATIVE if self._is_relative else "UTC" if self._zone is UTC else "local"

    @property
    def origin(self) -> float:
        """An instant from which steps lead to round ones."""
        if self._is_relative:
            return self.now
        offset = self._local(self.now).utcoffset()
        return -offset.total_seconds() if offset else 0.0

    def exact(self, at: float) -> str:
        """To the millisecond."""
        return self.age(at) if self._is_relative else self._exact(at)

    def clock(self, at: float) -> str:
        """The time of day."""
        return self.age(at) if self._is_relative else self._exact(at)[_DATE + 1 : _SECONDS]

    def moment(self, at: float, beside: float | None = None) -> str:
        """The time of day, and the day where it is another one than that of an instant that stands beside it.

        Args:
            at: The instant.
            beside: By default now.
        """
        if self._is_relative:
            return self.age(at)
        exact, other = self._exact(at), self._exact_now if beside is None else self._exact(beside)
        if exact[:_DATE] == other[:_DATE]:
            return exact[_DATE + 1 : _SECONDS]
        return f"{self._local(at):%a %d %b %H:%M:%S}"

    def zone_at(self, at: float) -> str:
        """What stands behind a time of day, so that everybody knows which; nothing behind an age."""
        return "" if self._is_relative else f" {self._local(at):%Z}"

    def tick(self, at: float, seconds: float) -> str:
        """A mark of an axis that is so many seconds long."""
        if self._is_relative:
            age = self.now - at
            return f"\N{MINUS SIGN}{duration(age)}" if age > 0 else f"+{duration(-age)}" if age else "now"
        local = self._local(at)
        if seconds > 3 * 86400:
            return f"{local:%a %d %b}"
        return f"{local:%H:%M:%S}" if seconds >= 20 else f"{local:%H:%M:%S.%f}"[:-3]

    def seen(self) -> str:
        """When the page was made, which no age says."""
        return f"{self._local(self.now):%H:%M:%S %Z}"

    def age(self, at: float) -> str:
        """How long ago an instant is, or in what time."""
        age = self.now - at
        if not age:
            return "now"
        return f"{duration(age)} ago" if age > 0 else f"in {duration(-age)}"

    def exactly(self, at: float) -> str:
        """To the millisecond, whatever was chosen."""
        return self._exact(at)

    def both(self, at: float) -> str:
        """Exactly, and by its age."""
        return f"{self._exact(at)}, {self.age(at)}"

    def _exact(self, at: float) -> str:
        return iso(at) if self._zone is UTC else self._local(at).isoformat(timespec="milliseconds")

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)


def _zone_of(name: str) -> tzinfo:
    if not name or name == "UTC" or len(name) > _LONGEST:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        # boundary: a browser may send anything, and another folder or no file at all is no time zone.
        return UTC
