"""Lists are narrowed by conditions, which mean the same on every store."""

from __future__ import annotations

import math
from typing import Any

from integration.contract.monitor_lists import between, like, listed, pages
from integration.world import (
    BOB,
    ERROR,
    S,
    World,
    call,
    finish,
    ids,
    retry,
    workflow,
)

from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import (
    AllOf,
    AnyOf,
    Between,
    Not,
    NumberField,
    RecordFilter,
    RestsIn,
    TextField,
)

T, N = TextField, NumberField
#: What has to hold, and of which invocations of ``populate_for_conditions`` it does, newest first.
CONDITIONS: dict[str, tuple[RecordFilter, list[str]]] = {
    "is exactly": (like(T.TASK_ID, "app.task"), ["child", "plain"]),
    "begins": (like(T.TASK_ID, "app.t", ""), ["child", "flow", "plain"]),
    "ends": (like(T.TASK_ID, "", ".task"), ["child", "plain"]),
    "contains": (like(T.ARGS_PREVIEW, "", "=1", ""), ["special", "plain"]),
    "is any": (like(T.ARGS_PREVIEW, "", ""), ["special", "plain"]),
    "upper case": (like(T.TASK_ID, "APP.task"), []),
    "special characters": (like(T.ARGS_PREVIEW, "[a?] ", "\\.% _"), ["special"]),
    "no character is special": (like(T.ARGS_PREVIEW, "", "?=", ""), []),
    "an id": (like(T.INVOCATION_ID, "pl", "n"), ["plain"]),
    "a root": (like(T.ROOT_ID, "plain"), ["child", "plain"]),
    "a parent": (like(T.PARENT_ID, "pl", ""), ["child"]),
    "a workflow": (like(T.WORKFLOW_TYPE, "app.flow"), ["flow"]),
    "a trigger": (like(T.TRIGGER_ID, "", "nightly", ""), ["child"]),
    "a repetition": (like(T.RERUN_OF, "", ""), ["child"]),
    "a runner": (like(T.RUNNER_ID, "bob"), ["flow"]),
    "a host": (like(T.HOST, "", "alice"), ["special", "plain"]),
    "a result": (like(T.PREVIEW, "it"), ["plain"]),
    "an error": (like(T.ERROR_TYPE, "", "ValueError"), ["flow"]),
    "its message": (like(T.ERROR_MSG, "", "no", ""), ["flow"]),
    "a kind of failure": (like(T.FINGERPRINT, "f" * 16), ["flow"]),
    "no retry": (between(N.RETRIES, high=0), ["child", "flow", "plain"]),
    "retries": (between(N.RETRIES, low=1), ["special"]),
    "no recovery": (between(N.RECOVERIES, 0, 0), ["special", "child", "flow", "plain"]),
    "ended": (between(N.ENDED_AT), ["flow", "plain"]),
    "waited long": (between(N.WAIT_SECONDS, low=1.5), ["flow"]),
    "waited briefly": (between(N.WAIT_SECONDS, high=1.5), ["special", "plain"]),
    "ran long": (between(N.RUN_SECONDS, low=2.5), ["plain"]),
    "ran": (between(N.RUN_SECONDS, 0.5, 3.5), ["flow", "plain"]),
    "statuses": (RestsIn(frozenset({S.FAILED, S.RETRY})), ["special", "flow"]),
    "no status": (RestsIn(frozenset()), []),
    "not": (Not(like(T.ERROR_TYPE, "", "ValueError")), ["special", "child", "plain"]),
    "not what is not there": (Not(between(N.RUN_SECONDS, low=9.0)), ["special", "child", "flow", "plain"]),
    "all": (AllOf((like(T.TASK_ID, "app.task"), between(N.ENDED_AT))), ["plain"]),
    "any": (AnyOf((like(T.TASK_ID, "app.task"), between(N.RETRIES, low=1))), ["special", "child", "plain"]),
    "any, each by a text": (
        AnyOf(
            (
                AllOf((like(T.TASK_ID, "app.task"), between(N.RUN_SECONDS, low=2.5))),
                AllOf((like(T.TASK_ID, "other"), between(N.RETRIES, high=0))),
                AllOf((like(T.TASK_ID, "app.two"), like(T.RUNNER_ID, "bob"), between(N.ENDED_AT))),
            )
        ),
        ["flow", "plain"],
    ),
    "all of nothing": (AllOf(()), ["special", "child", "flow", "plain"]),
    "any of nothing": (AnyOf(()), []),
    "neither": (Not(AnyOf((like(T.PARENT_ID, "", ""), between(N.ENDED_AT)))), ["special"]),
}


