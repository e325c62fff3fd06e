"""What is due within a day, and what came late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pynenc.trigger.trigger_info import TriggerInfo
from pynenc.values.triggers import TriggerRun
from pynmon.schedules import day_of, dues_of, lateness_of, schedules_of

NOW = datetime(2026, 5, 4, 10, 20, tzinfo=UTC).timestamp()


def trigger(name: str, *schedules: str, in_force: bool = True) -> TriggerInfo:
    return TriggerInfo(
        trigger_id=name,
        task_id="a.b",
        text="",
        in_force=in_force,
        same_version=True,
        paused=False,
        schedules=tuple((one, "UTC") for one in schedules),
    )


def run(at: float, *occurrences: str) -> TriggerRun:
    return TriggerRun(run_id="r", trigger_id="nightly", at=at, occurrence_ids=occurrences)


def test_a_day_holds_each_time_once_in_its_quarter_of_an_hour() -> None:
    found = [
        trigger("nightly", "0 2 * * *"),
        trigger("also", "7 2 * * *"),
        trigger("just now", "16 10 * * *"),
        trigger("often", "*/5 * * * *"),
        trigger("all the time", "* * * * *"),
        trigger("nobody has it", "0 2 * * *", in_force=False),
        trigger("reacts"),
    ]
    day = day_of(schedules_of(found, [], NOW), NOW)
    assert day is not None
    assert day.begin == NOW - 300.0
    assert day.left_out == 1
    assert day.ticks == 3 + 288
    by_time = {datetime.fromtimestamp(bar.at, UTC).strftime("%H:%M"): bar.total for bar in day.bars.bars}
    assert by_time["02:00"] == 2 + 3
    assert by_time["10:15"] == 1 + 3
    assert by_time["02:15"] == 3


def test_a_day_without_schedules_is_none() -> None:
    assert day_of(schedules_of([trigger("reacts")], [], NOW), NOW) is None


def test_lateness_is_counted_from_the_time_that_was_meant() -> None:
    nightly = trigger("nightly", "0 2 * * *")
    late = run(NOW + 2.5, datetime.fromtimestamp(NOW, UTC).isoformat())
    assert lateness_of(nightly, late) == pytest.approx(2.5)
    (schedule,) = schedules_of([nightly], [late], NOW)
    assert schedule.late == pytest.approx(2.5)


def test_what_reacts_to_something_else_is_not_late() -> None:
    nightly = trigger("nightly", "0 2 * * *")
    assert lateness_of(nightly, run(NOW, "0198-some-event")) is None
    assert lateness_of(nightly, run(NOW)) is None
    assert lateness_of(trigger("reacts"), run(NOW, datetime.fromtimestamp(NOW, UTC).isoformat())) is None


def test_times_ahead_are_right_in_utc_and_by_the_clocks_of_their_zone_when_these_are_moved() -> None:
    def due(month: int, day: int) -> list[tuple[str, str, bool]]:
        nightly = replace(trigger("nightly"), schedules=(("30 2 * * *", "Europe/Berlin"),))
        before = datetime(2026, month, day, tzinfo=UTC).timestamp()
        return [
            (f"{datetime.fromtimestamp(one.at, UTC):%d %H:%M}", f"{one.walls[0]:%d %H:%M %Z}", one.is_moved)
            for one in dues_of(nightly, before, 5)
        ]

    # Not twice in the night that has 02:30 twice.
    assert due(10, 23) == [
        ("23 00:30", "23 02:30 CEST", False),
        ("24 00:30", "24 02:30 CEST", False),
        ("25 00:30", "25 02:30 CEST", False),
        ("26 01:30", "26 02:30 CET", True),
        ("27 01:30", "27 02:30 CET", False),
    ]
    # As much later as clocks are moved, in the night that has none.
    assert due(3, 28)[:3] == [
        ("28 01:30", "28 02:30 CET", False),
        ("29 01:30", "29 03:30 CEST", True),
        ("30 00:30", "30 02:30 CEST", False),
    ]


def test_a_trigger_without_a_schedule_is_never_due() -> None:
    assert dues_of(trigger("reacts"), NOW, 5) == []
    assert dues_of(replace(trigger("lost"), schedules=(("0 2 * * *", "No/Where"),)), NOW, 5) == []
