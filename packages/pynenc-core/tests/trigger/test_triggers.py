"""What triggers do, by a clock that the test moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from pynenc import Pynenc
from pynenc.conf.config_task import ConfigTask
from pynenc.engine.engine import Engine
from pynenc.engine.reactor import Reactor
from pynenc.engine.registry import TaskDefinition, TaskRegistry
from pynenc.exceptions import RetryError, SerializationError, TriggerError
from pynenc.testing import FakeClock, Harness
from pynenc.trigger import TriggerBuilder, TriggerContext, on_cron, on_event, on_status
from pynenc.trigger.conditions import EventContext, ExceptionContext, ResultContext, StatusContext
from pynenc.trigger.trigger_builder import build_all
from pynenc.values.ids import RunnerId, TaskId
from pynenc.values.runners import Beat, RunnerIdentity
from pynenc.values.status import InvocationStatus as S

log: list[Any] = []
the_app: list[Pynenc] = []


def source(n: int, fail: bool = False) -> int:
    if fail:
        raise LookupError(f"no {n}")
    return n * 10


def other(n: int) -> int:
    return n


def record(what: Any = None) -> None:
    log.append(what)


def flaky() -> None:
    raise RetryError("again")


def slow() -> None:
    log.append("slow")
    if len(log) == 1:
        raise RetryError("again")


def emits(n: int) -> None:
    the_app[0].trigger.emit_event("again", {"n": n})


class World:
    """An app in a harness, whose tasks are made by the test."""

    def __init__(self, enter: Callable[[Any], Any], conf: Mapping[str, Any]) -> None:
        self.app = Pynenc({"app_id": "triggers", **conf})
        the_app[:] = [self.app]
        self._enter = enter
        self.clock = FakeClock(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
        self.source = self.app.task(source)
        self.other = self.app.task(other)

    def start(self, triggers: Any, func: Callable[..., Any] = record, **options: Any) -> Harness:
        self.task = self.app.task(triggers=triggers, **options)(func)
        harness = Harness(self.app, self.clock)
        self._enter(harness)
        harness.run_until_idle()
        return harness

    def runs(self) -> list[Any]:
        return self.app.trigger.list_runs()


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    log.clear()
    with ExitStack() as stack:
        yield lambda **conf: World(stack.enter_context, conf)


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


# -- conditions ---------------------------------------------------------------------------------------


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


# -- filters ------------------------------------------------------------------------------------------


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


# -- combinations -------------------------------------------------------------------------------------


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


# -- cycles -------------------------------------------------------------------------------------------


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


# -- cron ---------------------------------------------------------------------------------------------


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


# -- by hand ------------------------------------------------------------------------------------------


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


# -- versions -----------------------------------------------------------------------------------------


class Deploy:
    """Runners of one app with different code, on one memory; none of them has threads."""

    def __init__(self) -> None:
        self.app = Pynenc({"app_id": "deploy"})
        self.store = self.app.engine.components
        self.app.task(source)

    def runner(self, name: str, triggers: Any) -> Reactor:
        """A runner that starts now, with this code."""
        registry = TaskRegistry(list)
        definition = TaskDefinition(TaskId(record.__module__, "record"), record, ConfigTask())
        definition.triggers = build_all(definition.key, triggers)
        registry.register(definition)
        engine = Engine(self.store, registry)
        identity = RunnerIdentity(runner_id=RunnerId(name), runner_cls="Test", host="h", pid=1)
        self.store.orchestrator.beat(Beat(alive=(identity,)))
        reactor = engine.reactor(identity.runner_id)
        reactor.run_pass()
        return reactor

    def stop(self, name: str) -> None:
        self.store.orchestrator.beat(Beat(stopped=((RunnerId(name), "lost"),)))

    def emit(self) -> None:
        self.app.trigger.emit_event("go")

    def react(self, *reactors: Reactor) -> list[str]:
        """Let runners react, in this order, until nothing is left; returns the arguments of new runs."""
        before = {run.run_id for run in self.app.trigger.list_runs()}
        while sum(reactor.run_pass() for reactor in reactors):
            pass
        new = [run for run in self.app.trigger.list_runs() if run.run_id not in before]
        records = self.store.orchestrator.get_records([run.invocation_id for run in new if run.invocation_id])
        return [record.args_preview for record in records.values()]


def says(what: str) -> TriggerBuilder:
    return on_event("go").with_args_static({"what": what})


def test_the_version_of_the_runner_that_started_last_is_in_force_and_fires_once() -> None:
    deploy = Deploy()
    old = deploy.runner("old", says("old"))
    deploy.emit()
    assert deploy.react(old) == ['what="old"']
    new = deploy.runner("new", says("new"))
    for order in ((old, new), (new, old)):
        deploy.emit()
        assert deploy.react(*order) == ['what="new"']
    deploy.stop("new")
    deploy.emit()
    assert deploy.react(old) == ['what="old"']


def test_what_was_left_for_a_runner_that_dies_is_done_by_those_that_live() -> None:
    deploy = Deploy()
    old = deploy.runner("old", says("old"))
    deploy.runner("new", says("new"))
    deploy.emit()
    assert deploy.react(old) == []
    deploy.stop("new")
    assert deploy.react(old) == ['what="old"']


def test_a_trigger_that_only_an_older_runner_has_goes_on_until_that_one_ends() -> None:
    deploy = Deploy()
    old = deploy.runner("old", [says("kept"), says("removed")])
    new = deploy.runner("new", [says("kept, new")])
    deploy.emit()
    assert sorted(deploy.react(old, new)) == ['what="kept, new"', 'what="removed"']
    deploy.stop("old")
    deploy.emit()
    assert deploy.react(new) == ['what="kept, new"']


def test_what_happens_while_no_runner_lives_is_kept_for_the_next() -> None:
    deploy = Deploy()
    deploy.runner("first", says("first"))
    deploy.stop("first")
    deploy.emit()
    deploy.runner("second", says("second"))
    assert len(deploy.app.trigger.list_runs()) == 1


def test_events_before_the_first_runner_are_not_lost() -> None:
    deploy = Deploy()
    deploy.emit()
    deploy.runner("first", says("first"))
    assert len(deploy.app.trigger.list_runs()) == 1
