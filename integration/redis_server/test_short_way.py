"""The short way of calls that many others wait before: one plain command, and nobody can tell them from others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random

import pytest
from integration.redis_server.conftest import MakeApp
from integration.redis_server.own_server import OwnServer, normal, stored_keys
from integration.world import ERROR, S, World, call, cancel, finish, ids

from pynenc.exceptions import StoreFullError
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import Claim, InvocationQuery, NewInvocation
from pynenc_redis import short_way

MakeWorld = Callable[[], World]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, the way stays open."""
    monkeypatch.setattr(short_way, "_TRUSTED_SECONDS", 3600.0)
    monkeypatch.setattr(short_way, "_PROMPT_SECONDS", 3600.0)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """One whose runners have more to do than they take."""
    made = make_world()
    _make_busy(made)
    return made


def _make_busy(world: World) -> None:
    for number in range(10):
        world.submit(f"first-{number}")


def _append(world: World, *calls: NewInvocation | str) -> None:
    for one in calls:
        assert world.orchestrator.append(call(one) if isinstance(one, str) else one), one


def _key(world: World) -> str:
    return f"{world.orchestrator.store.prefix}o:new"  # type: ignore[attr-defined]  # of the Redis store


def _calls(server: OwnServer) -> dict[str, int]:
    return {
        name.removeprefix("cmdstat_"): row["calls"]
        for name, row in server.client.info("commandstats").items()
        if "config" not in name
    }


def test_a_call_is_one_plain_command_and_many_are_entered_together(world: World, server: OwnServer) -> None:
    server.client.config_resetstat()
    _append(world, "one")
    assert _calls(server) == {"rpushx": 1}
    _append(world, *(f"more-{number}" for number in range(200)))
    assert _calls(server)["rpushx"] == 201
    assert _calls(server)["evalsha"] + _calls(server).get("eval", 0) <= 200 // 64 + 1
    assert server.client.llen(_key(world)) <= 3 * 65


READS: dict[str, Callable[[World], object]] = {
    "states": lambda world: world.orchestrator.get_states(ids("one", "two")),
    "records": lambda world: world.orchestrator.get_records(ids("one", "two")),
    "history": lambda world: world.history("two"),
    "a list": lambda world: world.orchestrator.list_records(InvocationQuery(limit=100)),
    "numbers": lambda world: world.orchestrator.count_by_status("app.task"),
    "what is available": lambda world: world.orchestrator.find_available(None, 100),
    "a claim": lambda world: world.claims(ids=ids("two")),
    "a claim from the queue": lambda world: [world.claims()[0].invocation_id for _ in range(12)],
    "a cancellation": lambda world: world.answer(cancel("one")),
    "a submission": lambda world: [world.submit("three"), world.claims(ids=ids("three"))],
    "the same again": lambda world: world.orchestrator.submit([call("one"), call("two")], {}, enqueue=True),
    "numbers by task": lambda world: world.monitor.count_by_task(),
    "a page": lambda world: world.monitor.list_invocations(RecordQuery(limit=100)),
    "open ones": lambda world: world.monitor.list_invocations(
        RecordQuery(limit=100, statuses=frozenset({S.REGISTERED}))
    ),
    "by the beginning of an id": lambda world: world.monitor.find_by_prefix("tw", 5),
    "by the end of an id": lambda world: world.monitor.find_by_suffix("wo", 5, 100),
    "what was registered": lambda world: world.monitor.list_registered(0.0, 100),
    "a token of change": lambda world: world.monitor.change_token(),
    "arguments": lambda world: world.monitor.get_payloads(InvocationId("two"), 100),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_whoever_looks_sees_it_as_if_it_had_been_submitted(
    make_world: MakeWorld, server: OwnServer, read: Callable[[World], object]
) -> None:
    appended, submitted = make_world(), make_world()
    for world in (appended, submitted):
        _make_busy(world)
    two = call("two", task_id="app.other", arguments='{"text": "\\u0000 é"}', args_preview="text=…")
    _append(appended, "one", two)
    for one in (call("one"), two):
        submitted.submit(one)
    seen = [normal(read(world)) for world in (appended, submitted)]
    assert seen[0] == seen[1]
    for world in (appended, submitted):
        world.submit("last")  # the short way is closed, or open, in both
    keys = [stored_keys(server, world.orchestrator.store.prefix) for world in (appended, submitted)]  # type: ignore[attr-defined]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_beside_it_happens_as_if_it_had_been_submitted(
    make_world: MakeWorld, seed: int
) -> None:
    worlds, chance = (make_world(), make_world()), Random(seed)
    owned: list[list[Claim]] = [[], []]
    appended = 0
    for world in worlds:
        _make_busy(world)
    for number in range(80):
        what, other = chance.random(), f"one-{chance.randrange(number + 1)}"
        fields = {
            "task_id": chance.choice(["app.task", "app.other"]),
            "priority": chance.choice([0, 0, 0, 0, 2]),
        }
        limit, pick, again = chance.choice([1, 1, 4]), chance.random(), call(other)
        seen: list[object] = []
        for place, (world, mine) in enumerate(zip(worlds, owned, strict=True)):
            one = call(f"one-{number}", **fields)
            if what < 0.6:
                by_short_way = place == 0 and world.orchestrator.append(one)
                appended += by_short_way
                seen.append(ids(f"one-{number}") if by_short_way else world.submit(one))
            elif what < 0.75:
                mine.extend(
                    world.claims(limit=limit, ahead={"app.task": 0.0}, ahead_seconds=1.0, start_seconds=1.0)
                )
                seen.append([(claim.invocation_id, claim.status) for claim in mine])
            elif what < 0.85 and mine:
                seen.append(world.answer(finish(mine.pop(int(pick * len(mine))))))
            elif what < 0.9:
                seen.append(world.orchestrator.submit([again], {}, enqueue=True))
            elif what < 0.95:
                seen.append(world.answer(cancel(other)))
            else:
                world.orchestrator.delete(ids(other))
                seen.append(world.orchestrator.count_by_status())
        assert normal(seen[:1]) == normal(seen[1:]), (number, what)
    assert normal(worlds[0].snapshot()) == normal(worlds[1].snapshot())
    assert appended


