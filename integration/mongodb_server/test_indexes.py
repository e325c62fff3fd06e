"""No query that is sent again and again looks at a whole collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import Commands, store_of, world_on
from integration.world import ALICE, BOB, World, call, finish, ids, pause, recover, retry

from pynenc.contracts import PayloadKey, PayloadKind
from pynenc.exceptions import SchemaVersionError
from pynenc.values.findings import Level
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import InvocationQuery
from pynenc.values.record_filter import Between, Like, NumberField, TextField
from pynenc.values.runners import Beat, LeaseRequest
from pynenc.values.status import InvocationStatus as S
from pynenc.values.triggers import Occurrence, OccurrenceKind, TriggerRun
from pynenc_mongodb import schema

_QUERIES = ("find", "aggregate", "update", "delete", "findAndModify", "count", "distinct")
#: Where a few documents are read as a whole.
_SMALL = ("pynenc_meta",)


@pytest.fixture
def world(server: OwnServer, commands: Commands) -> Iterator[World]:
    made = world_on(server)
    yield made
    made.clear()


def _use_everything(world: World) -> None:
    orchestrator = world.orchestrator
    limited: dict[str, Any] = {"cc_key": "k", "cc_limit": 1, "cc_park": True}
    orchestrator.watch_statuses({"app.task": frozenset({S.SUCCESS})}, 60)
    orchestrator.beat(
        Beat(
            alive=(ALICE, BOB),
            stopped=((BOB.runner_id, "lost"),),
            lease=LeaseRequest("s", ALICE.runner_id, 9),
        )
    )
    world.submit(
        *(f"n{number}" for number in range(20)),
        call("later", delay_seconds=0.01),
        call("merged", reg_key="r"),
    )
    orchestrator.submit([call("value", caches_result=True)], {"h": "large"}, enqueue=True)
    world.submit("again", reg_key="r")
    holder = world.run("holder", **limited)
    world.submit("parked", **limited)
    while claims := world.claims(
        limit=8, ahead={"app.task": 0.0}, ahead_seconds=9, exclude_tasks=frozenset({"x"})
    ):
        world.do(*map(finish, claims))
    world.claims(ids=ids("parked", "n1"), recovered=False)
    waiter = world.run("waiter")
    world.submit("awaited")
    world.advance(
        pause(waiter, "awaited"), claim=world.claim_request(ids=ids("waiter"), chain=True), read=ids("n1")
    )
    world.do(finish(holder), recover(world.record("waiter")), retry(world.run("more", BOB)))
    orchestrator.repair()
    orchestrator.take_due(9)
    orchestrator.find_results("app.task", ["a-value"])
    orchestrator.find_available(ids("n1")[0], 9)
    orchestrator.find_orphans([BOB.runner_id], 9)
    orchestrator.find_expired(0, 9)
    orchestrator.forget_runners(0)
    orchestrator.list_runners()
    orchestrator.get_waits()
    orchestrator.count_by_status()
    orchestrator.count_by_status("app.task")
    orchestrator.count_delayed()
    found = orchestrator.take_occurrences(9, 9)
    orchestrator.acknowledge_occurrences([one.occurrence_id for one in found])
    for query in (
        InvocationQuery(),
        InvocationQuery(after=ids("n1")[0], oldest_first=True),
        InvocationQuery(task_id="app.task"),
        InvocationQuery(task_id="app.task", statuses=frozenset({S.SUCCESS})),
        InvocationQuery(statuses=frozenset({S.SUCCESS, S.FAILED})),
        InvocationQuery(parent_id=ids("n1")[0]),
        InvocationQuery(root_id=ids("n1")[0]),
        InvocationQuery(runner_id="alice"),
        InvocationQuery(workflows=True),
    ):
        orchestrator.list_records(query)
    orchestrator.list_operations("w", 0, 9)
    orchestrator.get_workflow_values("w")
    orchestrator.delete(ids("n1"))
    _use_the_others(world)
    _look_at_everything(world)


def _use_the_others(world: World) -> None:
    world.broker.push(ids("a", "b"))
    first, second = world.broker.receive(2, 30)
    world.broker.acknowledge([first.receipt])
    world.broker.give_back([second.receipt])
    world.broker.count()
    key = PayloadKey(ids("one")[0], 0, PayloadKind.ARGUMENTS)
    world.state_backend.put_payloads({key: "x"})
    world.state_backend.get_payloads([key])
    world.state_backend.delete_payloads(ids("one"))
    world.state_backend.set_values("scope", {"a": "1"})
    world.state_backend.get_values("scope", ["a"])
    world.state_backend.delete_scope("scope")
    data = world.client_data_store
    data.put({"k": "v"})
    data.get(["k"])
    data.touch(["k"])
    data.delete(data.find_unused(0, 9), 0)
    data.count()
    trigger = world.trigger
    event = Occurrence(occurrence_id="e", kind=OccurrenceKind.EVENT, source="code", trigger_id="t")
    trigger.put_occurrences([event])
    trigger.take_occurrences(9, 9, ["t"])
    trigger.settle([event], [TriggerRun(run_id="r", trigger_id="t")])
    trigger.set_values("s", {"a": "1"})
    trigger.get_values(["s"])
    trigger.advance_cursors(trigger.get_cursors({"c": 1.0}))
    trigger.list_runs(None, 9)
    trigger.list_runs("t", 9)
    trigger.find_runs(ids("r"))
    trigger.list_events(9)
    trigger.delete_expired(0)


def _look_at_everything(world: World) -> None:
    monitor = world.monitor
    slow = Between(NumberField.RUN_SECONDS, low=9.0)
    for query in (
        RecordQuery(),
        RecordQuery(task_id="app.task"),
        RecordQuery(statuses=frozenset({S.FAILED})),
        RecordQuery(statuses=frozenset({S.SUCCESS})),
        RecordQuery(root_id=ids("n1")[0]),
        RecordQuery(workflows=True),
    ):
        monitor.list_invocations(query)
        monitor.list_invocations(replace(query, where=slow, search_limit=2))
    monitor.change_token()
    monitor.count_by_task()
    monitor.get_invocations(ids("n1"))
    monitor.get_histories(ids("n1"))
    monitor.get_payloads(ids("n1")[0], 9)
    monitor.get_merges(ids("merged"))
    monitor.find_by_prefix("n", 9)
    monitor.list_registered(0.0, 9)
    monitor.list_finished(0.0, 9e9, 9)
    monitor.list_failed(0.0, 9e9, 9)
    monitor.sample_finished(0.0, 9e9, 3, 9, beyond=0)
    monitor.count_failed(0.0, 9e9, 3, 9)
    monitor.count_failed(0.0, 9e9, 3, 9, slow)
    monitor.list_owned(9)
    monitor.list_owned(9, "alice")
    monitor.find_longest_waiting()
    monitor.list_runners(9)
    monitor.get_runners(["alice"])
    monitor.find_cursor(1e9)
    monitor.list_waits(ids("n1")[0], 9)
    monitor.count_families(ids("n1", "n2"), 9)
    monitor.find_lease("sweeper")


def _stages(plan: Any) -> Iterator[str]:
    """Every stage of the plans that were chosen, wherever they are nested."""
    if isinstance(plan, dict):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for name, value in plan.items():
            if name != "rejectedPlans":
                yield from _stages(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from _stages(value)


def _explainable(name: str, command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One command per statement, without what belongs to its sending."""
    kept = {
        key: value
        for key, value in command.items()
        if not key.startswith(("$", "lsid", "txn", "writeConcern"))
    }
    kept.pop("readConcern", None)
    kept.pop("ordered", None)
    statements = {"update": "updates", "delete": "deletes"}.get(name)
    if statements is None:
        yield kept
        return
    for statement in command.get(statements, ()):
        yield {**kept, statements: [statement]}


