"""Moves by owners: what is accepted, what is fenced, and what a commit that comes twice is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from integration.world import (
    BOB,
    ERROR,
    RESULT,
    World,
    call,
    cancel,
    finish,
    hand_back,
    hasten,
    ids,
    pause,
    recover,
    resume,
    retry,
    start,
)

from pynenc.values.operations import Claim, Move, MoveResult
from pynenc.values.status import InvocationStatus as S


def test_a_success_is_readable_with_its_status(world: World) -> None:
    world.do(finish(world.run("one")))
    state, record = world.orchestrator.get_states(ids("one"))[ids("one")[0]], world.record("one")
    assert (state.status, state.outcome, state.epoch) == (S.SUCCESS, RESULT, 1)
    assert (record.outcome, record.token, record.runner_id) == (RESULT, None, "alice")
    assert record.ended_at == record.status_at


def test_a_failure_keeps_what_is_known_about_it(world: World) -> None:
    world.do(finish(world.run("one"), ERROR))
    record = world.record("one")
    assert (record.status, record.outcome) == (S.FAILED, ERROR)


def test_an_outcome_without_data_stays_one(world: World) -> None:
    elsewhere = replace(RESULT, data=None, size_bytes=10**9)
    world.do(finish(world.run("one"), elsewhere))
    assert world.record("one").outcome == elsewhere


def test_a_stranger_cannot_finish(world: World) -> None:
    claim = world.run("one")
    assert world.refused(finish(replace(claim, token="guessed"))) is MoveResult.FENCED
    assert world.status("one") is S.RUNNING


def test_an_unknown_invocation_is_answered_as_such(world: World) -> None:
    claim = world.run("one")
    assert world.refused(replace(finish(claim), invocation_id=ids("two")[0])) is MoveResult.UNKNOWN


def test_a_move_from_another_status_is_fenced(world: World) -> None:
    claim = world.run("one")
    world.submit("two")
    world.do(pause(claim, "two"))
    assert world.refused(finish(claim)) is MoveResult.FENCED


def test_each_move_is_judged_by_itself(world: World) -> None:
    one, two = world.run("one"), world.run("two")
    answers = world.advance(
        finish(one),
        finish(replace(two, token="guessed")),
        replace(finish(one), invocation_id=ids("no")[0]),
        retry(two),
    ).moves
    assert [answer.result for answer in answers] == [
        MoveResult.DONE,
        MoveResult.FENCED,
        MoveResult.UNKNOWN,
        MoveResult.DONE,
    ]
    assert (world.status("one"), world.status("two")) == (S.SUCCESS, S.RETRY)


def test_a_pending_one_is_started(world: World) -> None:
    world.submit("one", "two")
    _, two = world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=9)
    world.pass_time(0.2)
    world.do(start(two))
    record = world.record("two")
    assert record.status is S.RUNNING
    assert record.started_at == record.status_at
    assert record.pending_at is not None
    assert record.started_at is not None
    assert record.started_at > record.pending_at


def test_start_and_finish_travel_in_one_step(world: World) -> None:
    world.submit("one", "two")
    one, two = world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=9)
    world.do(finish(one), start(two), finish(two))
    assert world.walk("two") == [S.REGISTERED, S.PENDING, S.RUNNING, S.SUCCESS]


def test_a_retry_is_claimable_after_its_delay(world: World) -> None:
    world.do(retry(world.run("one"), delay_seconds=0.4))
    record = world.record("one")
    assert (record.status, record.retries, record.token, record.outcome) == (S.RETRY, 1, None, None)
    assert record.available_at == pytest.approx(record.status_at + 0.4, abs=1e-3)
    assert world.claims() == []
    world.pass_time(0.4)
    claim = world.claim(BOB)
    assert (claim.retries, claim.epoch, world.record("one").runner_id) == (1, 2, "bob")


def test_anybody_can_have_a_retry_begin_before_its_time(world: World) -> None:
    world.do(replace(retry(world.run("one"), delay_seconds=60.0), outcome=ERROR))
    assert world.claims() == []
    assert world.orchestrator.count_delayed() == 1
    world.do(hasten("one"))
    record = world.record("one")
    assert (record.status, record.retries, record.reroutes) == (S.REROUTED, 1, 0)
    assert world.history("one")[-1].reason == "now"
    assert world.orchestrator.count_delayed() == 0
    assert world.orchestrator.take_due(10).ids == ()
    assert world.refused(hasten("one")) is MoveResult.FENCED
    claim = world.claim(BOB)
    assert (claim.invocation_id, claim.epoch, claim.last_error) == ("one", 2, ERROR.data)


def test_handed_back_work_has_its_old_place(world: World) -> None:
    claim = world.run("one")
    world.submit("two")
    world.do(hand_back(claim))
    assert world.claim().invocation_id == "one"


def test_a_hand_back_writes_every_status_on_the_way(world: World) -> None:
    claim = world.run("one")
    world.do(hand_back(claim))
    entries = world.history("one")
    assert [entry.status for entry in entries][-3:] == [S.RUNNING, S.KILLED, S.REROUTED]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert (entries[-1].reason, entries[-1].runner_id) == ("handed back", "alice")
    assert (world.record("one").reroutes, world.record("one").seq) == (1, 5)


@pytest.mark.parametrize("build", [finish, retry, hand_back])
def test_a_commit_that_comes_twice_is_already_written(world: World, build: Callable[[Claim], Move]) -> None:
    one = build(world.run("one"))
    world.do(one)
    assert world.refused(one) is MoveResult.ALREADY


def test_a_start_that_comes_twice_is_already_written(world: World) -> None:
    world.submit("one", "two")
    _, two = world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=9)
    world.do(start(two))
    assert world.refused(start(two)) is MoveResult.ALREADY


def test_a_pause_and_a_resume_that_come_twice_are_already_written(world: World) -> None:
    claim = world.run("one")
    world.submit("two")
    for one in (pause(claim, "two"), resume(claim)):
        world.do(one)
        assert world.refused(one) is MoveResult.ALREADY


def test_another_commit_by_the_one_who_finished_is_fenced(world: World) -> None:
    claim = world.run("one")
    world.do(finish(claim))
    for one in (finish(claim, ERROR), retry(claim), hand_back(claim), pause(claim, "one")):
        assert world.refused(one) is MoveResult.FENCED


def test_a_commit_of_an_earlier_attempt_is_fenced_and_not_already(world: World) -> None:
    first = world.run("one")
    world.do(retry(first))
    second = world.claim(BOB)
    world.do(retry(second))
    assert world.refused(retry(first)) is MoveResult.FENCED
    assert world.refused(retry(second)) is MoveResult.ALREADY


def test_a_final_status_never_changes(world: World) -> None:
    claim = world.run("one")
    world.do(finish(claim))
    record = world.record("one")
    for one in (cancel("one"), recover(record), replace(finish(claim, ERROR), token=None)):
        assert world.refused(one) is MoveResult.FENCED


@pytest.mark.parametrize("where", ["registered", "pending", "running", "paused", "retry", "delayed"])
def test_anybody_can_cancel_what_is_not_final(world: World, where: str) -> None:
    world.submit(call("other", priority=1), call("one", delay_seconds=60 if where == "delayed" else 0))
    if where == "pending":
        world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=9)
    if where in ("running", "paused", "retry"):
        claim = world.claim(ids=ids("one"))
        world.do(
            *([pause(claim, "other")] if where == "paused" else [retry(claim)] if where == "retry" else [])
        )
    assert world.status("one").value == ("registered" if where == "delayed" else where)
    world.do(cancel("one"))
    record = world.record("one")
    assert (record.status, record.token, record.outcome) == (S.CANCELLED, None, None)
    assert record.ended_at is not None
    assert world.history("one")[-1].reason == "enough"
    assert world.orchestrator.get_waits() == {}
    assert world.claims(ids=ids("one")) == []


def test_the_owner_of_a_cancelled_invocation_is_fenced(world: World) -> None:
    claim = world.run("one")
    world.do(cancel("one"))
    assert world.refused(finish(claim)) is MoveResult.FENCED


def test_a_refused_move_writes_no_part_of_it(world: World) -> None:
    claim = world.run("one")
    stale = replace(hand_back(replace(claim, token="old")), recoveries=3, retries=2)
    assert world.refused(stale) is MoveResult.FENCED
    assert world.walk("one") == [S.REGISTERED, S.PENDING, S.RUNNING]


def test_both_demands_must_hold(world: World) -> None:
    claim = world.run("one")
    seq = world.record("one").seq
    assert world.refused(replace(finish(claim), seq=seq - 1)) is MoveResult.FENCED
    world.do(replace(finish(claim), seq=seq))


def test_another_process_reads_the_outcome(world: World) -> None:
    world.do(finish(world.run("one")))
    other = world.another_process()
    assert other.record("one").outcome == RESULT
    assert other.history("one") == world.history("one")
    other.close()
