"""Numbers, durations and instants, as queries write them, and what lies between two of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIGN = re.compile(r"(>=|<=|>|<)?(.*)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

NUMBERS = "2, >2, <2 or 1..3"
DURATIONS = ">5s, <500ms or 1s..2m"
INSTANTS = "1h (the last hour), >1h (longer ago), 1h..2h, 2026-01-31, or >2026-01-31T08:00"


class Bounds(NamedTuple):
    """At least ``low``, at most ``high``; None is no bound."""

    low: float | None = None
    high: float | None = None


def number_bounds(text: str) -> Bounds:
    """Of counts.

    Raises:
        ValueError: it is none.
    """
    return _bounds(text, _number) or Bounds(_number(text), _number(text))


def duration_bounds(text: str) -> Bounds:
    """Of durations.

    Raises:
        ValueError: it is none, or has no sign: nothing lasts exactly so long.
    """
    found = _bounds(text, seconds_of)
    if found is None:
        raise ValueError(text)
    return found


def instant_bounds(text: str, now: float) -> Bounds:
    """Of instants, which are ages or dates in UTC.

    Raises:
        ValueError: it is none.
    """
    if _DURATION.fullmatch(text.lstrip("<>=").partition("..")[0]):
        # An older instant has a larger age.
        ages = _bounds(text, seconds_of) or Bounds(high=seconds_of(text))
        low, high = (None if age is None else now - age for age in (ages.high, ages.low))
        return Bounds(low, high)
    if _DAY.fullmatch(text):
        begin = instant_of(text)
        return Bounds(begin, _before(begin + timedelta(days=1).total_seconds()))
    found = _bounds(text, instant_of)
    if found is None:
        raise ValueError(text)
    return found


def instant_of(text: str) -> float:
    """Seconds since 1970 of a date, in UTC unless it says otherwise.

    Raises:
        ValueError: it is none.
        OverflowError: it is none that computers count to.
    """
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _bounds(text: str, read: Callable[[str], float]) -> Bounds | None:
    """None when it names no bound."""
    begin, dots, end = text.partition("..")
    if dots:
        return Bounds(read(begin), read(end))
    found = _SIGN.fullmatch(text)
    sign, rest = (found[1], found[2]) if found else (None, text)
    match sign:
        case ">=":
            return Bounds(low=read(rest))
        case ">":
            return Bounds(low=math.nextafter(read(rest), math.inf))
        case "<=":
            return Bounds(high=read(rest))
        case "<":
            return Bounds(high=_before(read(rest)))
        case _:
            return None


def _before(value: float) -> float:
    return math.nextafter(value, -math.inf)


def _number(text: str) -> float:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(text)
    return float(text)


def seconds_of(text: str) -> float:
    """Of a duration such as 5s.

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found[1]) * _UNITS[found[2]]
