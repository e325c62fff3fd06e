"""Schedules in English."""

from __future__ import annotations

import pytest

from pynenc.trigger.trigger_info import TriggerInfo
from pynmon.cron_words import words_of


def trigger(*schedules: tuple[str, str]) -> TriggerInfo:
    return TriggerInfo(
        trigger_id="it",
        task_id="a.b",
        text="",
        in_force=True,
        same_version=True,
        paused=False,
        schedules=schedules,
    )


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("30 2 * * mon-fri", "At 02:30, Monday through Friday"),
        # Seconds come first.
        ("30 */5 * * * *", "At 30 seconds past the minute, every 5 minutes"),
        ("0 0 29 2 *", "At 00:00, on day 29 of the month, only in February"),
        # Either of both, which many do not know.
        ("0 0 1 * 1", "At 00:00, on day 1 of the month, or on Monday"),
    ],
)
def test_a_schedule_is_told_in_words_and_by_which_clocks(expression: str, words: str) -> None:
    assert words_of(trigger((expression, "Europe/Berlin"))) == [f"{words}, Europe/Berlin"]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "@daily",
        "<script> * * * *",
        "61 * * * *",
        "0 0 0 1 1 2026",
        "* " * 40,
        "1" * 90 + " * * * *",
        f"{'1,' * 60}1 * * * *",
    ],
)
def test_what_is_no_schedule_or_too_long_has_no_words(expression: str) -> None:
    assert words_of(trigger((expression, "UTC"), ("0 2 * * *", "UTC"))) == ["At 02:00, UTC"]


def test_a_schedule_in_an_unknown_zone_has_no_words() -> None:
    assert words_of(trigger(("0 2 * * *", "No/Where"))) == []
