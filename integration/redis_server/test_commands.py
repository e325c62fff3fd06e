"""Counted by the server: messages per operation, and how little the reads of the monitor look at."""

from __future__ import annotations

import math
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.backends.parts import Site, assemble
from integration.backends.redis import BACKEND, choice
from integration.clocks import ManualClock
from integration.redis_server.conftest import COMPONENTS
from integration.redis_server.own_server import OwnServer
from integration.world import ALICE, ERROR, RESULT, S, World, call, finish, ids, workflow

from pynenc.contracts import BaseMonitorStore
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import Between, Like, Not, NumberField, RecordFilter, TextField
from pynenc.values.records import Outcome, OutcomeKind
from pynenc.values.runners import Beat

#: Commands whose cost grows with what is stored.
_UNBOUNDED = ("keys", "scan", "sscan", "hscan", "zscan", "smembers", "sort", "zunion", "zinter")
#: A worker takes so many at once.
_BATCH = 100
_CHILD = "app.child"
#: Longer than what travels with the news of it.
LONG = Outcome(OutcomeKind.RESULT, "x" * 2000)
_AHEAD: dict[str, Any] = {"ahead": {"app.task": 0.0}, "ahead_seconds": 1.0, "start_seconds": 1.0}


@pytest.fixture
def world(server: OwnServer, tmp_path: Path) -> Iterator[World]:
    """An app alone on its server."""
    site, app_id = Site(tmp_path, ManualClock()), f"commands-{uuid.uuid4().hex}"
    chosen = {
        name.removesuffix("_cls"): choice(name.removesuffix("_cls"), redis_url=server.url)
        for name in COMPONENTS
    }
    made = World(BACKEND, site, app_id, assemble(site, app_id, chosen))
    yield made
    made.close()


@contextmanager
def _counted(server: OwnServer) -> Iterator[Counter[str]]:
    """Calls by command, those that scripts make included; complete after the block."""
    calls: Counter[str] = Counter()
    server.client.config_resetstat()
    yield calls
    found = server.client.info("commandstats")
    calls.update({name.removeprefix("cmdstat_"): row["calls"] for name, row in found.items()})
    del calls["config|resetstat"], calls["info"]


@pytest.mark.parametrize("number", [1, _BATCH])
def test_submitting_claiming_and_finishing_are_one_message_each(
    world: World, server: OwnServer, number: int
) -> None:
    world.do(finish(world.run("before")))  # connected, and every script is known
    with _counted(server) as submitting:
        world.submit(*(f"call-{index}" for index in range(number)))
    with _counted(server) as claiming:
        claims = world.claims(limit=number, **_AHEAD)
    assert len(claims) == number
    with _counted(server) as finishing:
        world.do(*map(finish, claims))
    for calls in (submitting, claiming, finishing):
        assert calls["evalsha"] == 1
        # Beside scripts a connection sends nothing: what these call is no message.
        assert not {"eval", "hello", "client|setinfo", "multi", "exec", "ping"} & set(calls), calls


@pytest.mark.parametrize(("data", "messages"), [("short", 0), ("x" * 2000, 1)])
def test_a_short_result_comes_with_the_news_of_it(
    world: World, server: OwnServer, data: str, messages: int
) -> None:
    claim, told = world.run("one"), threading.Event()
    world.watch(lambda _: told.set()).add(ids("one"))
    world.do(finish(claim, Outcome(OutcomeKind.RESULT, data)))
    assert told.wait(30)
    with _counted(server) as first:
        states = world.orchestrator.get_states(ids("one"))
    with _counted(server) as second:
        again = world.orchestrator.get_states(ids("one"))
    assert states == again
    assert states[ids("one")[0]].status is S.SUCCESS
    outcome = states[ids("one")[0]].outcome
    assert outcome is not None
    assert outcome.data == data
    assert (first["evalsha"], second["evalsha"]) == (messages, 1)


