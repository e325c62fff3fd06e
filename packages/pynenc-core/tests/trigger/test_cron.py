"""Triggers that run at a time, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pynenc.trigger import TriggerBuilder, TriggerContext, on_cron

from .triggered_app import World, log, slow


def at_time(context: TriggerContext) -> dict[str, Any]:
    return {"what": context.valid_conditions[0].context.timestamp}  # type: ignore[attr-defined]


def test_a_schedule_fires_at_its_times(world: World) -> None:
    harness = world.start(on_cron("*/10 * * * *").with_args_from_trigger_context(at_time))
    began = world.clock.now()
    harness.advance(3600)
    assert log == [began + 600 * n for n in range(1, 7)]
    created = [
        world.app.engine.get_record(i.invocation_id).created_at for i in harness.invocations(world.task)
    ]
    assert created == pytest.approx(log, abs=0.001)


def test_a_month_of_days_in_a_zone_that_moves_its_clocks(world: World) -> None:
    world.clock.advance(datetime(2025, 3, 20, tzinfo=UTC).timestamp() - world.clock.now())
    harness = world.start(
        on_cron("0 9 * * *", timezone="Europe/Berlin").with_args_from_trigger_context(at_time)
    )
    harness.advance(20 * 86_400)
    hours = [datetime.fromtimestamp(instant, UTC).hour for instant in log]
    assert hours == [8] * 10 + [7] * 10


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"misfire": "skip"}, []),
        ({"misfire": "once"}, [24]),
        ({"misfire": "all"}, list(range(1, 25))),
        ({"misfire": "all", "max_missed": 3}, [22, 23, 24]),
    ],
)
def test_times_at_which_no_runner_was_there(
    world: World, options: dict[str, Any], expected: list[int]
) -> None:
    began = world.clock.now()
    harness = world.start(on_cron("0 * * * *", **options).with_args_from_trigger_context(at_time))
    world.clock.advance(24 * 3600 + 300)  # without anything being run
    harness.run_until_idle()
    assert log == [began + 3600 * n for n in expected]
    harness.advance(3600)
    assert log == [began + 3600 * n for n in [*expected, 25]]


def test_a_run_that_is_a_little_late_is_never_a_missed_one(world: World) -> None:
    harness = world.start(on_cron("* * * * *", misfire="skip"))
    world.clock.advance(100)
    harness.run_until_idle()
    assert len(log) == 1


def test_jitter_delays_within_its_bound_and_everywhere_alike(make: Callable[..., World]) -> None:
    delays = []
    for _ in range(2):
        world = make()
        log.clear()
        harness = world.start(
            on_cron("0 * * * *", jitter_seconds=600).with_args_from_trigger_context(at_time)
        )
        harness.advance(12 * 3600)
        created = [
            world.app.engine.get_record(i.invocation_id).created_at for i in harness.invocations(world.task)
        ]
        delays.append([round(at - tick, 3) for at, tick in zip(created, log, strict=True)])
    assert delays[0] == delays[1]
    assert len(set(delays[0])) > 5
    assert all(0 <= delay <= 601 for delay in delays[0])


def test_an_overlapping_run_is_skipped_when_that_is_asked_for(world: World) -> None:
    # The run of 01:00 goes on until 02:30.
    harness = world.start(on_cron("0 * * * *", overlap="skip"), slow, max_retries=1, retry_backoff=5400)
    harness.advance(4 * 3600)
    began = [i.history[0].at for i in harness.invocations(world.task)]
    assert [round((at - began[0]) / 3600, 3) for at in began] == [0, 2, 3]


def test_cron_and_event_together(world: World) -> None:
    builder = TriggerBuilder().on_cron("0 * * * *").on_event("ready")
    harness = world.start(builder)
    world.app.trigger.emit_event("ready")
    harness.run_until_idle()
    assert log == []
    harness.advance(3 * 3600)
    assert len(log) == 1
