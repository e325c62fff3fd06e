"""Counted budgets: how many commands an operation takes, for one invocation and for many."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import Commands, world_on
from integration.world import World, call, finish, ids, pause, recover, resume

from pynenc.values.ids import InvocationId
from pynenc.values.operations import MoveResult
from pynenc.values.records import Outcome, OutcomeKind

BATCH = 64
AHEAD: dict[str, Any] = {
    "limit": BATCH,
    "ahead": {"app.task": 0.0},
    "ahead_seconds": 1.0,
    "start_seconds": 1.0,
}


@pytest.fixture
def world(server: OwnServer, commands: Commands) -> Iterator[World]:
    """An app that has been used already: nothing is opened or looked up for the first time."""
    made = world_on(server)
    made.do(finish(made.run("first")))
    yield made
    made.clear()


def _names(seen: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Without the look at what is watched, which happens a few times per second at most."""
    return [name for name, command in seen if command.get(name) != "pynenc_trigger"]


@pytest.mark.parametrize("number", [1, 100])
def test_a_submission_is_one_command(world: World, commands: Commands, number: int) -> None:
    with commands.during() as seen:
        world.submit(*(f"n{one}" for one in range(number)))
    assert _names(seen) == ["insert"]


def test_a_merged_call_is_one_write_more_than_the_look_for_what_stands_for_it(
    world: World, commands: Commands
) -> None:
    world.submit("one", reg_key="k")
    with commands.during() as seen:
        world.submit(*(f"n{one}" for one in range(10)), reg_key="k")
    assert _names(seen) == ["insert", "find", "find", "update"]
    with commands.during() as seen:
        world.submit("two", reg_key="another")
    assert _names(seen) == ["insert"]


def test_large_values_are_one_command_more(world: World, commands: Commands) -> None:
    with commands.during() as seen:
        world.orchestrator.submit([call("one"), call("two")], {"h1": "x", "h2": "y"}, enqueue=True)
    assert _names(seen) == ["update", "insert"]


def test_a_claim_of_one_is_two_commands(world: World, commands: Commands) -> None:
    world.submit("one")
    with commands.during() as seen:
        world.claim()
    assert _names(seen) == ["aggregate", "findAndModify"]


def test_a_claim_of_many_is_three_commands(world: World, commands: Commands) -> None:
    world.submit(*(f"n{one}" for one in range(BATCH)))
    with commands.during() as seen:
        assert len(world.claims(**AHEAD)) == BATCH
    assert _names(seen) == ["aggregate", "update", "find"]


def test_a_limited_claim_is_four_commands(world: World, commands: Commands) -> None:
    world.submit("one", cc_key="k", cc_limit=1)
    with commands.during() as seen:
        world.claim()
    assert len(_names(seen)) == 4


def test_looking_in_vain_is_one_read(world: World, commands: Commands) -> None:
    with commands.during() as seen:
        assert world.claims() == []
    assert _names(seen) == ["aggregate"]


@pytest.mark.parametrize("number", [1, BATCH])
def test_a_finish_after_a_claim_is_one_command(world: World, commands: Commands, number: int) -> None:
    world.submit(*(f"n{one}" for one in range(number)))
    claims = world.claims(**AHEAD)
    with commands.during() as seen:
        world.do(*map(finish, claims))
    assert (len(claims), _names(seen)) == (number, ["update"])


def test_what_was_claimed_and_taken_away_meanwhile_is_read_and_refused(
    world: World, commands: Commands
) -> None:
    world.submit("one", "two")
    one, two = world.claims(**AHEAD)
    other = world.another_process()
    other.do(recover(other.record("one")))
    other.close()
    with commands.during() as seen:
        answers = world.advance(finish(one), finish(two)).moves
    assert [answer.result for answer in answers] == [MoveResult.FENCED, MoveResult.DONE]
    assert _names(seen) == ["update", "find", "find"]


def test_a_finish_that_meets_somebody_else_is_read_back(world: World, commands: Commands) -> None:
    world.submit("one", "two")
    one, two = world.claims(**AHEAD)
    world.do(finish(one))
    with commands.during() as seen:
        answers = world.advance(finish(one), finish(two)).moves
    assert all(answer.accepted for answer in answers)
    assert _names(seen) == ["find", "update"]


def test_a_helped_call_is_four_writes(world: World, commands: Commands) -> None:
    waiter = world.run("waiter")
    with commands.during() as seen:
        (helped,) = world.submit("helped")
        claim = world.advance(pause(waiter, "helped"), claim=world.claim_request(ids=ids("helped"))).claims[0]
        world.advance(finish(claim), resume(waiter), read=(helped,))
    writes = Counter(name for name in _names(seen) if name in ("insert", "update", "findAndModify"))
    # The call, the pause with the weight of the wait, the claim, and the end of both.
    assert writes == {"insert": 1, "findAndModify": 1, "update": 2}


@pytest.mark.parametrize(("size", "asked"), [(20, []), (5_000, ["find"])])
def test_a_short_result_comes_with_the_news_of_the_end(
    world: World, commands: Commands, size: int, asked: list[str]
) -> None:
    before, claim = world.run("before"), world.run("one")
    heard: queue.Queue[list[InvocationId]] = queue.Queue()
    watch = world.watch(heard.put)
    watch.add(ids("before", "one"))
    outcome = Outcome(OutcomeKind.RESULT, "x" * size, size_bytes=size)
    other = world.another_process()
    other.do(finish(before))
    assert heard.get(timeout=30) == [before.invocation_id]  # the stream is open
    other.do(finish(claim, outcome))
    assert heard.get(timeout=30) == [claim.invocation_id]
    with commands.during() as seen:
        states = world.orchestrator.get_states(ids("one"))
    assert _names(seen) == asked
    assert states == other.orchestrator.get_states(ids("one"))
    assert states[claim.invocation_id].outcome == outcome
    other.close()
    watch.close()
