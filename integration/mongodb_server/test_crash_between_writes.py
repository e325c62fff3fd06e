"""A process that dies between two writes of one operation: whoever comes next, or the sweeper, puts it right.

Unlike the crash points of ``integration/faults``, which are calls of components, these are the commands that a call
sends to the server.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from integration.faults.history_checker import check
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import Commands, world_on
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


def test_a_claim_that_is_fenced_by_a_repair_takes_nothing(
    server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process slept between taking a place and writing its token."""
    world = world_on(server)
    world.submit("one", **PARKS)
    other = world_on(server, world.app_id)
    real = slots.take

    def take_and_sleep(*arguments: Any) -> bool:
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
