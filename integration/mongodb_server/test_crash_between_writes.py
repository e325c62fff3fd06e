"""A process that dies between two writes of one operation: whoever comes next, or the sweeper, puts it right.

Unlike the crash points of ``integration/faults``, which are calls of components, these are the commands that a call
sends to the server.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from integration.clocks import eventually
from integration.faults.history_checker import check
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import Commands, store_of, world_on
from integration.world import (
    ALICE,
    BOB,
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
from pymongo import monitoring

from pynenc.values.operations import Claim
from pynenc.values.status import FINAL
from pynenc.values.status import InvocationStatus as S
from pynenc.values.triggers import PairRequest
from pynenc_mongodb import slots

PARKS: dict[str, Any] = {"cc_key": "k", "cc_limit": 1, "cc_park": True}
_MOST_COMMANDS = 30
#: Prepares an app; returns what the process then does that dies.
Scenario = Callable[[World], Callable[[World], object]]


def _submits(world: World) -> Callable[[World], object]:
    return lambda w: w.orchestrator.submit(
        [call("a"), call("b", reg_key="r"), call("c")], {"h": "x"}, enqueue=True
    )


def _claims_many(world: World) -> Callable[[World], object]:
    world.submit(*(f"n{number}" for number in range(5)))
    return lambda w: w.claims(BOB, limit=5, ahead={"app.task": 0.0}, ahead_seconds=9)


def _claims_limited(world: World) -> Callable[[World], object]:
    world.submit("one", "two", "three", **PARKS)
    return lambda w: w.claims(BOB)


def _finishes_limited(world: World) -> Callable[[World], object]:
    holder = world.run("holder", **PARKS)
    world.submit("one", "two", **PARKS)
    assert world.claims() == []
    return lambda w: w.advance(finish(holder), claim=w.claim_request(BOB))


def _cancels_who_was_let_in(world: World) -> Callable[[World], object]:
    holder = world.run("holder", **PARKS)
    world.submit("one", "two", **PARKS)
    assert world.claims() == []
    world.do(finish(holder))
    return lambda w: w.advance(cancel("one"))


def _pauses_and_helps(world: World) -> Callable[[World], object]:
    waiter = world.run("waiter")
    world.submit("a", "b")
    return lambda w: w.advance(pause(waiter, "a", "b"), claim=w.claim_request(ids=ids("a", "b")))


def _finishes_and_resumes(world: World) -> Callable[[World], object]:
    waiter = world.run("waiter")
    world.submit("a")
    helped = world.advance(pause(waiter, "a"), claim=world.claim_request(ids=ids("a"))).claims[0]
    return lambda w: w.advance(finish(helped), resume(waiter), read=ids("a"))


def _recovers(world: World) -> Callable[[World], object]:
    world.run("one", **PARKS)
    world.submit("two", **PARKS)
    assert world.claims() == []
    record = world.record("one")
    return lambda w: w.advance(recover(record))


SCENARIOS: list[Scenario] = [
    _submits,
    _claims_many,
    _claims_limited,
    _finishes_limited,
    _cancels_who_was_let_in,
    _pauses_and_helps,
    _finishes_and_resumes,
    _recovers,
]


@pytest.fixture(scope="module")
def commands() -> Commands:
    listener = Commands()
    monitoring.register(listener)
    return listener


def _die_at(world: World, commands: Commands, act: Callable[[World], object], at: int) -> bool:
    """Do it in a process of its own that ends right before its command number ``at``; whether it came so far."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            mine = world.another_process()
            mine.orchestrator.count_delayed()  # connected, and the clock known
            left = at

            def count(name: str) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    os._exit(9)

            commands.before = count
            act(mine)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9), "it failed by itself"
    return code == 9


