"""Triggers that need several things, and triggers that cause each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pynenc.trigger import TriggerBuilder, TriggerContext, on_event, on_status
from pynenc.trigger.conditions import EventContext

from .triggered_app import World, emits, log, record


def of_both(context: TriggerContext) -> dict[str, Any]:
    return {"what": [valid.context.payload["n"] for valid in context.valid_conditions]}  # type: ignore[attr-defined]


def both(**options: Any) -> TriggerBuilder:
    return (
        TriggerBuilder()
        .on_event("a")
        .on_event("b")
        .with_logic("and", **options)
        .with_args_from_trigger_context(of_both)
    )


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_and_waits_for_all_in_any_order(world: World, order: str) -> None:
    harness = world.start(both())
    world.app.trigger.emit_event(order[0], {"n": 1})
    harness.run_until_idle()
    harness.advance(3600)
    assert log == []
    world.app.trigger.emit_event(order[1], {"n": 1})
    harness.run_until_idle()
    assert log == [[1, 1]]
    harness.advance(3600)
    assert len(log) == 1


def test_and_pairs_the_nth_of_each(world: World) -> None:
    harness = world.start(both())
    for n in range(3):
        world.app.trigger.emit_event("a", {"n": n})
    for n in range(2):
        world.app.trigger.emit_event("b", {"n": n})
    harness.run_until_idle()
    assert log == [[0, 0], [1, 1]]


def test_what_waits_for_longer_than_its_time_to_live_is_not_used(world: World) -> None:
    harness = world.start(both(ttl_seconds=60.0))
    world.app.trigger.emit_event("a", {"n": 1})
    harness.advance(61)
    world.app.trigger.emit_event("b", {"n": 2})
    harness.run_until_idle()
    assert log == []
    world.app.trigger.emit_event("a", {"n": 3})
    harness.run_until_idle()
    assert log == [[3, 2]]


def of_pair(context: TriggerContext) -> dict[str, Any]:
    ids = {valid.context.invocation_id for valid in context.valid_conditions}  # type: ignore[attr-defined]
    return {"what": len(ids)}


def test_and_about_one_task_is_about_one_invocation(world: World) -> None:
    builder = TriggerBuilder().on_status(world.source, "registered").on_any_result(world.source)
    harness = world.start(builder.with_args_from_trigger_context(of_pair))
    for n in range(4):
        world.source(n, fail=n % 2 == 0)
    harness.run_until_idle()
    assert log == [1, 1]


def test_or_is_a_run_per_occurrence(world: World) -> None:
    builder = TriggerBuilder().on_event("a").on_event("a").on_status(world.source).with_logic("or")
    harness = world.start(builder)
    world.app.trigger.emit_event("a")
    world.source(1)
    harness.run_until_idle()
    assert len(log) == 2


def again(context: EventContext) -> dict[str, Any]:
    return {"n": context.payload["n"] + 1}


def test_a_cycle_of_statuses_ends_at_the_depth_limit_and_shows_its_chain(make: Callable[..., World]) -> None:
    world = make(max_trigger_depth=5)
    key = f"{record.__module__}.record"
    harness = world.start([on_status(world.source), on_status(key)])
    world.source(1)
    harness.run_until_idle()
    assert len(log) == 5
    (failed,) = [run for run in world.runs() if run.error]
    assert "TriggerCycleError" in failed.error
    assert "max_trigger_depth is 5" in failed.error
    assert " → ".join([f"{key}#1", *[f"{key}#2"] * 5]) in failed.error


def test_a_cycle_through_events_is_seen_too(make: Callable[..., World]) -> None:
    world = make(max_trigger_depth=3)
    harness = world.start(on_event("again").with_args_from_event(again), emits)
    world.app.trigger.emit_event("again", {"n": 0})
    harness.run_until_idle()
    assert len(harness.invocations(world.task)) == 3
    assert sum("TriggerCycleError" in run.error for run in world.runs()) == 1
