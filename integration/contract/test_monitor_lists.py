"""Lists that people are shown: bounded pages, in order, nothing lost between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from integration.contract.monitor_lists import ALL, between, like, listed, names, pages, populate
from integration.world import (
    ERROR,
    S,
    World,
    call,
    cancel,
    finish,
    hand_back,
    ids,
    release,
    workflow,
)

from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import NumberField, TextField
from pynenc.values.status import InvocationStatus


def test_a_list_is_in_order_of_submission_newest_first(world: World) -> None:
    populate(world)
    assert listed(world) == ALL
    assert listed(world, oldest_first=True) == ALL[::-1]


@pytest.mark.parametrize("search_limit", [3, 10_000])
@pytest.mark.parametrize(
    "statuses",
    [
        {S.FAILED},
        {S.FAILED, S.CANCELLED, S.CONCURRENCY_CONTROLLED_FINAL},
        {S.SUCCESS},
        {S.PAUSED},
        {S.RUNNING, S.PENDING},
        {S.RETRY},
        {S.REGISTERED, S.CONCURRENCY_CONTROLLED},
        {S.FAILED, S.RUNNING, S.REGISTERED},
        {S.KILLED},
    ],
    ids=lambda statuses: "+".join(sorted(statuses)),
)
@pytest.mark.parametrize("task_id", [None, "app.task", "app.other"])
def test_a_list_holds_what_rests_in_the_statuses(
    world: World, statuses: set[InvocationStatus], task_id: str | None, search_limit: int
) -> None:
    populate(world)
    records = {name: world.record(name) for name in ALL}
    expected = [
        name for name in ALL if records[name].status in statuses and task_id in (None, records[name].task_id)
    ]
    fields: dict[str, Any] = {"statuses": frozenset(statuses), "task_id": task_id}
    assert listed(world, search_limit=search_limit, **fields) == expected
    assert listed(world, search_limit=search_limit, oldest_first=True, **fields) == expected[::-1]


def test_what_is_rare_is_found_behind_many_others(world: World) -> None:
    world.submit("rare")
    world.do(finish(world.claim(ids=ids("rare")), ERROR))
    world.submit(*(f"other {n}" for n in range(30)))
    fields: dict[str, Any] = {"limit": 1, "statuses": frozenset({S.FAILED, S.SUCCESS})}
    assert listed(world, search_limit=100, **fields) == ["rare"]
    assert world.monitor.list_invocations(RecordQuery(search_limit=30, **fields)).records == ()


def test_what_was_handed_back_is_found(world: World) -> None:
    world.submit("back", "other")
    world.do(hand_back(world.claim(ids=ids("back"))))
    assert listed(world, where=between(NumberField.REROUTES, low=1)) == ["back"]
    assert listed(world, where=between(NumberField.REROUTES, high=0)) == ["other"]


def test_a_list_of_a_task_holds_no_other(world: World) -> None:
    populate(world)
    assert listed(world, task_id="app.other") == ["lost", "won", "failed"]
    assert listed(world, task_id="app.unknown") == []


def test_the_same_call_is_looked_for_among_those_of_its_task_as_far_as_the_limit(world: World) -> None:
    same: dict[str, Any] = {"task_id": "app.task", "where": like(TextField.ARGS_ID, "same")}
    world.submit("first", args_id="same")
    world.submit("same of another", args_id="same", task_id="app.other")
    world.submit(*(f"n{n}" for n in range(8)), task_id="app.other")
    world.submit(*(f"m{n}" for n in range(8)))
    world.submit("last", args_id="same")
    assert listed(world, **same) == ["last", "first"]
    assert pages(world, RecordQuery(search_limit=100, **same)) == [["last", "first"]]
    # It stops after so many of the task, and goes on from there.
    query = RecordQuery(search_limit=6, **same)
    page = world.monitor.list_invocations(query)
    assert names(page.records) == ["last"]
    assert page.next is not None
    assert [one for some in pages(world, replace(query, cursor=page.next)) for one in some] == ["first"]


def test_a_released_workflow_is_found_as_paused(world: World) -> None:
    world.do(release(world.run_workflow("sleeping"), 60.0))
    world.do(release(world.run_workflow("awaiting"), None, "news"))
    assert listed(world, statuses=frozenset({S.PAUSED})) == ["awaiting", "sleeping"]


def test_a_list_of_workflows_holds_no_other(world: World) -> None:
    world.submit("plain", workflow("one"), workflow("two"))
    world.submit(call("child", root_id=ids("one")[0], parent_id=ids("one")[0], workflow_id="one", depth=1))
    assert listed(world, workflows=True) == ["two", "one"]
    assert listed(world, workflows=True, statuses=frozenset({S.RUNNING})) == []


def test_a_family_is_the_root_and_its_descendants(world: World) -> None:
    world.submit("root", "other")
    root = ids("root")[0]
    world.submit("child", "twin", root_id=root, parent_id=root, depth=1)
    world.submit("grandchild", root_id=root, parent_id=ids("child")[0], depth=2)
    assert listed(world, root_id=root, oldest_first=True) == ["root", "child", "twin", "grandchild"]
    assert listed(world, root_id=root) == ["grandchild", "twin", "child", "root"]
    world.do(finish(world.claim(ids=ids("twin")), ERROR))
    assert listed(world, root_id=root, statuses=frozenset({S.FAILED})) == ["twin"]
    assert listed(world, root_id=ids("other")[0]) == ["other"]


def test_the_first_descendants_of_each_family_are_counted(world: World) -> None:
    world.submit("root", "other", "alone")
    root, other, alone = (ids(name)[0] for name in ("root", "other", "alone"))
    world.submit("a", "b", root_id=root, parent_id=root, depth=1)
    world.submit("c", root_id=root, parent_id=ids("a")[0], depth=2)
    world.submit("d", root_id=other, parent_id=other, depth=1)
    world.do(finish(world.claim(ids=ids("a"))), finish(world.claim(ids=ids("d")), ERROR))
    monitor = world.monitor
    assert monitor.count_families([root, alone, other, ids("nobody")[0]], 10) == {
        root: {S.SUCCESS: 1, S.REGISTERED: 2},
        other: {S.FAILED: 1},
    }
    assert monitor.count_families([root], 2) == {root: {S.SUCCESS: 1, S.REGISTERED: 1}}
    assert monitor.count_families([], 2) == {}


def test_a_list_begins_before_an_instant(world: World) -> None:
    monitor = world.monitor
    assert monitor.find_cursor(0.0) == monitor.find_cursor(9e9) == ""
    instants = []
    for n in range(6):
        world.submit(f"{n} a", f"{n} b")
        world.pass_time(0.01)
        instants.append(world.store.now())
    # Places that are empty are passed over.
    world.do(*(finish(world.claim(ids=ids(name))) for name in ("1 b", "2 a", "5 b")))
    world.orchestrator.delete(ids("1 b", "2 a", "5 b"))
    everything = ["5 a", "4 b", "4 a", "3 b", "3 a", "2 b", "1 a", "0 b", "0 a"]
    for at, instant in enumerate(instants[:-1]):
        cursor = monitor.find_cursor(instant)
        assert listed(world, cursor=cursor) == [name for name in everything if int(name[0]) <= at]
        assert listed(world, cursor=cursor, task_id="app.other") == []
    assert monitor.find_cursor(instants[-1]) == ""
    beginning = monitor.find_cursor(instants[0] - 3600)
    assert beginning
    assert listed(world, cursor=beginning) == []


def test_what_was_registered_since_an_instant_is_listed_wherever_it_stands(world: World) -> None:
    monitor = world.monitor
    assert monitor.list_registered(0.0, 9) == []
    populate(world)
    found = monitor.list_registered(0.0, 99)
    assert [one.invocation_id for one in found] == ALL
    for one in found:
        record = world.record(one.invocation_id)
        for name in one._fields:
            assert getattr(one, name) == pytest.approx(getattr(record, name), abs=1e-5), name
    world.pass_time(0.01)
    since = world.store.now()
    world.pass_time(0.01)
    world.submit(*(f"n{n}" for n in range(700)))
    world.submit(call("limited", cc_key="k", cc_limit=1))
    later = monitor.list_registered(since, 9999)
    assert [one.invocation_id for one in later] == ["limited", *(f"n{n}" for n in reversed(range(700)))]
    assert monitor.list_registered(since, 600) == later[:600]
    assert monitor.list_registered(world.store.now() + 60, 9) == []
    # What was deleted is passed over.
    world.do(finish(world.claim(ids=ids("n699"))))
    world.orchestrator.delete(ids("n699"))
    assert [one.invocation_id for one in monitor.list_registered(since, 2)] == ["limited", "n698"]


def test_pages_neither_repeat_nor_lose_when_things_change_between_them(world: World) -> None:
    world.submit(*(f"n{n}" for n in range(10)))
    query = RecordQuery(limit=4)
    first = world.monitor.list_invocations(query)
    world.submit("newer")
    world.do(finish(world.claim(ids=ids("n3")), ERROR), cancel("n6"))
    rest = pages(world, replace(query, cursor=first.next or ""))
    assert names(first.records) + [name for page in rest for name in page] == [
        f"n{n}" for n in reversed(range(10))
    ]


def test_a_search_in_vain_is_cut_off_and_goes_on(world: World) -> None:
    world.submit(*(f"n{n}" for n in range(10)))
    found = pages(world, RecordQuery(statuses=frozenset({S.SUCCESS}), limit=5, search_limit=4))
    assert found == [[], [], []]


@pytest.mark.parametrize("cursor", ["x", "-1", "1;", "\uff11", "9" * 40 + "x"])
def test_a_cursor_that_nobody_gave_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(ValueError, match="position"):
        world.monitor.list_invocations(RecordQuery(cursor=cursor))