def _put_right(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a runner's sweeper does once the owners are known to be dead."""
    monkeypatch.setattr(slots, "_GRACE_SECONDS", 0.0)
    time.sleep(0.002)
    for orphan in world.orchestrator.find_orphans([ALICE.runner_id, BOB.runner_id], 99):
        world.do(recover(world.record(orphan.invocation_id), counted=False))
    world.orchestrator.repair()


def _work_off(world: World) -> None:
    idle = 0
    while idle < 2:
        claims: list[Claim] = world.claims()
        for claim in claims:
            world.do(finish(claim))
        if not claims:
            world.orchestrator.repair()
        idle = 0 if claims else idle + 1


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__.strip("_"))
def test_nothing_is_lost_or_stuck_wherever_a_process_dies(
    server: OwnServer, commands: Commands, monkeypatch: pytest.MonkeyPatch, scenario: Scenario
) -> None:
    for at in range(1, _MOST_COMMANDS):
        world = world_on(server)
        died = _die_at(world, commands, scenario(world), at)
        before = sum(world.orchestrator.count_by_status().values())
        _put_right(world, monkeypatch)
        _work_off(world)
        counts = world.orchestrator.count_by_status()
        assert set(counts) <= FINAL, f"stuck after dying at command {at}: {counts}"
        assert sum(counts.values()) == before
        assert check(world.orchestrator, at_rest=True) == []
        assert slots.holders_of(world.parts.orchestrator.store, "k") == []  # type: ignore[arg-type]
        world.clear()
        if not died:
            assert at > 1
            return
    pytest.fail(f"it takes {_MOST_COMMANDS} commands or more")


def test_a_batch_that_was_registered_in_part_is_completed_by_its_repetition(
    server: OwnServer, commands: Commands
) -> None:
    world = world_on(server)
    world.submit("a")
    answers = world.orchestrator.submit([call("a"), call("b")], {}, enqueue=True)
    assert [answer.created for answer in answers] == [False, True]
    world.clear()


def test_a_merged_call_is_counted_once_wherever_its_process_died_before_it_was_repeated(
    server: OwnServer, commands: Commands
) -> None:
    for at in range(1, _MOST_COMMANDS):
        world = world_on(server)
        world.submit("one", reg_key="r")
        died = _die_at(world, commands, lambda w: w.submit("a", "b", reg_key="r"), at)
        for _ in range(2):
            assert world.submit("a", "b", reg_key="r") == ids("one", "one")
        assert world.monitor.get_merges(ids("one"))[ids("one")[0]].calls == 2
        world.clear()
        if not died:
            assert at > 3
            return
    pytest.fail(f"it takes {_MOST_COMMANDS} commands or more")


