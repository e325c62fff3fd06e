"""When a cron expression is due, in a time zone: pure arithmetic, no clock of its own.

The expression names wall-clock times. While clocks are moved:

- An hour field that begins with ``*`` follows real time: times that a zone skips do not occur, those that it has
  twice occur twice. ``0 * * * *`` is due every hour, whatever the clocks do.
- Any other hour field means a time of the day, once per day: in the gap it is due as much later as the clocks are
  moved, in the repeated hour the first time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from heapq import heappop, heappush
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pynenc.exceptions import InvalidScheduleError

_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
#: Clocks are moved by a day at most (Samoa left out one).
_MARGIN_SECONDS = 26 * 3600.0
_NONE = timedelta()


class Schedule:
    """A cron expression in a time zone.

    Args:
        expression: Five fields, or six with seconds first.
        zone: An IANA name, such as ``Europe/Berlin``.

    Raises:
        InvalidScheduleError: naming the field that is wrong, or the zone that is unknown.
    """

    def __init__(self, expression: str, zone: str = "UTC") -> None:
        self.expression = " ".join(str(expression).split())
        self.zone = _zone(zone)
        fields = self.expression.split(" ") if self.expression else []
        if len(fields) not in (5, 6):
            raise InvalidScheduleError(
                f"cron expression {expression!r} has {len(fields)} fields: write 5 (minute, hour, day of month, month, "
                "day of week), or 6 with seconds first"
            )
        self._has_seconds = len(fields) == 6
        _check_fields(self.expression, fields)
        self._follows_real_time = fields[-4].startswith("*")
        try:
            self._walls(datetime(2024, 1, 1)).__next__()  # wall-clock time
        except _bad_date():
            raise InvalidScheduleError(
                f"cron expression {expression!r} is never due: no month has such a day"
            ) from None

    def next_after(self, instant: float) -> float:
        """The first instant behind ``instant`` that is due: seconds since 1970."""
        return next(self.after(instant))

    def after(self, instant: float) -> Iterator[float]:
        """All instants behind ``instant`` that are due, in order."""
        found: list[float] = []
        last = instant
        for wall in self._walls(self._wall(instant) - self._shift_near(instant) - timedelta(seconds=1)):
            for due in self._instants(wall):
                if due > instant:
                    heappush(found, due)
            # Where clocks are moved, a later wall-clock time may be due before an earlier one.
            while found and not (
                (shift := self._shift_near(found[0])) and wall <= self._wall(found[0]) + shift
            ):
                due = heappop(found)
                if due != last:
                    yield due
                    last = due

    def last_between(self, after: float, until: float, limit: int) -> list[float]:
        """The last ``limit`` due instants with ``after < instant <= until``, in order."""
        if limit < 1 or after >= until:
            return []
        span = float(limit if self._has_seconds else 60 * limit)
        while True:
            start = max(after, until - span)
            found = []
            for instant in self.after(start):
                if instant > until:
                    break
                found.append(instant)
            if len(found) >= limit or start == after:
                return found[-limit:]
            span *= 2

    def _wall(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, self.zone).replace(tzinfo=None, fold=0)

    def _shift_near(self, instant: float) -> timedelta:
        """By how much the clocks are moved around an instant."""
        before, after = (
            datetime.fromtimestamp(instant + margin, self.zone).utcoffset() or _NONE
            for margin in (-_MARGIN_SECONDS, _MARGIN_SECONDS)
        )
        return abs(after - before)

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """Wall-clock times that match, behind ``start``."""
        times = _croniter()(self.expression, start, second_at_beginning=self._has_seconds)
        while True:
            yield times.get_next(datetime)

    def _instants(self, wall: datetime) -> list[float]:
        """When a wall-clock time is due."""
        first = wall.replace(tzinfo=self.zone, fold=0)
        at = first.timestamp()
        if not self._follows_real_time:
            return [at]
        if self._wall(at) != wall:
            return []  # the zone skips it
        again = wall.replace(tzinfo=self.zone, fold=1).timestamp()
        return [at] if again == at else [at, again]


def to_text(instant: float) -> str:
    """An instant as it is shown and hashed: UTC, ISO 8601."""
    return datetime.fromtimestamp(instant, UTC).isoformat()


@cache
def _croniter() -> Any:
    """Imported by apps that have schedules only: it takes longer than many other things together."""
    return import_module("croniter").croniter


def _bad_date() -> type[Exception]:
    error: type[Exception] = import_module("croniter").CroniterBadDateError
    return error


@lru_cache(maxsize=1024)
def make_schedule(expression: str, zone: str) -> Schedule:
    """The schedule of an expression; the same object for the same one."""
    return Schedule(expression, zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InvalidScheduleError(
            f"there is no time zone {name!r}: use an IANA name such as 'Europe/Berlin' or 'UTC' (where the system has "
            "no database of time zones, install the package tzdata)"
        ) from None


def _check_fields(expression: str, fields: list[str]) -> None:
    names = _FIELDS if len(fields) == 5 else ("second", *_FIELDS)
    for at, (name, field) in enumerate(zip(names, fields, strict=True)):
        alone = ["*"] * len(fields)
        alone[at] = field
        if not _croniter().is_valid(" ".join(alone), second_at_beginning=len(fields) == 6):
            raise InvalidScheduleError(f"cron expression {expression!r}: {field!r} is no valid {name}")
    if not _croniter().is_valid(expression, second_at_beginning=len(fields) == 6):
        try:
            _croniter().expand(expression, second_at_beginning=len(fields) == 6)
        except _bad_date():
            return
        except (ValueError, KeyError) as error:
            raise InvalidScheduleError(f"cron expression {expression!r}: {error}") from None
