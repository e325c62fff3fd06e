"""Running limits: who gets a place, who is turned away or parked, and who is let in next."""

from __future__ import annotations

from typing import Any

import pytest
from integration.clocks import in_threads
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
    retry,
    runner,
)

from pynenc.values.operations import InvocationQuery
from pynenc.values.status import OWNED, is_legal_history
from pynenc.values.status import InvocationStatus as S

_OWNED = InvocationQuery(statuses=OWNED)
LIMITED: dict[str, Any] = {"cc_key": "k", "cc_limit": 1}
PARKED: dict[str, Any] = {**LIMITED, "cc_park": True}


def test_without_a_place_an_invocation_is_refused_for_good(world: World) -> None:
    world.run("holder", **LIMITED)
    world.submit("one", **LIMITED)
    assert world.claims(BOB) == []
    record = world.record("one")
    assert (record.status, record.epoch, record.token, record.outcome) == (
        S.CONCURRENCY_CONTROLLED_FINAL,
        0,
        None,
        None,
    )
    assert record.ended_at == record.status_at
    assert world.history("one")[-1].runner_id == "bob"


def test_a_refused_invocation_no_longer_stands_for_others(world: World) -> None:
    world.run("holder", **LIMITED)
    world.submit("one", reg_key="r", **LIMITED)
    assert world.claims() == []
    assert world.submit("two", reg_key="r", **LIMITED) == ids("two")


def test_the_next_is_tried_instead(world: World) -> None:
    world.run("holder", **LIMITED)
    world.submit(*(call(f"n{number}", **LIMITED) for number in range(30)), call("free"))
    assert world.claim().invocation_id == "free"
    assert world.orchestrator.count_by_status()[S.CONCURRENCY_CONTROLLED_FINAL] == 30


def test_a_limited_one_is_judged_only_when_it_would_start(world: World) -> None:
    world.run("holder", **LIMITED)
    world.submit(call("free"), call("one", **LIMITED))
    assert len(world.claims(limit=5, ahead={"app.task": 0.0}, ahead_seconds=1)) == 1
    assert world.status("one") is S.REGISTERED


def test_the_first_pick_may_be_limited_and_others_follow(world: World) -> None:
    world.submit(call("one", **LIMITED), call("two"))
    claims = world.claims(limit=2, ahead={"app.task": 0.0}, ahead_seconds=1)
    assert [claim.invocation_id for claim in claims] == ["one", "two"]


def test_other_keys_have_places_of_their_own(world: World) -> None:
    world.run("holder", **LIMITED)
    assert world.run("one", cc_key="other", cc_limit=1).invocation_id == "one"


def test_a_place_is_free_after_the_finish(world: World) -> None:
    world.do(finish(world.run("one", **LIMITED)))
    assert world.run("two", **LIMITED).invocation_id == "two"


def test_a_key_has_as_many_places_as_its_limit(world: World) -> None:
    limited = {"cc_key": "k", "cc_limit": 3, "cc_park": True}
    world.submit(*(f"n{number}" for number in range(5)), **limited)
    claims = [world.claim() for _ in range(3)]
    assert world.claims() == []
    assert [world.status(f"n{number}") for number in (3, 4)] == [S.CONCURRENCY_CONTROLLED] * 2
    world.do(finish(claims[1]))
    assert world.claim().invocation_id == "n3"
    assert world.claims() == []


def test_one_with_a_lower_limit_is_let_in_when_its_own_limit_allows(world: World) -> None:
    wide: dict[str, Any] = {"cc_key": "k", "cc_limit": 2}
    narrow: dict[str, Any] = {"cc_key": "k", "cc_limit": 1, "cc_park": True}
    first, second = world.run("first", **wide), world.run("second", **wide)
    world.submit("one", **narrow)
    assert world.claims() == []
    world.do(finish(first))
    assert world.status("one") is S.CONCURRENCY_CONTROLLED
    world.do(finish(second))
    assert world.claim().invocation_id == "one"


def test_a_paused_holder_keeps_its_place(world: World) -> None:
    holder = world.run("holder", **LIMITED)
    world.submit("awaited")
    world.do(pause(holder, "awaited"))
    world.submit("one", **LIMITED)
    assert world.claims(ids=ids("one")) == []


def test_a_parked_invocation_is_not_claimable(world: World) -> None:
    world.run("holder", **PARKED)
    world.submit("one", **PARKED)
    for _ in range(2):
        assert world.claims() == []
    assert world.claims(ids=ids("one")) == []
    assert world.orchestrator.find_available(None, 9) == []
    assert world.walk("one") == [S.REGISTERED, S.CONCURRENCY_CONTROLLED]


def test_a_parked_call_stands_for_others(world: World) -> None:
    world.run("holder", **PARKED)
    world.submit("one", reg_key="r", **PARKED)
    assert world.claims() == []
    assert world.submit("two", reg_key="r", **PARKED) == ids("one")


@pytest.mark.parametrize("end", ["finish", "retry", "hand back", "cancel", "recover"])
def test_whatever_releases_the_holder_lets_the_next_one_in(world: World, end: str) -> None:
    holder = world.run("holder", **PARKED)
    world.submit("one", **PARKED)
    assert world.claims() == []
    moves = {
        "finish": finish(holder),
        "retry": retry(holder, delay_seconds=60),
        "hand back": hand_back(holder, delay_seconds=60),
        "cancel": cancel("holder"),
        "recover": recover(world.record("holder")),
    }
    world.do(moves[end])
    assert world.walk("one") == [S.REGISTERED, S.CONCURRENCY_CONTROLLED, S.REROUTED]
    assert world.claim(BOB, ids=ids("one")).invocation_id == "one"
    assert is_legal_history(world.walk("one"))