@pytest.mark.parametrize(("outcome", "messages"), [(RESULT, 0), (ERROR, 0), (LONG, 1)])
def test_what_ended_before_anybody_waited_is_told_to_whoever_begins_to(
    world: World, server: OwnServer, outcome: Outcome, messages: int
) -> None:
    world.do(finish(world.run("one"), outcome))
    stored = world.orchestrator.get_states(ids("one"))
    told = threading.Event()
    world.watch(lambda _: told.set()).add(ids("one"))
    assert told.wait(30)
    with _counted(server) as reading:
        assert world.orchestrator.get_states(ids("one")) == stored
    assert stored[ids("one")[0]].outcome == outcome
    assert reading["evalsha"] == messages


@pytest.mark.parametrize("remove", ["delete", "purge"])
def test_what_was_removed_after_the_news_of_its_end_is_gone(world: World, remove: str) -> None:
    claim, told = world.run("one"), threading.Event()
    world.watch(lambda _: told.set()).add(ids("one"))
    world.do(finish(claim))
    assert told.wait(30)
    if remove == "delete":
        world.orchestrator.delete(ids("one"))
    else:
        world.orchestrator.purge()
    assert world.orchestrator.get_states(ids("one")) == {}


def _work(world: World, number: int, first: int) -> None:
    """So many invocations that ended, every hundredth of them badly."""
    names = [f"{'ab'[index % 2]}{index}" for index in range(first, first + number)]
    for at in range(0, number, _BATCH):
        world.submit(*names[at : at + _BATCH])
        claims = world.claims(limit=_BATCH, exclude_tasks=frozenset({_CHILD}), **_AHEAD)
        world.do(*(finish(one, ERROR if at == 0 else RESULT) for at, one in enumerate(claims)))


def _keep_open(world: World) -> None:
    """What does not end: a family, of which some wait and some are owned by a runner."""
    (root,) = ids("root")
    world.submit(workflow("root"))
    world.submit(
        *(call(f"child{index}", task_id=_CHILD, root_id=root, parent_id=root, depth=1) for index in range(30))
    )
    for name in ("root", "child1", "child2"):
        world.claim(ids=ids(name))
    world.orchestrator.beat(Beat(alive=(ALICE,)))


def _sent_bytes(server: OwnServer) -> int:
    return int(server.client.info("stats")["total_net_output_bytes"])


def test_the_server_gives_only_what_fulfils_a_condition(world: World, server: OwnServer) -> None:
    _work(world, 300, 0)
    query = RecordQuery(where=Like(TextField.ERROR_TYPE, ("", "Error")), limit=10)
    found = world.monitor.list_invocations(query).records
    before = _sent_bytes(server)
    assert world.monitor.list_invocations(query).records == found
    assert 0 < len(found) < 10
    # The others stay there: each of them has some hundred bytes.
    assert _sent_bytes(server) - before < 100 * 300


def test_a_text_that_is_no_utf_8_is_found_all_the_same(world: World) -> None:
    preview = "half=\ud800, x=1"
    world.submit(call("half", args_preview=preview), call("whole", args_preview="x=1"))
    by_end, by_half = (Like(TextField.ARGS_PREVIEW, ("", text, "")) for text in ("x=1", "\ud800"))

    def found(where: RecordFilter) -> list[str]:
        page = world.monitor.list_invocations(RecordQuery(where=where))
        return [one.invocation_id for one in page.records]

    assert found(by_end) == ["whole", "half"]
    assert found(Not(by_end)) == []
    assert found(by_half) == ["half"]
    assert found(Not(by_half)) == ["whole"]
    assert found(Like(TextField.ARGS_PREVIEW, (preview,))) == ["half"]


