"""What people do with triggers."""

from __future__ import annotations

import pytest

from pynenc.exceptions import SerializationError, TriggerError
from pynenc.trigger import on_cron, on_event, on_status

from .triggered_app import World, log


def test_a_paused_trigger_leaves_everything_alone(world: World) -> None:
    harness = world.start([on_event("go"), on_cron("0 * * * *")])
    first, second = (info.trigger_id for info in world.app.trigger.list_triggers())
    world.app.trigger.pause(first)
    world.app.trigger.pause(second)
    world.app.trigger.emit_event("go")
    harness.advance(3 * 3600)
    assert log == []
    assert all(info.paused for info in world.app.trigger.list_triggers())
    world.app.trigger.resume(first)
    world.app.trigger.resume(second)
    harness.advance(1800)
    assert log == []
    world.app.trigger.emit_event("go")
    harness.advance(1800)
    assert len(log) == 2


def test_a_trigger_is_fired_by_hand(world: World) -> None:
    harness = world.start(on_event("go").with_args_static({"what": "static"}))
    (info,) = world.app.trigger.list_triggers()
    world.app.trigger.fire(info.trigger_id)
    world.app.trigger.fire(info.trigger_id, {"what": "given"})
    world.app.trigger.fire(info.trigger_id, {"wrong": 1})
    harness.run_until_idle()
    assert log == ["static", "given"]
    assert sum("wrong" in run.error for run in world.runs()) == 1
    with pytest.raises(TriggerError, match="there is no trigger 'x'; there are"):
        world.app.trigger.fire("x")
    world.app.trigger.pause(info.trigger_id)
    with pytest.raises(TriggerError, match="is paused"):
        world.app.trigger.fire(info.trigger_id)


def test_the_next_times_are_told(world: World) -> None:
    world.start([on_cron("0 * * * *"), on_event("go")])
    key = world.task.task_id.key
    began = world.clock.now()
    assert world.app.trigger.next_times(f"{key}#1", 3) == [began + 3600 * n for n in (1, 2, 3)]
    with pytest.raises(TriggerError, match="has no schedule"):
        world.app.trigger.next_times(f"{key}#2")
    with pytest.raises(TriggerError, match="there is no trigger 'nothing'"):
        world.app.trigger.next_times("nothing")


def test_a_purge_keeps_triggers_going(world: World) -> None:
    harness = world.start([on_status(world.source), on_event("go")])
    world.app.trigger.emit_event("go")
    world.app.purge()
    assert world.app.trigger.list_events() == []
    world.source(1)
    world.app.trigger.emit_event("go")
    world.app.trigger.purge()
    harness.run_until_idle()
    assert len(log) == 1
    assert len(world.runs()) == 1


def test_events_with_wrong_values_are_refused_and_nothing_is_emitted(world: World) -> None:
    world.start(on_event("go"))
    for code, payload, error in (
        ("", None, TriggerError),
        (1, None, TriggerError),
        ("go", [1], TriggerError),
        ("go", {"x": object()}, SerializationError),
    ):
        with pytest.raises(error):
            world.app.trigger.emit_event(code, payload)  # type: ignore[arg-type]
    assert world.app.trigger.list_events() == []