def test_parked_ones_are_let_in_one_by_one_in_order(world: World) -> None:
    names = [f"n{number}" for number in range(8)]
    world.submit(*names, **PARKED)
    order = []
    for _ in names:
        claim = world.claim()
        assert world.claims() == []
        order.append(claim.invocation_id)
        world.do(finish(claim))
    assert order == names
    assert world.claims() == []
    assert world.orchestrator.count_by_status() == {S.SUCCESS: 8}


def test_nobody_overtakes_those_who_stand_in_line(world: World) -> None:
    holder = world.run("holder", **PARKED)
    world.submit("one", "two", **PARKED)
    assert world.claims() == []
    world.do(finish(holder))
    world.submit(call("late", priority=9, **PARKED))
    assert world.claim().invocation_id == "one"
    assert world.status("late") is S.CONCURRENCY_CONTROLLED


def test_an_earlier_submitted_one_does_not_stand_behind_a_later_one(world: World) -> None:
    world.submit("early", **PARKED, delay_seconds=0.2)
    holder = world.run("holder", **PARKED)
    world.submit("late", **PARKED)
    assert world.claims() == []
    world.pass_time(0.2)
    assert world.claims() == []
    world.do(finish(holder))
    first = world.claim()
    world.do(finish(first))
    assert [first.invocation_id, world.claim().invocation_id] == ["early", "late"]


def test_work_that_was_claimed_before_is_parked_and_never_refused(world: World) -> None:
    again = world.run("again", **LIMITED)
    world.do(retry(again))
    holder = world.run("holder", **LIMITED)
    assert world.claims() == []
    assert world.status("again") is S.CONCURRENCY_CONTROLLED
    world.do(finish(holder))
    assert world.claim().invocation_id == "again"
    assert is_legal_history(world.walk("again"))


def test_a_line_goes_on_when_the_one_let_in_is_cancelled(world: World) -> None:
    holder = world.run("holder", **PARKED)
    world.submit("one", "two", **PARKED)
    assert world.claims() == []
    world.do(finish(holder))
    world.do(cancel("one"))
    assert world.claim().invocation_id == "two"


def test_a_line_goes_on_when_its_head_is_cancelled(world: World) -> None:
    holder = world.run("holder", **PARKED)
    world.submit("one", "two", **PARKED)
    assert world.claims() == []
    world.do(cancel("one"), finish(holder))
    assert world.walk("one")[-1] is S.CANCELLED
    assert world.claim().invocation_id == "two"


def test_a_recovered_holder_can_take_its_place_again(world: World) -> None:
    world.run("one", **LIMITED)
    world.do(recover(world.record("one")))
    assert world.claim(BOB).invocation_id == "one"


def test_a_fenced_holder_holds_no_place(world: World) -> None:
    zombie = world.run("one", **PARKED)
    world.do(recover(world.record("one")))
    second = world.claim(BOB)
    world.submit("two", **PARKED)
    assert world.claims() == []
    assert not world.answer(finish(zombie)).accepted
    assert world.status("two") is S.CONCURRENCY_CONTROLLED
    world.do(finish(second))
    assert world.claim().invocation_id == "two"


def test_a_repeated_commit_does_not_free_a_second_place(world: World) -> None:
    holder = world.run("holder", **PARKED)
    world.submit("one", "two", **PARKED)
    assert world.claims() == []
    world.do(finish(holder))
    assert world.answer(finish(holder)).accepted
    world.claim()
    assert world.claims() == []
    assert world.status("two") is S.CONCURRENCY_CONTROLLED


def test_a_limit_is_never_exceeded_by_threads(world: World) -> None:
    limit = 3
    world.submit(*(f"n{number}" for number in range(60)), cc_key="k", cc_limit=limit, cc_park=True)
    most = []

    def work(name: str) -> None:
        while True:
            claims = world.claims(runner(name))
            owned = [record for record in world.orchestrator.list_records(_OWNED) if record.token is not None]
            most.append(len(owned))
            if claims:
                world.do(finish(claims[0]))
            elif not set(world.orchestrator.count_by_status()) - {S.SUCCESS}:
                return

    in_threads(*(lambda name=f"t{n}": work(name) for n in range(6)))
    assert max(most) <= limit
    assert world.orchestrator.count_by_status() == {S.SUCCESS: 60}
    assert all(world.record(f"n{number}").epoch == 1 for number in range(60))


def test_a_hundred_parked_ones_do_not_hide_other_work(world: World) -> None:
    world.run("holder", **PARKED)
    world.submit(*(call(f"n{number}", **PARKED) for number in range(100)))
    assert world.claims(ALICE) == []
    assert world.run("free").invocation_id == "free"


def test_a_step_says_what_a_freed_place_made_claimable(world: World) -> None:
    holder = world.run("holder", cc_key="k", cc_limit=1)
    world.submit(call("next", cc_key="k", cc_limit=1, cc_park=True))
    assert world.claims() == []
    assert world.advance(finish(holder)).unparked == ids("next")
    assert world.advance(finish(world.claim())).unparked == ()
