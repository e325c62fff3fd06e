"""Waits: when a pause is entered, what it does to the order of claims, and when it leaves the graph."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from integration.world import (
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

from pynenc.values.operations import MoveResult
from pynenc.values.status import InvocationStatus as S


def _waits(world: World) -> dict[str, set[str]]:
    return {waiter: set(on) for waiter, on in world.orchestrator.get_waits().items()}


def _chain(world: World, *names: str) -> None:
    """Each waits for the next; the last one is available."""
    world.submit(*names)
    for waiter, awaited in pairwise(names):
        world.do(pause(world.claim(ids=ids(waiter)), awaited))


def test_a_pause_is_entered_and_keeps_its_owner(world: World) -> None:
    claim = world.run("waiter")
    world.submit("a", "b")
    world.do(pause(claim, "a", "b"))
    record = world.record("waiter")
    assert (record.status, record.token, record.runner_id) == (S.PAUSED, claim.token, "alice")
    assert _waits(world) == {"waiter": {"a", "b"}}


def test_what_is_final_already_is_not_waited_for(world: World) -> None:
    waiter = world.run("waiter")
    world.do(finish(world.run("a")))
    world.submit("b")
    world.do(pause(waiter, "a", "b"))
    assert _waits(world) == {"waiter": {"b"}}


def test_enough_final_means_there_is_nothing_to_wait_for(world: World) -> None:
    waiter = world.run("waiter")
    world.do(finish(world.run("a")), finish(world.run("b"), ERROR))
    world.submit("c")
    assert world.refused(pause(waiter, "a", "b")) is MoveResult.READY
    assert world.refused(pause(waiter, "a", "b", "c", enough=2)) is MoveResult.READY
    assert world.refused(pause(waiter, "c", "a", enough=1)) is MoveResult.READY
    world.do(pause(waiter, "a", "b", "c", enough=3))


def test_every_final_status_ends_a_wait(world: World) -> None:
    waiter = world.run("waiter")
    succeeds, fails = world.run("succeeds"), world.run("fails")
    world.submit("cancelled")
    world.run("holder", cc_key="k", cc_limit=1)
    world.submit("refused", cc_key="k", cc_limit=1)
    names = ("succeeds", "fails", "cancelled", "refused")
    world.do(pause(waiter, *names))
    left = set(names)
    for name, end in (
        ("succeeds", finish(succeeds)),
        ("fails", finish(fails, ERROR)),
        ("cancelled", cancel("cancelled")),
    ):
        assert _waits(world) == {"waiter": left}
        world.do(end)
        left.discard(name)
    assert _waits(world) == {"waiter": {"refused"}}
    assert world.claims(ids=ids("refused")) == []
    assert world.status("refused") is S.CONCURRENCY_CONTROLLED_FINAL
    assert _waits(world) == {}


def test_a_missing_invocation_is_named(world: World) -> None:
    waiter = world.run("waiter")
    world.submit("a")
    answer = world.answer(pause(waiter, "a", "nobody", "nothing", enough=1))
    assert answer.result is MoveResult.MISSING
    assert set(answer.ids) == {"nobody", "nothing"}
    assert world.status("waiter") is S.RUNNING


def test_waiting_for_oneself_is_a_cycle(world: World) -> None:
    waiter = world.run("waiter")
    answer = world.answer(pause(waiter, "waiter"))
    assert (answer.result, answer.ids) == (MoveResult.CYCLE, ids("waiter", "waiter"))
    assert (world.status("waiter"), _waits(world)) == (S.RUNNING, {})


@pytest.mark.parametrize("length", [2, 3, 50])
def test_a_pause_that_closes_a_cycle_is_refused_and_the_cycle_named(world: World, length: int) -> None:
    names = [f"n{number}" for number in range(length)]
    _chain(world, *names)
    last = world.claim(ids=ids(names[-1]))
    before = world.snapshot()
    answer = world.answer(pause(last, names[0]))
    assert (answer.result, answer.ids) == (MoveResult.CYCLE, ids(names[-1], *names))
    assert world.snapshot() == before


def test_waiting_for_what_stands_in_line_for_the_own_place_is_a_cycle(world: World) -> None:
    holder = world.run("holder", cc_key="k", cc_limit=1)
    world.submit("parked", cc_key="k", cc_limit=1, cc_park=True)
    answer = world.answer(pause(holder, "parked"))
    assert (answer.result, answer.ids) == (MoveResult.CYCLE, ids("holder", "parked", "holder"))
    assert (world.status("holder"), _waits(world)) == (S.RUNNING, {})


def test_who_is_turned_away_without_a_place_is_no_cycle(world: World) -> None:
    holder = world.run("holder", cc_key="k", cc_limit=1)
    world.submit("refused", cc_key="k", cc_limit=1)
    world.do(pause(holder, "refused"))


@pytest.mark.parametrize("number", [2, 3])
def test_the_last_holder_who_would_wait_for_what_stands_in_line_is_refused(world: World, number: int) -> None:
    places: dict[str, Any] = {"cc_key": "k", "cc_limit": number, "cc_park": True}
    *others, last = [world.run(f"holder-{at}", **places) for at in range(number)]
    world.submit("parked", **places)
    # One of the others may end at any time, and leave its place to who is parked.
    for holder in others:
        world.do(pause(holder, "parked"))
    answer = world.answer(pause(last, "parked"))
    assert answer.result is MoveResult.CYCLE
    assert answer.ids[:2] == (last.invocation_id, "parked")
    world.submit("free")
    world.do(pause(last, "free"))


def test_a_diamond_is_no_cycle(world: World) -> None:
    top, left, right = (world.run(name) for name in ("top", "left", "right"))
    world.submit("bottom")
    world.do(pause(top, "left", "right"), pause(left, "bottom"), pause(right, "bottom"))
    assert _waits(world) == {"top": {"left", "right"}, "left": {"bottom"}, "right": {"bottom"}}


def test_a_wait_that_ended_closes_no_cycle(world: World) -> None:
    one, two = world.run("one"), world.run("two")
    world.submit("three")
    world.do(pause(one, "two", "three"), resume(one))
    world.do(pause(two, "one"))


def test_a_refused_pause_claims_nothing(world: World) -> None:
    waiter = world.run("waiter")
    world.do(finish(world.run("done")))
    world.submit("work")
    refusals = {
        MoveResult.READY: pause(waiter, "done"),
        MoveResult.MISSING: pause(waiter, "nobody"),
        MoveResult.CYCLE: pause(waiter, "waiter"),
    }
    world.run("other")
    for expected, refused in refusals.items():
        answer = world.advance(refused, claim=world.claim_request(), read=ids("done"))
        assert (answer.moves[0].result, answer.claims) == (expected, ())
        assert list(answer.states) == ["done"]
    world.do(hand_back(waiter))
    assert world.advance(pause(waiter, "work"), claim=world.claim_request()).claims == ()
    assert world.status("work") is S.REGISTERED


def test_a_waiter_claims_what_it_waits_for_in_one_step(world: World) -> None:
    waiter = world.run("waiter")
    world.submit("a", "b")
    step = pause(waiter, "b")
    answer = world.advance(step, claim=world.claim_request(ids=ids("b")), read=ids("b"))
    assert [claim.invocation_id for claim in answer.claims] == ["b"]
    assert answer.states[ids("b")[0]].status is S.RUNNING
    world.do(finish(answer.claims[0]), resume(waiter))
    assert world.walk("waiter") == [S.REGISTERED, S.PENDING, S.RUNNING, S.PAUSED, S.RESUMED, S.RUNNING]


def test_a_resumption_is_no_start(world: World) -> None:
    waiter = world.run("waiter")
    started = world.record("waiter").started_at
    world.do(finish(world.run("a")))
    world.submit("b")
    world.do(pause(waiter, "b"))
    world.pass_time(0.1)
    world.do(resume(waiter))
    assert world.record("waiter").started_at == started


def test_a_resumption_ends_the_waits_that_are_left(world: World) -> None:
    waiter = world.run("waiter")
    world.submit("a", "b")
    world.do(pause(waiter, "a", "b", enough=1), resume(waiter))
    assert _waits(world) == {}


@pytest.mark.parametrize("how", ["hand back", "cancel", "recover"])
def test_whoever_is_released_waits_for_nothing(world: World, how: str) -> None:
    waiter, other = world.run("waiter"), world.run("other")
    world.submit("a")
    world.do(pause(waiter, "a"), pause(other, "a"))
    moves = {
        "hand back": hand_back(waiter),
        "cancel": cancel("waiter"),
        "recover": recover(world.record("waiter")),
    }
    world.do(moves[how])
    assert _waits(world) == {"other": {"a"}}


def test_a_retry_does_not_end_the_waits_for_it(world: World) -> None:
    waiter, awaited = world.run("waiter"), world.run("awaited")
    world.do(pause(waiter, "awaited"), retry(awaited))
    assert _waits(world) == {"waiter": {"awaited"}}
    world.do(finish(world.claim(BOB)))
    assert _waits(world) == {}


def test_a_wait_weighs_one_and_what_waits_for_the_waiter(world: World) -> None:
    _chain(world, "a", "b", "c", "d")
    assert world.dependents("a", "b", "c", "d") == [0, 1, 2, 3]
    e = world.run("e")
    world.do(pause(e, "b"))
    assert world.dependents("b", "c", "d") == [2, 3, 4]


def test_each_awaited_counts_the_waiter_once(world: World) -> None:
    top, left, right = (world.run(name) for name in ("top", "left", "right"))
    world.submit("bottom")
    world.do(pause(left, "bottom"), pause(right, "bottom"), pause(top, "left", "right"))
    assert world.dependents("left", "right", "bottom") == [1, 1, 3]


def test_a_weight_is_passed_on_from_the_bottom_up(world: World) -> None:
    names = [f"n{number}" for number in range(6)]
    world.submit(*names)
    claims = {name: world.claim(ids=ids(name)) for name in names[:-1]}
    for waiter, awaited in reversed(list(pairwise(names))):
        world.do(pause(claims[waiter], awaited))
    assert world.dependents(*names) == [0, 1, 2, 3, 4, 5]


def test_a_weight_reaches_32_hops(world: World) -> None:
    names = [f"n{number}" for number in range(40)]
    world.submit(*names)
    claims = {name: world.claim(ids=ids(name)) for name in names[:-1]}
    for waiter, awaited in reversed(list(pairwise(names[1:]))):
        world.do(pause(claims[waiter], awaited))
    before = world.dependents(*names)
    world.do(pause(claims["n0"], "n1"))
    reached = [after - one for after, one in zip(world.dependents(*names), before, strict=True)]
    assert reached == [0] + [1] * 32 + [0] * 7


def test_what_is_waited_for_overtakes_the_queue(world: World) -> None:
    first, second = world.run("first"), world.run("second")
    world.submit("x", "y", "twice", "once")
    world.do(pause(first, "twice"), pause(second, "twice", "once"))
    assert [world.claim().invocation_id for _ in range(4)] == ["twice", "once", "x", "y"]


def test_what_is_waited_for_keeps_its_rank_when_it_comes_back(world: World) -> None:
    waiter = world.run("waiter")
    world.submit("x", "awaited")
    world.do(pause(waiter, "awaited"))
    world.do(retry(world.claim()))
    assert world.claim().invocation_id == "awaited"


def test_a_chain_claim_takes_whatever_these_wait_for(world: World) -> None:
    world.submit("unrelated")
    _chain(world, "a", "b", "c", "d")
    assert world.claims(ids=ids("a")) == []
    assert world.claims(ids=ids("b"), chain=False) == []
    assert world.claim(ids=ids("a"), chain=True).invocation_id == "d"
    assert world.claims(ids=ids("a"), chain=True) == []


def test_a_chain_claim_takes_these_as_well(world: World) -> None:
    world.submit("a")
    assert world.claim(ids=ids("a"), chain=True).invocation_id == "a"


def test_a_chain_claim_reaches_however_deep(world: World) -> None:
    names = [f"n{number}" for number in range(60)]
    _chain(world, *names)
    assert world.claim(ids=ids("n0"), chain=True).invocation_id == "n59"


def test_a_chain_claim_picks_the_most_awaited(world: World) -> None:
    a, b, c = (world.run(name) for name in "abc")
    world.submit("x", "y")
    world.do(pause(a, "b", "x"), pause(b, "y"), pause(c, "y"))
    assert world.dependents("x", "y") == [1, 3]
    assert world.claim(ids=ids("a"), chain=True).invocation_id == "y"


def test_at_rest_nobody_waits(world: World) -> None:
    waiter = world.run("waiter")
    names = [f"n{number}" for number in range(20)]
    world.submit(*names)
    world.do(pause(waiter, *names))
    while claims := world.claims(BOB):
        world.do(finish(claims[0]))
    world.do(resume(waiter), finish(waiter))
    assert world.orchestrator.get_waits() == {}
    assert world.orchestrator.count_by_status() == {S.SUCCESS: 21}


def test_a_delayed_invocation_that_is_waited_for_is_not_given_early(world: World) -> None:
    waiter = world.run("waiter")
    world.submit(call("later", delay_seconds=0.5), call("now"))
    world.do(pause(waiter, "later"))
    assert world.claim().invocation_id == "now"
    assert world.claims(ids=ids("waiter"), chain=True) == []
    world.submit("next")
    world.pass_time(0.5)
    assert world.claim().invocation_id == "later"
