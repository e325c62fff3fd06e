"""Histories are legal, without gaps, and agree with the record; lists and counts agree with both."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import pytest
from integration.clocks import DEADLINE_SECONDS
from integration.faults.history_checker import check
from integration.world import (
    ALICE,
    BOB,
    ERROR,
    World,
    call,
    cancel,
    finish,
    hand_back,
    ids,
    pause,
    recover,
    resume,
    retry,
)

from pynenc.values.operations import Due, InvocationQuery
from pynenc.values.status import InvocationStatus as S


def _some_of_everything(world: World, seed: int) -> None:
    """Many short lives, chosen at random but always the same for one seed."""
    choose = random.Random(seed)
    for number in range(40):
        limited = (
            {"cc_key": f"k{number % 3}", "cc_limit": 2, "cc_park": number % 2 == 0} if number % 4 else {}
        )
        world.submit(f"n{number}", task_id=f"app.t{number % 3}", **limited)
        for claim in world.claims(choose.choice([ALICE, BOB])):
            record = world.record(claim.invocation_id)
            options = [finish(claim), finish(claim, ERROR), retry(claim), hand_back(claim), recover(record)]
            world.do(choose.choice([*options, cancel(claim.invocation_id)]))
    waiter = world.run("waiter")
    world.submit("awaited")
    world.do(pause(waiter, "awaited"))
    while claims := world.claims(BOB):
        world.do(finish(claims[0]))
    world.do(resume(waiter), finish(waiter))


def test_the_judge_finds_nothing_to_object(world: World) -> None:
    for seed in range(3):
        _some_of_everything(world, seed)
        report = check(world.orchestrator, at_rest=True)
        assert report == [], "\n".join(map(str, report))
        world.orchestrator.purge()


def test_the_instants_of_a_history_never_go_back(world: World) -> None:
    _some_of_everything(world, 4)
    for record in world.all_records():
        instants = [entry.at for entry in world.history(record.invocation_id)]
        assert instants == sorted(instants)
        assert (instants[0], instants[-1]) == (record.created_at, record.status_at)


def test_counts_are_those_of_the_records(world: World) -> None:
    _some_of_everything(world, 5)
    records = list(world.all_records())
    for task_id in (None, "app.t0", "app.t1", "app.t2", "app.unknown"):
        counted: dict[S, int] = {}
        for record in records:
            if task_id in (None, record.task_id):
                counted[record.status] = counted.get(record.status, 0) + 1
        assert world.orchestrator.count_by_status(task_id) == counted


def test_an_unknown_invocation_has_no_history(world: World) -> None:
    assert world.history("unknown") == []


def test_lists_are_newest_first_and_continue_where_they_ended(world: World) -> None:
    names = [f"n{number}" for number in range(25)]
    world.submit(*names)
    listed: list[str] = []
    after = None
    while page := world.orchestrator.list_records(InvocationQuery(limit=10, after=after)):
        assert len(page) <= 10
        listed += [record.invocation_id for record in page]
        after = page[-1].invocation_id
    assert listed == names[::-1]


def test_lists_can_begin_with_the_oldest(world: World) -> None:
    names = [f"n{number}" for number in range(25)]
    world.submit(*names)
    listed: list[str] = []
    query = InvocationQuery(limit=10, oldest_first=True)
    while page := world.orchestrator.list_records(query):
        listed += [record.invocation_id for record in page]
        query = replace(query, after=page[-1].invocation_id)
    assert listed == names
    for _ in range(9):
        world.do(finish(world.claim()))
    world.orchestrator.delete(ids("n3"))
    query = InvocationQuery(oldest_first=True, after=ids("n2")[0], statuses=frozenset({S.SUCCESS}))
    rest = [record.invocation_id for record in world.orchestrator.list_records(query)]
    assert rest == ["n4", "n5", "n6", "n7", "n8"]


@pytest.mark.parametrize("oldest_first", [False, True])
def test_nothing_comes_after_what_does_not_exist(world: World, oldest_first: bool) -> None:
    world.submit("one", "two")
    query = InvocationQuery(after=ids("unknown")[0], oldest_first=oldest_first)
    assert world.orchestrator.list_records(query) == []


def test_lists_can_be_narrowed(world: World) -> None:
    def found(**fields: object) -> set[str]:
        records = world.orchestrator.list_records(InvocationQuery(**fields))  # type: ignore[arg-type]
        return {record.invocation_id for record in records}

    root = ids("root")[0]
    world.submit("root")
    world.submit(call("child", parent_id=root, root_id=root), call("other", task_id="app.other"))
    world.submit(call("grandchild", parent_id=ids("child")[0], root_id=root, task_id="app.other"))
    world.claim(BOB, ids=ids("other"))
    world.claim(ALICE, ids=ids("root"))
    assert found(task_id="app.other") == {"other", "grandchild"}
    assert found(statuses=frozenset({S.REGISTERED})) == {"child", "grandchild"}
    assert found(statuses=frozenset({S.RUNNING, S.REGISTERED}), task_id="app.task") == {"root", "child"}
    assert found(parent_id=root) == {"child"}
    assert found(root_id=root) == {"root", "child", "grandchild"}
    assert found(runner_id="bob") == {"other"}
    assert found(statuses=frozenset()) == set()
    assert found(limit=2) == {"grandchild", "other"}


def test_children_are_listed_page_by_page(world: World) -> None:
    names = [f"n{number}" for number in range(7)]
    parent = ids("parent")[0]
    for name in names:
        world.submit(name, f"not {name}", parent_id=None)
        world.do(finish(world.run("child of " + name, parent_id=parent, root_id=parent)))
    listed = [record.invocation_id for record in world.all_records(parent_id=parent)]
    assert listed == ["child of " + name for name in names[::-1]]
    query = InvocationQuery(parent_id=parent, after=ids("child of n4")[0], limit=2)
    page = [record.invocation_id for record in world.orchestrator.list_records(query)]
    assert page == ["child of n3", "child of n2"]


def test_available_ones_are_found_in_the_order_of_submission(world: World) -> None:
    world.submit(call("a"), call("b", priority=5), call("later", delay_seconds=60), call("c"), call("d"))
    world.claim(ids=ids("c"))
    assert world.orchestrator.find_available(None, 10) == ["a", "b", "d"]
    assert world.orchestrator.find_available(None, 2) == ["a", "b"]
    assert world.orchestrator.find_available(ids("b")[0], 10) == ["d"]
    assert world.orchestrator.find_available(ids("c")[0], 10) == ["d"]


def test_delayed_ones_are_found_when_they_are_due(world: World) -> None:
    claim = world.run("a")
    world.submit("b")
    world.do(retry(claim, delay_seconds=0.3))
    assert world.orchestrator.find_available(None, 10) == ["b"]
    world.pass_time(0.3)
    assert world.orchestrator.find_available(None, 10) == ["a", "b"]


def test_what_fell_due_is_given_once_and_stays_claimable(world: World) -> None:
    claim = world.run("retried")
    world.submit(call("soon", delay_seconds=1.5), call("late", delay_seconds=600), "now")
    world.do(retry(claim, delay_seconds=1.0))
    due = world.orchestrator.take_due(10)
    assert due.ids == ()
    assert due.next_due_seconds is not None
    assert 0 < due.next_due_seconds <= 1.0
    assert world.orchestrator.count_delayed() == 3
    world.pass_time(1.5)
    first = world.orchestrator.take_due(1)
    assert first == Due(ids("retried"), 0)
    second = world.orchestrator.take_due(10)
    assert second.ids == ids("soon")
    assert second.next_due_seconds is not None
    assert 500 < second.next_due_seconds < 600
    assert world.orchestrator.take_due(10).ids == ()
    assert world.orchestrator.count_delayed() == 1
    assert {one.invocation_id for one in (world.claim(ids=ids("soon")), world.claim(ids=ids("retried")))} == {
        "soon",
        "retried",
    }
    assert world.claim().invocation_id == "now"


def test_a_claim_by_name_takes_what_fell_due_and_leaves_the_rest(world: World) -> None:
    world.submit(call("a", delay_seconds=0.2), call("b", delay_seconds=0.2))
    assert world.claims(ids=ids("a")) == []
    world.pass_time(0.2)
    assert world.claim(ids=ids("a")).invocation_id == "a"
    assert world.orchestrator.take_due(10) == Due(ids("b"), None)


def test_what_falls_due_first_wakes_whoever_waits_for_that(world: World) -> None:
    """Also where the records are not the queue."""
    marker = world.store.work_marker()
    world.orchestrator.submit([call("later", delay_seconds=60)], {}, enqueue=False)
    assert world.store.wait_for_work(marker, DEADLINE_SECONDS)
    other = world.another_process()
    marker = world.store.work_marker()
    woken: list[bool] = []
    thread = threading.Thread(
        target=lambda: woken.append(world.store.wait_for_work(marker, DEADLINE_SECONDS))
    )
    thread.start()
    other.orchestrator.submit([call("sooner", delay_seconds=30)], {}, enqueue=False)
    thread.join()
    assert woken == [True]
    other.close()


def test_what_was_read_does_not_change_afterwards(world: World) -> None:
    claim = world.run("one")
    record, history = world.record("one"), world.history("one")
    states, waits = world.orchestrator.get_states(ids("one")), world.orchestrator.get_waits()
    counts = world.orchestrator.count_by_status()
    copies = (repr(record), repr(history), repr(states), repr(waits), repr(counts))
    world.submit("two")
    world.do(pause(claim, "two"), resume(claim), finish(claim))
    assert copies == (repr(record), repr(history), repr(states), repr(waits), repr(counts))