def test_no_query_scans_a_collection(server: OwnServer, world: World, commands: Commands) -> None:
    with commands.during() as seen:
        _use_everything(world)
    database = server.client["own"]
    asked: set[str] = set()
    for name, command in seen:
        if name not in _QUERIES or command[name] in _SMALL:
            continue
        for one in _explainable(name, command):
            if name == "aggregate":
                one.setdefault("cursor", {})
            plan = database.command("explain", one, verbosity="queryPlanner")
            stages = set(_stages(plan))
            assert "COLLSCAN" not in stages, one
            asked.add(f"{name} {command[name]}")
    assert len(asked) > 20, asked


def test_the_head_of_the_queue_is_not_sorted(server: OwnServer, world: World, commands: Commands) -> None:
    world.submit(*(f"n{number}" for number in range(50)))
    with commands.during() as seen:
        world.claim()
    name, command = next((name, command) for name, command in seen if name == "aggregate")
    (one,) = _explainable(name, command)
    plan = server.client["own"].command("explain", one, verbosity="executionStats")
    assert "SORT" not in set(_stages(plan))


def test_a_family_is_found_without_looking_at_others(
    server: OwnServer, world: World, commands: Commands
) -> None:
    (root,) = ids("root")
    world.submit("before", "root", call("child", root_id=root, parent_id=root, depth=1))
    world.submit(*(f"n{number}" for number in range(200)))
    with commands.during() as seen:
        members = world.orchestrator.list_records(InvocationQuery(root_id=root))
        shown = world.monitor.list_invocations(RecordQuery(root_id=root)).records
    assert [one.invocation_id for one in members] == ["child", "root"]
    assert [one.invocation_id for one in shown] == ["child", "root"]
    asked = [one for name, command in seen if name == "find" for one in _explainable(name, command)]
    assert len(asked) == 4
    for one in asked:
        plan = server.client["own"].command("explain", one, verbosity="executionStats")
        assert plan["executionStats"]["totalKeysExamined"] <= 2, one