READS: dict[str, Callable[[BaseMonitorStore], object]] = {
    "change token": lambda monitor: monitor.change_token(),
    "counts": lambda monitor: monitor.count_by_task(),
    "newest": lambda monitor: monitor.list_invocations(RecordQuery(limit=10)),
    "newest of a task": lambda monitor: monitor.list_invocations(RecordQuery(task_id="app.task", limit=10)),
    "failed": lambda monitor: monitor.list_invocations(RecordQuery(statuses=frozenset({S.FAILED}), limit=3)),
    "succeeded": lambda monitor: monitor.list_invocations(
        RecordQuery(statuses=frozenset({S.SUCCESS}), limit=10, search_limit=50)
    ),
    "running": lambda monitor: monitor.list_invocations(
        RecordQuery(statuses=frozenset({S.RUNNING, S.PENDING}), limit=10)
    ),
    "waiting": lambda monitor: monitor.list_invocations(
        RecordQuery(statuses=frozenset({S.REGISTERED}), task_id=_CHILD, limit=10)
    ),
    "of a task that nobody called": lambda monitor: monitor.list_invocations(RecordQuery(task_id="app.none")),
    "in vain": lambda monitor: monitor.list_invocations(
        RecordQuery(statuses=frozenset({S.SUCCESS}), task_id="app.none", search_limit=50)
    ),
    "by a condition": lambda monitor: monitor.list_invocations(
        RecordQuery(where=Between(NumberField.RUN_SECONDS, low=1e9), search_limit=50)
    ),
    "by what its call says": lambda monitor: monitor.list_invocations(
        RecordQuery(where=Like(TextField.ARGS_PREVIEW, ("", "nowhere", "")), search_limit=50)
    ),
    "same call": lambda monitor: monitor.list_invocations(
        RecordQuery(task_id="app.task", where=Like(TextField.ARGS_ID, ("nowhere",)), search_limit=50)
    ),
    "by its end": lambda monitor: monitor.find_by_suffix("nowhere", 10, 50),
    "family": lambda monitor: monitor.list_invocations(RecordQuery(root_id=ids("root")[0], limit=10)),
    "workflows": lambda monitor: monitor.list_invocations(RecordQuery(workflows=True, limit=10)),
    "by prefix": lambda monitor: monitor.find_by_prefix("a1", 10),
    "records": lambda monitor: monitor.get_invocations(ids("a0", "b1", "root")),
    "histories": lambda monitor: monitor.get_histories(ids("a0", "b1", "root")),
    "merges": lambda monitor: monitor.get_merges(ids("a0", "b1", "root")),
    "payloads": lambda monitor: monitor.get_payloads(ids("a0")[0], 100),
    "registered": lambda monitor: monitor.list_registered(0.0, 10),
    "finished": lambda monitor: monitor.list_finished(0.0, math.inf, 10),
    "failed in a window": lambda monitor: monitor.list_failed(0.0, math.inf, 3),
    "finished first": lambda monitor: monitor.list_finished(0.0, math.inf, 10, oldest_first=True),
    "finished in parts": lambda monitor: monitor.sample_finished(0.0, 9e9, 10, 2, beyond=1),
    "too little to be put in parts": lambda monitor: monitor.sample_finished(0.0, 9e9, 10, 2, beyond=9_999),
    "failed in parts": lambda monitor: monitor.count_failed(0.0, 9e9, 10, 2),
    "slow and failed in parts": lambda monitor: monitor.count_failed(
        0.0, 9e9, 10, 2, Between(NumberField.RUN_SECONDS, low=1e9)
    ),
    "owned": lambda monitor: monitor.list_owned(3),
    "owned by one": lambda monitor: monitor.list_owned(3, "alice"),
    "next": lambda monitor: monitor.find_longest_waiting(),
    "runners": lambda monitor: monitor.list_runners(10),
    "waits": lambda monitor: monitor.list_waits(ids("root")[0], 10),
    "families": lambda monitor: monitor.count_families(ids("root", "a0"), 10),
    "lease": lambda monitor: monitor.find_lease("sweeper"),
    "runners by id": lambda monitor: monitor.get_runners(["alice"]),
}


def test_reads_of_the_monitor_look_at_no_more_in_a_larger_store(world: World, server: OwnServer) -> None:
    monitor = world.monitor

    def counted() -> dict[str, Counter[str]]:
        found = {}
        for name, read in READS.items():
            read(monitor)  # the script is known
            with _counted(server) as calls:
                read(monitor)
            found[name] = calls
        return found

    _keep_open(world)
    _work(world, 400, 0)
    small = counted()
    _work(world, 4000, 1000)
    large = counted()
    assert large == small
    for name, calls in large.items():
        assert not set(_UNBOUNDED) & set(calls), (name, calls)
        assert calls["evalsha"] + calls["mget"] + calls["hgetall"] >= 1, (name, calls)
        assert sum(calls.values()) < 150, (name, calls)
    with _counted(server) as calls:
        monitor.find_cursor(1.0)
    # By halves: two commands for each, of 5000.
    assert sum(calls.values()) < 40, calls
