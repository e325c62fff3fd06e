"""Cron expressions in words, as far as they are known to mean something: any runner may store any text."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from pynenc.exceptions import InvalidScheduleError
from pynenc.trigger.schedule import make_schedule
from pynenc.trigger.trigger_info import TriggerInfo

#: Longer ones would have long words, too.
_LONGEST = 100


def words_of(trigger: TriggerInfo) -> list[str]:
    """What its schedules say, in English; nothing of one that is too long, wrong, or unknown here."""
    return [words for expression, zone in trigger.schedules if (words := _words(expression, zone))]


@lru_cache(maxsize=1024)
def _words(expression: str, zone: str) -> str:
    if len(expression) > _LONGEST:
        return ""
    # Imported where there are schedules only: it takes longer than the pages that have none.
    descriptor = import_module("cron_descriptor")
    try:
        # What it means is decided there; of what is wrong this library describes some.
        made = make_schedule(expression, zone)
        options = descriptor.Options(use_24hour_time_format=True, locale_code="en_US")
        found = descriptor.ExpressionDescriptor(made.expression, options).get_full_description()
    except (InvalidScheduleError, descriptor.FormatException, descriptor.WrongArgumentException):
        return ""
    return f"{found}, {zone}"
