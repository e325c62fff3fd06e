"""What is due within a day, and what came late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pynenc.trigger.trigger_info import TriggerInfo
from pynenc.values.triggers import TriggerRun
from pynmon.schedules import day_of, dues_of, lateness_of, missed_of, schedules_of, trial_of

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


def test_a_trial_begins_at_any_instant_and_is_bounded() -> None:
    nightly = trigger("nightly", "0 2 * * *")
    asked = trial_of(nightly, "2027-01-01T02:00:00+01:00", 5, NOW)
    assert [f"{datetime.fromtimestamp(one.at, UTC):%m-%d %H}" for one in asked] == [
        f"01-0{n} 02" for n in (1, 2, 3, 4, 5)
    ]
    assert trial_of(nightly, "", 5, NOW) == dues_of(nightly, NOW, 5)
    for after, count in (
        ("soon", 5),
        ("2099-01-01", 5),
        ("0001-01-01", 5),
        ("9999-12-31T23:59", 5),
        ("", 51),
    ):
        with pytest.raises(ValueError, match=r"instant|years|choose"):
            trial_of(nightly, after, count, NOW)


def test_a_time_without_a_run_was_missed() -> None:
    def at(hour: int) -> str:
        return datetime(2026, 5, 4, hour, tzinfo=UTC).isoformat()

    hourly = replace(trigger("hourly", "0 * * * *"), text="cron '0 * * * *' UTC")
    runs = [run(NOW, at(9)), run(NOW, "0198-by-hand"), run(NOW, at(6)), run(NOW, at(5))]
    missed = missed_of(hourly, runs, NOW)
    assert missed is not None
    # 10 o'clock is a while ago, 9 was run, 11 is to come; what was before the oldest run is unknown.
    assert [datetime.fromtimestamp(one, UTC).hour for one in missed.times] == [10, 8, 7]
    assert not missed.is_cut
    just_due = missed_of(hourly, runs, datetime(2026, 5, 4, 10, 1, tzinfo=UTC).timestamp())
    assert just_due is not None
    assert [datetime.fromtimestamp(one, UTC).hour for one in just_due.times] == [8, 7]


def test_nothing_is_missed_where_that_cannot_be_told() -> None:
    both = replace(trigger("both", "0 * * * *"), text="cron '0 * * * *' UTC AND event 'open'")
    known = run(NOW, datetime(2026, 5, 4, 5, tzinfo=UTC).isoformat())
    assert missed_of(both, [known], NOW) is None
    hourly = replace(both, text="cron '0 * * * *' UTC")
    assert missed_of(hourly, [], NOW) is None
    often = replace(trigger("often", "* * * * * *"), text="cron '* * * * * *' UTC")
    missed = missed_of(often, [known], NOW)
    assert missed is not None
    assert (missed.is_cut, len(missed.times)) == (True, 1000)


def test_what_failed_is_seen_in_the_trend_of_a_day() -> None:
    runs = [replace(run(NOW - 7200.0), error="ValueError"), run(NOW - 7100.0), run(NOW - 90_000.0)]
    (schedule,) = schedules_of([trigger("nightly", "0 2 * * *")], runs, NOW)
    assert schedule.trend is not None
    assert [(bar.total, bar.failed) for bar in schedule.trend.bars if bar.total] == [(2, 1)]
    assert schedules_of([trigger("nightly")], runs[2:], NOW)[0].trend is None