def test_a_claim_that_is_fenced_by_a_repair_takes_nothing(
    server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process slept between taking a place and writing its token."""
    world = world_on(server)
    world.submit("one", **PARKS)
    other = world_on(server, world.app_id)
    real = slots.take

    def take_and_sleep(*arguments: Any) -> slots.Place:
        taken = real(*arguments)
        monkeypatch.setattr(slots, "take", real)
        monkeypatch.setattr(slots, "_GRACE_SECONDS", 0.0)
        time.sleep(0.002)
        other.orchestrator.repair()
        assert other.claim(BOB).invocation_id == "one"
        return taken

    monkeypatch.setattr(slots, "take", take_and_sleep)
    assert world.claims(ALICE) == []
    assert world.record("one").runner_id == "bob"
    assert world.status("one") is S.RUNNING
    world.do(hand_back(world.claim(BOB, token=world.record("one").token, repeated=True)))
    assert retry(world.claim(ALICE)).token is not None
    other.close()
    world.clear()


def test_a_claim_of_which_nothing_was_heard_does_not_come_about_later(server: OwnServer) -> None:
    """The server carries out what it was sent, although the client gave up waiting and took something else."""
    world = world_on(server, socket_timeout=0.3)
    world.submit("one")
    app_name = f"pynenc {store_of(world).app}"
    late = {"blockConnection": True, "blockTimeMS": 1500}
    server.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": 2},  # the driver repeats it once
        data={"failCommands": ["findAndModify"], "appName": app_name, **late},
    )
    taken: list[Claim] = []
    thread = threading.Thread(target=lambda: taken.extend(world.claims()))
    thread.start()
    eventually(lambda: _under_way(server, app_name), "the claim is on its way")
    world_on(server, world.app_id).submit("two", priority=1)
    thread.join()
    eventually(lambda: not _under_way(server, app_name), "the server is done with it")
    assert [claim.invocation_id for claim in taken] == ["two"]
    assert world.status("one") is S.REGISTERED
    world.clear()


def _under_way(server: OwnServer, app_name: str) -> int:
    operations = server.client.admin.aggregate(
        [{"$currentOp": {}}, {"$match": {"appName": app_name, "command.findAndModify": {"$exists": True}}}]
    )
    return len(list(operations))


def test_a_place_is_free_as_soon_as_its_holder_is_seen_to_be_final(
    server: OwnServer, commands: Commands
) -> None:
    """Also between the two writes that the end of an invocation and of its hold are."""
    limited: dict[str, Any] = {"cc_key": "k", "cc_limit": 1}
    statuses = []
    for at in range(1, 5):
        world = world_on(server)
        other = world_on(server, world.app_id)
        claim = world.run("first", **limited)
        other.submit("second", **limited)
        left = at

        def before(name: str, other: World = other) -> None:
            nonlocal left
            left -= 1
            if left == 0 and other.status("first") is S.SUCCESS:
                other.claim(BOB)

        commands.before = before
        world.do(finish(claim))
        commands.before = lambda name: None
        statuses.append(world.status("second"))
        other.close()
        world.clear()
    assert set(statuses) == {S.REGISTERED, S.RUNNING}, statuses


def test_a_claim_is_dated_after_the_end_that_made_room_for_it(server: OwnServer, commands: Commands) -> None:
    """Its step began before that end."""
    limited: dict[str, Any] = {"cc_key": "k", "cc_limit": 1}
    overtaken = 0
    for at in range(1, 5):
        world = world_on(server)
        other = world_on(server, world.app_id)
        claim = world.run("first", **limited)
        other.submit("second", **limited)
        left = at

        def before(name: str, world: World = world, claim: Claim = claim) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                world.pass_time(0.05)
                world.do(finish(claim))

        commands.before = before
        given = other.claims(BOB)
        commands.before = lambda name: None
        if given:
            overtaken += 1
            assert world.history("first")[-1].at <= world.history("second")[1].at
        other.close()
        world.clear()
    assert overtaken > 1


def _put(world: World) -> None:
    world.client_data_store.put({"h": "ü" * 2048})


def _remove(world: World) -> None:
    world.client_data_store.delete(["h"], 0.2)


@pytest.mark.parametrize(("act", "act_between"), [(_put, _remove), (_remove, _put)])
def test_a_large_value_that_is_put_again_while_it_is_removed_is_there(
    server: OwnServer,
    commands: Commands,
    act: Callable[[World], None],
    act_between: Callable[[World], None],
) -> None:
    for at in range(1, _MOST_COMMANDS):
        world = world_on(server, chunk_threshold=1024)
        other = world_on(server, world.app_id, chunk_threshold=1024)
        _put(world)
        other.client_data_store.count()  # connected
        world.pass_time(0.3)
        left = at

        def before(name: str, other: World = other) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                act_between(other)

        commands.before = before
        act(world)
        commands.before = lambda name: None
        came_so_far = left <= 0
        if not came_so_far:
            _put(world)
        assert world.client_data_store.get(["h"]) == {"h": "ü" * 2048}
        other.close()
        world.clear()
        if not came_so_far:
            assert at > 2
            return
    pytest.fail(f"it takes {_MOST_COMMANDS} commands or more")


@pytest.mark.parametrize("at", range(1, 4))
def test_one_of_two_who_complete_a_run_at_once_is_told(
    server: OwnServer, commands: Commands, at: int
) -> None:
    """Whichever command of the one the other comes before."""
    halves = [
        PairRequest(
            scope="s", key="", slot=slot, slots=2, occurrence_id=f"o{slot}", data=f"<{slot}>", ttl_seconds=9
        )
        for slot in range(2)
    ]
    world = world_on(server)
    other = world_on(server, world.app_id)
    for each in (world, other):
        each.trigger.get_values(["s"])  # connected
    left = at
    told = []

    def before(name: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            told.extend(other.trigger.pair(halves[1:]))

    commands.before = before
    told.extend(world.trigger.pair(halves[:1]))
    commands.before = lambda name: None
    if left > 0:
        told.extend(other.trigger.pair(halves[1:]))
    assert sorted(told, key=bool) == [None, ("<0>", "<1>")]
    other.close()
    world.clear()