def test_the_same_call_is_looked_for_among_a_bounded_number_of_its_task(
    server: OwnServer, world: World, commands: Commands
) -> None:
    world.submit("one", args_id="same")
    world.submit(*(f"other {number}" for number in range(100)), task_id="app.other")
    world.submit(*(f"n{number}" for number in range(100)))
    limit = 10
    query = RecordQuery(task_id="app.task", where=Like(TextField.ARGS_ID, ("same",)), search_limit=limit)
    with commands.during() as seen:
        page = world.monitor.list_invocations(query)
    assert page.records == ()
    assert page.next is not None
    asked = [one for name, command in seen if name == "find" for one in _explainable(name, command)]
    assert len(asked) == 2
    for one in asked:
        plan = server.client["own"].command("explain", one, verbosity="executionStats")
        assert "COLLSCAN" not in set(_stages(plan)), one
        assert "SORT" not in set(_stages(plan)), one
        # Of each status a key more is looked at to know that there is none.
        assert plan["executionStats"]["totalKeysExamined"] <= limit + 2 * len(S), one
        assert plan["executionStats"]["totalDocsExamined"] <= limit, one


def test_a_database_of_a_newer_version_is_refused(server: OwnServer) -> None:
    meta = server.client["newer"]["pynenc_meta"]
    meta.insert_one({"_id": "schema", "version": schema.VERSION + 1})
    with pytest.raises(SchemaVersionError, match="upgrade pynenc-mongodb"):
        world_on(server, mongo_db="newer").submit("one")


def test_indexes_are_created_once(server: OwnServer, world: World, commands: Commands) -> None:
    world.submit("one")
    with commands.during() as seen:
        other = world_on(server, world.app_id)
        other.submit("two")
    assert "createIndexes" not in [name for name, _ in seen]
    assert store_of(world).app == store_of(other).app
    other.close()


def test_an_index_that_somebody_removed_is_found_and_comes_back(server: OwnServer) -> None:
    world = world_on(server, mongo_db="tampered")
    world.submit("one")
    server.client["tampered"][schema.INVOCATIONS].drop_index("failed")
    (found,) = world.store.diagnose()
    assert (found.level, found.text.split(" is ")[0]) == (Level.PROBLEM, "index pynenc_invocations.failed")
    server.client["tampered"]["pynenc_meta"].delete_one({"_id": "schema"})
    other = world_on(server, mongo_db="tampered")
    (found,) = other.store.diagnose()
    assert found.level is Level.OK
    for one in (world, other):
        one.close()
