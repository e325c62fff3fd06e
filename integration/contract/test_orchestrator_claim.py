"""Which invocations a claim gives, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
from integration.world import (
    ALICE,
    BOB,
    RESULT,
    World,
    call,
    cancel,
    finish,
    hand_back,
    ids,
    pause,
    recover,
    retry,
)

from pynenc.values.operations import Claim, MoveResult
from pynenc.values.status import InvocationStatus as S


def _ids(claims: list[Claim]) -> list[str]:
    return [claim.invocation_id for claim in claims]


def test_a_claim_makes_the_runner_the_owner(world: World) -> None:
    world.submit("one")
    claim = world.claim(BOB)
    record = world.record("one")
    assert record.status is S.RUNNING
    assert world.walk("one") == [S.REGISTERED, S.PENDING, S.RUNNING]
    assert (record.token, record.epoch, record.seq) == (claim.token, 1, 3)
    assert (record.runner_id, record.host, record.runner_cls) == ("bob", "host of bob", "ThreadRunner")
    assert record.pending_at == record.started_at == record.status_at
    assert [entry.runner_id for entry in world.history("one")][1:] == ["bob", "bob"]


def test_a_claim_carries_what_running_needs(world: World) -> None:
    fields = {
        "arguments": "[1]",
        "parent_id": ids("p")[0],
        "root_id": ids("r")[0],
        "depth": 4,
        "workflow_id": "w",
        "workflow_type": "app.flow",
    }
    world.submit(call("one", **fields))
    claim = world.claim()
    assert {name: getattr(claim, name) for name in fields} == fields
    assert (claim.task_id, claim.args_id, claim.status) == ("app.task", "a-one", S.RUNNING)
    assert (claim.epoch, claim.retries, claim.recoveries) == (1, 0, 0)
    assert claim.created_at == world.record("one").created_at


def test_a_claim_that_was_prepared_takes_what_it_is_told_of(world: World) -> None:
    world.submit("one", "two")
    request = world.claim_request(BOB)
    send = world.orchestrator.prepare_claim(request)
    if send is None:
        pytest.skip("the store cannot")
    answer = send(ids("two")[0])
    assert answer is not None
    (claim,) = answer().claims
    assert (claim.invocation_id, claim.token, claim.status) == ("two", request.token, S.RUNNING)
    assert world.record("two").runner_id == "bob"
    assert world.record("one").status is S.REGISTERED
    again = world.orchestrator.prepare_claim(world.claim_request())
    assert again is not None
    answer = again(ids("two")[0])
    assert answer is not None
    assert answer().claims == ()


def test_the_token_is_that_of_the_request(world: World) -> None:
    world.submit("one")
    request = world.claim_request()
    (claim,) = world.advance(claim=request).claims
    assert claim.token == request.token


def test_nothing_queued_gives_nothing(world: World) -> None:
    answer = world.advance(claim=world.claim_request())
    assert (answer.claims, answer.next_due_seconds) == ((), None)


def test_the_oldest_comes_first(world: World) -> None:
    names = [f"n{number}" for number in range(20)]
    world.submit(*names[:10])
    world.submit(*names[10:])
    assert [world.claim().invocation_id for _ in names] == names


def test_higher_priority_comes_first(world: World) -> None:
    world.submit(
        call("normal"), call("low", priority=-1), call("high", priority=5), call("high2", priority=5)
    )
    assert [world.claim().invocation_id for _ in range(4)] == ["high", "high2", "normal", "low"]


def test_what_more_invocations_wait_for_comes_before_priority(world: World) -> None:
    waiter = world.run("waiter")
    world.submit(call("urgent", priority=100), call("awaited"))
    world.do(pause(waiter, "awaited"))
    assert [world.claim().invocation_id for _ in range(2)] == ["awaited", "urgent"]


def test_each_claim_has_a_higher_epoch(world: World) -> None:
    claim = world.run("one")
    for epoch in (1, 2, 3):
        assert claim.epoch == world.record("one").epoch == epoch
        world.do(hand_back(claim))
        claim = world.claim(BOB)
    assert claim.token == world.record("one").token


def test_without_a_measured_run_time_one_is_given(world: World) -> None:
    world.submit("one", "two", "three")
    assert _ids(world.claims(limit=3)) == ["one"]
    assert _ids(world.claims(limit=3, ahead={"app.other": 0.0}, ahead_seconds=9)) == ["two"]


def test_no_more_than_the_limit_is_given(world: World) -> None:
    world.submit(*(f"n{number}" for number in range(9)))
    assert len(world.claims(limit=4, ahead={"app.task": 0.0})) == 4
    assert len(world.claims(limit=8, ahead={"app.task": 0.0})) == 5


def test_the_limit_of_one_is_the_default(world: World) -> None:
    world.submit("one", "two")
    assert _ids(world.claims(ahead={"app.task": 0.0}, ahead_seconds=9)) == ["one"]


def test_further_ones_are_given_as_far_as_run_times_add_up(world: World) -> None:
    world.submit(*(f"n{number}" for number in range(9)))
    ahead = {"app.task": 0.25}
    assert len(world.claims(limit=9, ahead=ahead, ahead_seconds=0.5)) == 3
    assert len(world.claims(limit=9, ahead=ahead, ahead_seconds=0.2)) == 1


def test_a_further_one_needs_a_measured_task(world: World) -> None:
    world.submit(call("one"), call("two", task_id="app.unknown"))
    assert _ids(world.claims(limit=2, ahead={"app.task": 0.0}, ahead_seconds=1)) == ["one"]


def test_a_further_one_has_no_running_limit(world: World) -> None:
    world.submit(call("one"), call("two", cc_key="k", cc_limit=9))
    assert _ids(world.claims(limit=2, ahead={"app.task": 0.0}, ahead_seconds=1)) == ["one"]
    assert world.status("two") is S.REGISTERED


def test_a_recovered_one_is_given_alone(world: World) -> None:
    for name in ("one", "two"):
        world.run(name)
    world.do(recover(world.record("one")), recover(world.record("two")))
    world.submit("three")
    ahead: dict[str, Any] = {"limit": 3, "ahead": {"app.task": 0.0}, "ahead_seconds": 1}
    assert _ids(world.claims(**ahead)) == ["one"]
    assert _ids(world.claims(**ahead)) == ["two"]


def test_a_recovered_one_is_no_further_one(world: World) -> None:
    world.submit("early")
    world.run("late")
    world.do(recover(world.record("late")))
    assert _ids(world.claims(limit=2, ahead={"app.task": 0.0}, ahead_seconds=1)) == ["early"]


def test_only_what_starts_soon_is_running(world: World) -> None:
    world.submit("one", "two", "three", "four")
    claims = world.claims(limit=4, ahead={"app.task": 0.25}, ahead_seconds=9, start_seconds=0.5)
    assert [claim.status for claim in claims] == [S.RUNNING, S.RUNNING, S.RUNNING, S.PENDING]
    assert [world.status(name) for name in _ids(claims)] == [claim.status for claim in claims]
    assert world.walk("four") == [S.REGISTERED, S.PENDING]
    assert world.record("four").started_at is None


def test_the_first_is_always_running(world: World) -> None:
    world.submit("one", "two")
    claims = world.claims(limit=2, ahead={"app.task": 5.0}, ahead_seconds=9)
    assert [claim.status for claim in claims] == [S.RUNNING, S.PENDING]


def test_claims_of_one_request_share_the_token(world: World) -> None:
    world.submit("one", "two")
    one, two = world.claims(limit=2, ahead={"app.task": 0.0})
    assert one.token == two.token == world.record("two").token
    world.do(finish(one))
    world.do(finish(two))


def test_excluded_tasks_are_passed_over(world: World) -> None:
    world.submit(call("one", task_id="app.unknown"), call("two"))
    assert world.claim(exclude_tasks=frozenset({"app.unknown"})).invocation_id == "two"
    assert world.claims(exclude_tasks=frozenset({"app.unknown"})) == []
    assert world.claim().invocation_id == "one"


def test_a_repeated_claim_gives_the_same_again(world: World) -> None:
    world.submit(call("one"), call("two"), call("three"))
    ahead = {"app.task": 0.0}
    first = world.claims(token="t", limit=2, ahead=ahead, start_seconds=1.0)
    again = world.claims(token="t", limit=2, ahead=ahead, start_seconds=1.0, repeated=True)
    assert again == first
    assert world.claims(token="u", repeated=True)[0].invocation_id == "three"


def test_recovered_ones_can_be_left_out(world: World) -> None:
    world.run("one")
    world.do(recover(world.record("one")))
    world.submit("two")
    assert world.claim(recovered=False).invocation_id == "two"
    assert world.claims(recovered=False, ids=ids("one")) == []
    assert world.claim().invocation_id == "one"


def test_an_uncounted_recovery_leaves_nothing_out(world: World) -> None:
    world.run("one")
    world.do(recover(world.record("one"), counted=False))
    assert world.claim(recovered=False).invocation_id == "one"


def test_a_claim_by_id_takes_from_nothing_else(world: World) -> None:
    world.submit("one", "two", "three")
    assert world.claim(ids=ids("two")).invocation_id == "two"
    assert world.claims(ids=ids("two", "unknown")) == []
    assert world.claims(ids=()) == []
    assert [world.claim().invocation_id for _ in range(2)] == ["one", "three"]


def test_a_claim_by_id_has_the_order_of_the_queue(world: World) -> None:
    world.submit(call("one"), call("two", priority=1), call("three"))
    claims = world.claims(ids=ids("three", "one", "two"), limit=3, ahead={"app.task": 0.0})
    assert _ids(claims) == ["two", "one", "three"]


def test_the_next_due_time_is_told_when_nothing_is_found(world: World) -> None:
    world.submit(call("far", delay_seconds=50), call("near", delay_seconds=20))
    seconds = world.advance(claim=world.claim_request()).next_due_seconds
    assert seconds is not None
    assert 15 <= seconds <= 20


def test_the_next_due_time_shrinks(world: World) -> None:
    world.submit("one", delay_seconds=30)
    before = world.advance(claim=world.claim_request()).next_due_seconds
    world.pass_time(0.5)
    after = world.advance(claim=world.claim_request()).next_due_seconds
    assert before is not None
    assert after is not None
    assert before - after == pytest.approx(0.5, abs=0.4)


def test_cancelled_work_is_not_given_and_not_due(world: World) -> None:
    world.submit(call("now"), call("later", delay_seconds=30))
    world.do(cancel("now"), cancel("later"))
    answer = world.advance(claim=world.claim_request())
    assert (answer.claims, answer.next_due_seconds) == ((), None)


def test_moves_come_before_the_claim_and_the_read_last(world: World) -> None:
    claim = world.run("one")
    world.submit("two")
    answer = world.advance(finish(claim), claim=world.claim_request(), read=ids("one", "two", "three"))
    assert [move.result for move in answer.moves] == [MoveResult.DONE]
    assert _ids(list(answer.claims)) == ["two"]
    assert {name: state.status for name, state in answer.states.items()} == {
        "one": S.SUCCESS,
        "two": S.RUNNING,
    }
    assert answer.states[ids("one")[0]].outcome == RESULT
    assert answer.states[ids("two")[0]].epoch == 1


def test_what_a_move_makes_available_can_be_claimed_in_the_same_step(world: World) -> None:
    claim = world.run("one")
    (again,) = world.advance(retry(claim), claim=world.claim_request(BOB)).claims
    assert (again.invocation_id, again.epoch, again.retries) == ("one", 2, 1)


def test_a_fenced_finish_does_not_keep_a_worker_from_claiming(world: World) -> None:
    claim = world.run("one")
    world.do(finish(claim))
    world.submit("two")
    answer = world.advance(hand_back(claim), claim=world.claim_request())
    assert answer.moves[0].result is MoveResult.FENCED
    assert _ids(list(answer.claims)) == ["two"]


def test_a_thousand_others_do_not_hide_an_excluded_task(world: World) -> None:
    world.submit(*(call(f"n{number}", task_id="app.unknown") for number in range(1000)), call("mine"))
    assert world.claim(ALICE, exclude_tasks=frozenset({"app.unknown"})).invocation_id == "mine"
