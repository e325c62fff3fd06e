"""What runners that are gone leave behind, who may take it, and that nobody who comes back can change it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from integration.clocks import in_threads
from integration.world import (
    ALICE,
    BOB,
    ERROR,
    RESULT,
    World,
    by_system,
    finish,
    hand_back,
    ids,
    pause,
    recover,
    resume,
    retry,
    runner,
    start,
)

from pynenc.values.operations import Move, MoveResult
from pynenc.values.runners import Beat
from pynenc.values.status import InvocationStatus as S


def test_the_invocations_of_a_dead_runner_are_orphans(world: World) -> None:
    world.submit("pending1", "pending2")
    world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=9)
    world.run("other", BOB)
    orphans = world.orchestrator.find_orphans([ALICE.runner_id], 10)
    assert {orphan.invocation_id: orphan.status for orphan in orphans} == {
        "pending1": S.RUNNING,
        "pending2": S.PENDING,
    }


def test_an_orphan_tells_what_recovery_needs(world: World) -> None:
    world.run("one")
    world.do(recover(world.record("one")))
    world.claim(BOB)
    (orphan,) = world.orchestrator.find_orphans([BOB.runner_id], 10)
    record = world.record("one")
    assert (orphan.invocation_id, orphan.task_id, orphan.runner_id) == ("one", "app.task", "bob")
    assert (orphan.seq, orphan.epoch, orphan.recoveries) == (record.seq, 2, 1)


def test_paused_invocations_are_orphans_too(world: World) -> None:
    claim = world.run("one")
    world.submit("two")
    world.do(pause(claim, "two"))
    assert [orphan.status for orphan in world.orchestrator.find_orphans([ALICE.runner_id], 10)] == [S.PAUSED]


def test_what_nobody_owns_is_no_orphan(world: World) -> None:
    world.do(finish(world.run("final")), retry(world.run("retried")), hand_back(world.run("handed back")))
    world.submit("queued")
    assert world.orchestrator.find_orphans([ALICE.runner_id], 10) == []


def test_a_runner_marked_as_stopped_leaves_orphans(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE, BOB)))
    world.run("one")
    world.run("two", BOB)
    assert world.orchestrator.find_orphans([], 10) == []
    world.orchestrator.beat(Beat(stopped=((ALICE.runner_id, "killed"),)))
    assert [orphan.invocation_id for orphan in world.orchestrator.find_orphans([], 10)] == ["one"]


def test_orphans_come_in_batches(world: World) -> None:
    for number in range(7):
        world.run(f"n{number}")
    found = set()
    while orphans := world.orchestrator.find_orphans([ALICE.runner_id], 3):
        assert len(orphans) <= 3
        found |= {orphan.invocation_id for orphan in orphans}
        records = world.orchestrator.get_records([orphan.invocation_id for orphan in orphans])
        world.do(*(recover(record) for record in records.values()))
    assert len(found) == 7


def test_a_recovered_invocation_is_claimable_at_its_old_place(world: World) -> None:
    world.run("one")
    world.submit("two")
    world.do(recover(world.record("one")))
    record = world.record("one")
    assert (record.status, record.token, record.recoveries, record.reroutes) == (S.REROUTED, None, 1, 1)
    assert world.walk("one")[-2:] == [S.RUNNING_RECOVERY, S.REROUTED]
    claim = world.claim(BOB)
    assert (claim.invocation_id, claim.recoveries, claim.epoch) == ("one", 1, 2)


def test_a_recovery_names_the_owner_that_was_lost(world: World) -> None:
    world.run("one")
    world.do(recover(world.record("one")))
    assert (world.history("one")[-1].runner_id, world.history("one")[-1].reason) == ("alice", "lost")


def test_recovery_can_end_an_invocation(world: World) -> None:
    world.run("one")
    world.do(by_system(world.record("one"), S.FAILED, S.RUNNING_RECOVERY, outcome=ERROR, recoveries=1))
    record = world.record("one")
    assert (record.status, record.outcome, record.recoveries) == (S.FAILED, ERROR, 1)


def test_only_one_of_two_recoverers_recovers(world: World) -> None:
    world.run("one")
    seen = recover(world.record("one"))
    world.do(seen)
    assert world.refused(seen) is MoveResult.FENCED
    assert world.record("one").recoveries == 1


def test_of_many_recoverers_one_recovers(world: World) -> None:
    for number in range(20):
        world.run(f"n{number}")
    seen = [recover(record) for record in world.all_records()]
    accepted: list[str] = []

    def recoverer() -> None:
        answers = world.advance(*seen).moves
        accepted.extend(
            one.invocation_id for one, answer in zip(seen, answers, strict=True) if answer.accepted
        )

    in_threads(*[recoverer] * 8)
    assert sorted(accepted) == sorted(one.invocation_id for one in seen)
    assert all(record.recoveries == 1 for record in world.all_records())


def test_a_recovery_comes_too_late_when_the_owner_moved_on(world: World) -> None:
    claim = world.run("one")
    seen = world.record("one")
    world.submit("two")
    world.do(pause(claim, "two"), resume(claim))
    assert world.refused(recover(seen)) is MoveResult.FENCED
    world.do(finish(claim))
    assert world.refused(recover(seen)) is MoveResult.FENCED


def test_a_zombie_changes_nothing(world: World) -> None:
    zombie = world.run("one")
    world.submit("two")
    world.do(recover(world.record("one")))
    moves = [finish(zombie), finish(zombie, ERROR), retry(zombie), hand_back(zombie), pause(zombie, "two")]
    for one in [*moves, start(zombie), resume(zombie)]:
        assert world.refused(one) is MoveResult.FENCED
    world.claim(BOB, ids=ids("one"))
    for one in [*moves, start(zombie), resume(zombie)]:
        assert world.refused(one) is MoveResult.FENCED


def test_a_zombie_of_the_same_runner_is_fenced_too(world: World) -> None:
    zombie = world.run("one", ALICE)
    world.do(recover(world.record("one")))
    second = world.claim(ALICE)
    assert world.refused(finish(zombie, ERROR)) is MoveResult.FENCED
    world.do(finish(second))
    assert world.refused(finish(zombie, ERROR)) is MoveResult.FENCED
    assert world.record("one").outcome == RESULT


def test_a_zombie_with_the_right_epoch_and_the_wrong_token_is_fenced(world: World) -> None:
    claim = world.run("one")
    assert world.refused(finish(replace(claim, token=claim.token[:-1] + "-"))) is MoveResult.FENCED


def test_a_recovered_waiter_waits_for_nothing(world: World) -> None:
    claim = world.run("one")
    world.submit("two")
    world.do(pause(claim, "two"))
    world.do(recover(world.record("one"), counted=False))
    assert world.orchestrator.get_waits() == {}
    assert world.record("one").recoveries == 0


def _append_accepted(world: World, one: Move, accepted: list[bool]) -> None:
    accepted.append(world.answer(one).accepted)


def test_runners_that_finish_while_they_are_recovered_agree_on_one_end(world: World) -> None:
    for round_ in range(15):
        name = f"n{round_}"
        claim = world.run(name)
        seen = world.record(name)
        answers: list[bool] = []
        moves = (finish(claim), recover(seen))
        in_threads(*(partial(_append_accepted, world, one, answers) for one in moves))
        assert sorted(answers) == [False, True]
        assert world.walk(name)[3:] in ([S.SUCCESS], [S.RUNNING_RECOVERY, S.REROUTED])
        for again in world.claims(runner("third"), ids=ids(name)):
            world.do(finish(again))