def test_who_begins_to_wait_for_it_is_told_of_its_end(world: World) -> None:
    told = threading.Event()
    _append(world, "one")
    world.watch(lambda _: told.set()).add(ids("one"))
    world.do(finish(world.claim(ids=ids("one"))))
    assert told.wait(30)


def test_what_has_options_goes_the_other_way(world: World) -> None:
    for one in (
        call("urgent", priority=3),
        call("later", delay_seconds=5.0),
        call("limited", cc_key="key", cc_limit=1),
        call("only one", reg_key="key"),
        call("long", arguments="x" * 5000),
        call("with a zero", arguments="a \0 b"),
        call("child", parent_id=InvocationId("first-1"), root_id=InvocationId("first-1")),
    ):
        assert not world.orchestrator.append(one)
    assert len(world.orchestrator.list_records(InvocationQuery(limit=100))) == 10


def test_it_is_closed_once_workers_have_nothing_else_to_do(world: World) -> None:
    _append(world, "one")
    while world.claims():
        pass
    assert not world.orchestrator.append(call("two"))
    assert not world.orchestrator.append(call("two"))
    assert not world.orchestrator.get_states(ids("two"))
    world.submit("two")
    assert world.claim().invocation_id == "two"


def test_the_order_is_that_of_the_calls_whichever_way_they_went(world: World) -> None:
    _append(world, "a", "b")
    world.submit("c")
    world.submit("d")
    _append(world, "e")
    world.submit("f", "g")
    world.submit(call("h", delay_seconds=0.0, parent_id=InvocationId("a"), root_id=InvocationId("a")))
    assert [world.claim().invocation_id for _ in range(18)][10:] == list("abcdefgh")


def test_what_is_sent_again_is_registered_once(world: World) -> None:
    _append(world, "one", "one")
    (answer,) = world.orchestrator.submit([call("one")], {}, enqueue=True)
    assert not answer.created
    assert world.orchestrator.count_by_status() == {S.REGISTERED: 11}
    assert [one.status for one in world.history("one")] == [S.REGISTERED]
    claim = world.claim(ids=ids("one"))
    world.submit("filler")
    _append(world, "one")
    world.do(finish(claim, ERROR))
    assert world.status("one") is S.FAILED


def test_whoever_reacts_to_registrations_hears_of_it(world: World) -> None:
    _append(world, "one")
    world.orchestrator.watch_statuses({"app.task": frozenset({S.REGISTERED})}, 3600.0)
    assert world.status("one") is S.REGISTERED
    (occurrence,) = world.orchestrator.take_occurrences(10, 30.0)
    assert "one" in repr(occurrence)


def test_a_full_server_still_answers_and_takes_it_later(world: World, server: OwnServer) -> None:
    _append(world, "one")
    server.client.config_set("maxmemory", 1)
    assert world.status("first-3") is S.REGISTERED
    with pytest.raises(StoreFullError):
        world.orchestrator.append(call("two"))
    server.client.config_set("maxmemory", 0)
    assert world.status("one") is S.REGISTERED
    assert not world.orchestrator.get_states(ids("two"))


def test_nothing_of_it_is_lost_with_the_server(world: World, server: OwnServer) -> None:
    _append(world, *(f"one-{number}" for number in range(20)))
    server.restart()
    assert world.orchestrator.count_by_status() == {S.REGISTERED: 30}


def test_calls_of_an_app_go_this_way_and_are_carried_out(server: OwnServer, make_app: MakeApp) -> None:
    caller = make_app(redis_url=server.url, app_id="short-way")
    server.client.config_resetstat()
    handles = [caller.tasks.add(number, 1) for number in range(300)]
    assert _calls(server)["rpushx"] > 250
    make_app("ThreadRunner", redis_url=server.url, app_id="short-way")
    assert [one.get(60) for one in handles] == [number + 1 for number in range(300)]