def populate_for_conditions(world: World) -> None:
    """Four invocations that differ in everything that can be asked for."""
    world.submit(call("plain", args_preview="n=1"))
    world.submit(workflow("flow", task_id="app.two"))
    world.submit(
        call(
            "child", root_id=ids("plain")[0], parent_id=ids("plain")[0], trigger_id="t#nightly", rerun_of="x"
        )
    )
    world.submit(call("special", task_id="other", args_preview="[a?] x=1*[b] \\.% _"))
    world.pass_time(1.0)
    plain, special = world.claim(ids=ids("plain")), world.claim(ids=ids("special"))
    world.do(retry(special))
    world.pass_time(1.0)
    flow = world.claim(BOB, ids=ids("flow"))
    world.pass_time(1.0)
    world.do(finish(flow, ERROR))
    world.pass_time(1.0)
    world.do(finish(plain))


def test_conditions_hold_for_what_they_say(world: World) -> None:
    populate_for_conditions(world)
    expected = {name: found for name, (_, found) in CONDITIONS.items()}
    assert {name: listed(world, where=condition) for name, (condition, _) in CONDITIONS.items()} == expected
    slowly: dict[str, Any] = {"oldest_first": True, "search_limit": 1}
    assert {
        name: listed(world, where=condition, **slowly)[::-1] for name, (condition, _) in CONDITIONS.items()
    } == expected
    named = ids("special", "child", "flow", "plain", "unknown")
    assert {
        name: world.monitor.find_matching(named, condition) for name, (condition, _) in CONDITIONS.items()
    } == {name: set(ids(*found)) for name, found in expected.items()}
    one = CONDITIONS["all of nothing"][0]
    assert world.monitor.find_matching(named[:1], one) == set(named[:1])
    assert world.monitor.find_matching([], one) == set()


def test_instants_are_those_of_the_record(world: World) -> None:
    populate_for_conditions(world)
    record = world.record("plain")
    for field in (N.CREATED_AT, N.AVAILABLE_AT, N.STARTED_AT, N.ENDED_AT):
        at = getattr(record, field.value)
        assert "plain" in listed(world, where=Between(field, at, at)), field
        assert "plain" not in listed(world, where=Between(field, low=math.nextafter(at, math.inf))), field
        assert "plain" not in listed(world, where=Between(field, high=math.nextafter(at, 0.0))), field


def test_a_condition_narrows_every_list(world: World) -> None:
    populate_for_conditions(world)
    some = like(T.TASK_ID, "", "t", "")
    never = like(T.TASK_ID, "never")
    lists: dict[str, dict[str, Any]] = {
        "failed": {"statuses": frozenset({S.FAILED})},
        "succeeded": {"statuses": frozenset({S.SUCCESS})},
        "retried": {"statuses": frozenset({S.RETRY})},
        "of a task": {"task_id": "app.task"},
        "of a task in a status": {"task_id": "app.two", "statuses": frozenset({S.FAILED, S.SUCCESS})},
        "family": {"root_id": ids("plain")[0]},
        "workflows": {"workflows": True},
    }
    for name, fields in lists.items():
        whole = listed(world, **fields)
        assert whole
        assert listed(world, where=some, **fields) == whole, name
        assert listed(world, where=Not(never), search_limit=1, **fields) == whole, name
        for nothing in (never, AnyOf(()), RestsIn(frozenset()), Not(AllOf(()))):
            assert listed(world, where=nothing, **fields) == [], name


def test_a_search_for_what_never_holds_is_cut_off(world: World) -> None:
    world.submit(*(f"n{n}" for n in range(10)))
    for fields in ({}, {"task_id": "app.task"}, {"statuses": frozenset({S.REGISTERED, S.SUCCESS})}):
        query = RecordQuery(where=like(T.TASK_ID, "never"), limit=5, search_limit=4, **fields)
        assert pages(world, query) == [[], [], []]
