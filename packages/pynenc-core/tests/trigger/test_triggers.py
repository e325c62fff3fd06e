"""What triggers do: what they look for, and what a run of them is given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from pynenc.trigger import TriggerBuilder, on_event, on_status
from pynenc.trigger.conditions import EventContext, ExceptionContext, ResultContext, StatusContext
from pynenc.values.status import InvocationStatus as S

from .triggered_app import World, flaky, log


def test_a_status_fires_once_per_invocation_that_enters_it(world: World) -> None:
    harness = world.start(on_status(world.source))
    for n in range(3):
        world.source(n)
    world.source(3, fail=True)
    world.other(1)
    harness.run_until_idle()
    assert log == [None] * 3


def test_a_triggered_invocation_is_a_root_and_knows_its_trigger(world: World) -> None:
    harness = world.start(on_status(world.source))
    world.source(1)
    harness.run_until_idle()
    (found,) = harness.invocations(world.task)
    record = world.app.engine.get_record(found.invocation_id)
    assert (record.parent_id, record.root_id) == (None, found.invocation_id)
    assert record.trigger_id == f"{world.task.task_id}#1"


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [("registered", 2), (["RUNNING", S.FAILED], 3), (S.SUCCESS, 1), ([S.PENDING, S.SUCCESS, S.FAILED], 4)],
)
def test_any_statuses_can_be_named(world: World, statuses: Any, expected: int) -> None:
    harness = world.start(on_status(world.source, statuses))
    world.source(1)
    world.source(1, fail=True)
    harness.run_until_idle()
    assert len(log) == expected


def test_each_retry_is_an_occurrence(world: World) -> None:
    task = world.app.task(max_retries=2)(flaky)
    harness = world.start(on_status(task, "retry"))
    task()
    harness.run_until_idle()
    assert len(log) == 2


def test_a_cancellation_fires(world: World) -> None:
    harness = world.start(on_status(world.source, "cancelled"))
    invocation = world.source(1)
    invocation.cancel()
    harness.run_until_idle()
    assert len(log) == 1


def of_status(context: StatusContext) -> dict[str, Any]:
    return {"what": (context.status, context.arguments.kwargs, context.call_id.task_id.func_name)}


def of_result(context: ResultContext) -> dict[str, Any]:
    return {"what": context.result}


def of_exception(context: ExceptionContext) -> dict[str, Any]:
    return {"what": [context.exception_type, context.exception_message, context.arguments.kwargs["n"]]}


def of_event(context: EventContext) -> dict[str, Any]:
    return {"what": {"code": context.event_code, **context.payload}}


def test_arguments_come_from_the_status(world: World) -> None:
    def of(context: StatusContext) -> dict[str, Any]:
        return {"what": [str(context.status), context.arguments.kwargs, context.call_id.task_id.func_name]}

    harness = world.start(on_status(world.source).with_args_from_status(of))
    world.source(7)
    harness.run_until_idle()
    assert log == [["success", {"n": 7, "fail": False}, "source"]]


def test_arguments_come_from_the_result(world: World) -> None:
    harness = world.start(TriggerBuilder().on_any_result(world.source).with_args_from_result(of_result))
    world.source(7)
    harness.run_until_idle()
    assert log == [70]


@pytest.mark.parametrize(
    ("types", "fires"),
    [
        (None, True),
        (LookupError, True),
        ("LookupError", True),
        (["ValueError", "builtins.LookupError"], True),
        ([ValueError], False),
        (Exception, False),
    ],
)
def test_arguments_come_from_the_exception(world: World, types: Any, fires: bool) -> None:
    builder = TriggerBuilder().on_exception(world.source, types).with_args_from_exception(of_exception)
    harness = world.start(builder)
    world.source(7, fail=True)
    world.source(8)
    harness.run_until_idle()
    assert log == ([["LookupError", "no 7", 7]] if fires else [])


def test_arguments_come_from_the_event(world: World) -> None:
    harness = world.start(on_event("go").with_args_from_event(of_event))
    event_id = world.app.trigger.emit_event("go", {"x": 1})
    world.app.trigger.emit_event("other", {"x": 2})
    harness.run_until_idle()
    assert log == [{"code": "go", "x": 1}]
    assert [each.source for each in world.app.trigger.list_events()] == ["other", "go"]
    event = world.app.trigger.list_events()[1]
    assert (event.occurrence_id, world.app.trigger.payload_of(event)) == (event_id, {"x": 1})


def test_simultaneous_events_are_a_run_each(world: World) -> None:
    harness = world.start(on_event("go").with_args_from_event(of_event))
    for n in range(250):
        world.app.trigger.emit_event("go", {"n": n})
    harness.run_until_idle()
    assert sorted(each["n"] for each in log) == list(range(250))


@pytest.mark.parametrize("wanted", [{"n": 2}, lambda arguments: arguments["n"] == 2])
def test_filters_look_at_arguments(world: World, wanted: Any) -> None:
    harness = world.start(
        TriggerBuilder().on_any_result(world.source, wanted).with_args_from_result(of_result)
    )
    for n in range(4):
        world.source(n)
    harness.run_until_idle()
    assert log == [20]


@pytest.mark.parametrize("wanted", [20, lambda result: result == 20])
def test_filters_look_at_results(world: World, wanted: Any) -> None:
    harness = world.start(TriggerBuilder().on_result(world.source, wanted).with_args_from_result(of_result))
    for n in range(4):
        world.source(n)
    harness.run_until_idle()
    assert log == [20]


@pytest.mark.parametrize("wanted", [{"n": 2, "deep": {"a": 1}}, lambda payload: payload.get("n") == 2])
def test_filters_look_at_payloads(world: World, wanted: Any) -> None:
    harness = world.start(on_event("go", wanted))
    for n in range(4):
        world.app.trigger.emit_event("go", {"n": n, "deep": {"a": 1}})
    world.app.trigger.emit_event("go")
    harness.run_until_idle()
    assert len(log) == 1


def broken(values: Any) -> bool:
    raise ZeroDivisionError("in the filter")


def no_bool(values: Any) -> bool:
    return 1  # type: ignore[return-value]


def none_at_all(context: Any) -> dict[str, Any]:
    return None  # type: ignore[return-value]


def unknown_argument(context: Any) -> dict[str, Any]:
    return {"whatever": 1}


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (lambda: on_event("go", broken), "ZeroDivisionError: in the filter"),
        (lambda: on_event("go", no_bool), "must return True or False, not 1"),
        (lambda: on_event("go").with_args_from_event(broken), "no argument provider succeeded: ZeroDivision"),
        (lambda: on_event("go").with_args_from_event(none_at_all), "must return a dict"),
        (lambda: on_event("go").with_args_from_status(of_status), "wants a StatusContext"),
        (lambda: on_event("go").with_args_from_event(unknown_argument), "cannot be called so.*whatever"),
    ],
)
def test_what_fails_is_recorded_with_its_traceback_and_keeps_nobody_from_firing(
    world: World, builder: Callable[[], TriggerBuilder], message: str
) -> None:
    harness = world.start([builder(), on_event("go").with_args_static({"what": "fine"})])
    world.app.trigger.emit_event("go")
    harness.run_until_idle()
    assert log == ["fine"]
    failed = [run for run in world.runs() if run.error]
    assert [(run.trigger_id, run.invocation_id) for run in failed] == [(f"{world.task.task_id}#1", None)]
    assert "Traceback" in failed[0].error
    assert re.search(message, failed[0].error), failed[0].error


def test_the_first_provider_that_succeeds_is_taken(world: World) -> None:
    builder = on_event("go").with_args_from_event(broken).with_args_from_event(of_event)
    harness = world.start(builder.with_args_static({"what": "never"}))
    world.app.trigger.emit_event("go")
    harness.run_until_idle()
    assert log == [{"code": "go"}]
