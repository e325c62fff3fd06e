"""A year of cron, compared with a computation that shares no code and no idea with the one under test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from pynenc.exceptions import InvalidScheduleError
from pynenc.trigger.schedule import Schedule

YEAR = (datetime(2024, 1, 1, tzinfo=UTC).timestamp(), datetime(2025, 1, 1, tzinfo=UTC).timestamp())
#: Two hemispheres, a shift of half an hour, offsets of quarters, none at all, and a zone that left out a day.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
)


def values(field: str, least: int, most: int) -> set[int]:
    """What a field means; only what the tests write."""
    found: set[int] = set()
    for part in field.split(","):
        body, _, step = part.partition("/")
        first, last = (least, most) if body == "*" else (int(body.split("-")[0]), int(body.split("-")[-1]))
        found.update(range(first, last + 1, int(step or 1)))
    return found


def matcher(expression: str) -> Callable[[datetime], bool]:
    fields = expression.split()
    bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
    minutes, hours, days, months, weekdays = (
        values(field, *bound) for field, bound in zip(fields, bounds, strict=True)
    )
    either = "*" not in fields[2] and "*" not in fields[4]  # with both given, either counts

    def matches(wall: datetime) -> bool:
        if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
            return False
        by_day, by_weekday = wall.day in days, (wall.weekday() + 1) % 7 in weekdays
        return by_day or by_weekday if either else by_day and by_weekday

    return matches


def expected(expression: str, zone: ZoneInfo, begin: float, end: float) -> list[float]:
    """By looking at every fifth minute: of real time, or of the calendar for times of the day."""
    matches = matcher(expression)
    if expression.split()[1].startswith("*"):
        instants = range(int(begin) + 300, int(end) + 1, 300)
        return [float(i) for i in instants if matches(datetime.fromtimestamp(i, zone))]
    found = {wall.replace(tzinfo=zone).timestamp() for wall in walls(expression, begin, end)}
    return sorted(i for i in found if begin < i <= end)


@cache
def walls(expression: str, begin: float, end: float) -> list[datetime]:
    """What a calendar says between two instants and some days around, in whatever zone."""
    matches = matcher(expression)
    first, last = (datetime.fromtimestamp(instant, UTC).replace(tzinfo=None) for instant in (begin, end))
    steps = range(-3 * 288, ((last - first).days + 4) * 288)
    return [wall for step in steps if matches(wall := first + step * timedelta(minutes=5))]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "expression",
    [
        "30 2 * * *",
        "15,45 1-3 * * 0",
        "20 * * * 0",  # zones change their offset on Sundays
        "0 */6 * * *",
        "0 0 1 * *",
        "0 12 13 * 5",
        "55 23 29 2 *",
    ],
)
def test_a_year_has_the_times_of_an_independent_computation(expression: str, zone: str) -> None:
    found = []
    for instant in Schedule(expression, zone).after(YEAR[0]):
        if instant > YEAR[1]:
            break
        found.append(instant)
    assert found == expected(expression, ZoneInfo(zone), *YEAR)


def test_a_day_that_a_zone_leaves_out_is_made_up_for_by_times_of_the_day_only() -> None:
    begin = datetime(2011, 12, 29, 12, tzinfo=UTC).timestamp()
    end = datetime(2012, 1, 1, 12, tzinfo=UTC).timestamp()
    for expression in ("0 12 * * *", "0 */3 * * *"):
        found = [i for i in islice(Schedule(expression, "Pacific/Apia").after(begin), 100) if i <= end]
        assert found == expected(expression, ZoneInfo("Pacific/Apia"), begin, end)


def test_seconds_come_first() -> None:
    begin = datetime(2024, 5, 1, 10, 0, 0, tzinfo=UTC)
    found = list(islice(Schedule("*/20 5 10 * * *").after(begin.timestamp()), 4))
    first = begin + timedelta(minutes=5)
    later = [first, first + timedelta(seconds=20), first + timedelta(seconds=40), first + timedelta(days=1)]
    assert found == [instant.timestamp() for instant in later]


def test_names_of_days_and_months_are_understood() -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    found = datetime.fromtimestamp(Schedule("0 9 * mar mon-wed").next_after(begin), UTC)
    assert found == datetime(2024, 3, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("expression", ["* * * * *", "30 2 * * *", "*/7 * * * * *", "0 0 1 1 *"])
def test_the_last_before_an_instant_are_the_end_of_those_after_another(expression: str, zone: str) -> None:
    end = datetime(2024, 3, 10, 8, tzinfo=UTC).timestamp()
    begin = end - (10_000 if expression.startswith("*") else 4 * 366 * 86_400)
    schedule = Schedule(expression, zone)
    everything = []
    for instant in schedule.after(begin):
        if instant > end:
            break
        everything.append(instant)
    for limit in (1, 2, 50):
        assert schedule.last_between(begin, end, limit) == everything[-limit:]
    assert schedule.last_between(begin, end, 0) == []
    assert schedule.last_between(end, end, 5) == []


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("61 * * * *", "'61' is no valid minute"),
        ("* 24 * * *", "'24' is no valid hour"),
        ("* * 0 * *", "'0' is no valid day of month"),
        ("* * * 13 *", "'13' is no valid month"),
        ("* * * * 8", "'8' is no valid day of week"),
        ("61 * * * * *", "'61' is no valid second"),
        ("every day please no way", "'every' is no valid minute"),
        ("* * * *", "has 4 fields"),
        ("", "has 0 fields"),
        ("* * * * * * *", "has 7 fields"),
        ("0 0 30 2 *", "never due"),
    ],
)
def test_a_wrong_expression_names_its_field(expression: str, named: str) -> None:
    with pytest.raises(InvalidScheduleError, match=named):
        Schedule(expression)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "CEST"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(InvalidScheduleError, match="time zone"):
        Schedule("* * * * *", zone)
