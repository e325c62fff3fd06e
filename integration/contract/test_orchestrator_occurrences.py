"""A step that makes an invocation enter a watched status records it, whoever sends the step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from integration.clocks import DEADLINE_SECONDS, in_threads
from integration.world import (
    ALICE,
    ERROR,
    World,
    by_system,
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
from pynenc.values.triggers import Occurrence, OccurrenceKind, status_occurrence_id

TASK = "app.task"
FOREVER = 10_000_000.0


def watch(world: World, *statuses: S, task: str = TASK) -> None:
    world.orchestrator.watch_statuses({task: frozenset(statuses)}, FOREVER)


def take(world: World, limit: int = 100, lease_seconds: float = 60.0) -> list[Occurrence]:
    return world.orchestrator.take_occurrences(limit, lease_seconds)


def entered(world: World) -> list[tuple[str | None, S | None]]:
    """What was recorded: whose status, and which."""
    return [(each.invocation_id, each.status) for each in take(world)]


def test_nothing_is_recorded_while_nothing_is_watched(world: World) -> None:
    world.do(finish(world.run("one")))
    assert take(world) == []


def test_an_occurrence_says_what_happened(world: World) -> None:
    watch(world, S.SUCCESS)
    claim = world.run("one")
    world.pass_time(0.1)
    world.do(finish(claim))
    (found,) = take(world)
    last = world.history("one")[-1]
    assert (found.occurrence_id, found.kind) == (
        status_occurrence_id(ids("one")[0], last.seq),
        OccurrenceKind.STATUS,
    )
    assert (found.source, found.invocation_id, found.status) == (TASK, "one", S.SUCCESS)
    assert (found.payload, found.trigger_id) == ("", None)
    assert found.at == pytest.approx(last.at, abs=0.001)


def test_only_watched_statuses_of_watched_tasks_are_recorded(world: World) -> None:
    watch(world, S.FAILED)
    watch(world, S.SUCCESS, task="app.other")
    world.do(finish(world.run("succeeded")))
    world.do(finish(world.run("failed"), ERROR))
    world.do(finish(world.run("other", task_id="app.other")))
    world.do(finish(world.run("third", task_id="app.third")))
    assert entered(world) == [("failed", S.FAILED), ("other", S.SUCCESS)]


def test_every_status_of_a_life_is_recorded_in_order(world: World) -> None:
    watch(world, *S)
    waiter = world.run("waiter")
    world.submit("awaited", task_id="app.unwatched")
    world.do(pause(waiter, "awaited"))
    world.do(resume(waiter))
    world.do(retry(waiter))
    again = world.claim()
    world.do(hand_back(again))
    last = world.claim()
    world.do(finish(last))
    history = world.history("waiter")
    found = take(world)
    assert [each.status for each in found] == [entry.status for entry in history]
    assert [each.occurrence_id for each in found] == [f"waiter:{entry.seq}" for entry in history]
    assert S.RESUMED in {each.status for each in found}


def test_a_registration_is_recorded_once(world: World) -> None:
    watch(world, S.REGISTERED)
    world.submit("one", "two", "one", reg_key=None)
    world.submit("one")
    world.submit(call("kept", reg_key="k"), call("merged", reg_key="k"))
    assert entered(world) == [("one", S.REGISTERED), ("two", S.REGISTERED), ("kept", S.REGISTERED)]


def test_a_large_batch_is_recorded_whole(world: World) -> None:
    watch(world, S.REGISTERED)
    names = [f"n{number:03}" for number in range(250)]
    answers = world.orchestrator.submit([call(name) for name in names], {}, enqueue=True)
    assert all(answer.created for answer in answers)
    assert [each.invocation_id for each in take(world, 1000)] == names


def _cancelled(world: World) -> None:
    world.submit("one")
    world.do(cancel("one"))


def _recovered(world: World) -> None:
    world.run("one")
    world.do(recover(world.record("one")))


def _given_up(world: World) -> None:
    world.run("one")
    world.do(by_system(world.record("one"), S.FAILED, S.RUNNING_RECOVERY, outcome=ERROR, recoveries=1))


def _refused(world: World) -> None:
    world.run("holder", cc_key="k", cc_limit=1)
    world.submit("one", cc_key="k", cc_limit=1)
    assert world.claims() == []


def _parked_and_released(world: World) -> None:
    holder = world.run("holder", cc_key="k", cc_limit=1, task_id="app.unwatched")
    world.submit("one", cc_key="k", cc_limit=1, cc_park=True)
    assert world.claims() == []
    world.do(finish(holder))


@pytest.mark.parametrize(
    ("act", "statuses"),
    [
        (_cancelled, [S.CANCELLED]),
        (_recovered, [S.RUNNING_RECOVERY, S.REROUTED]),
        (_given_up, [S.RUNNING_RECOVERY, S.FAILED]),
        (_refused, [S.CONCURRENCY_CONTROLLED_FINAL]),
        (_parked_and_released, [S.CONCURRENCY_CONTROLLED, S.REROUTED]),
    ],
)
def test_what_the_system_does_is_recorded_too(
    world: World, act: Callable[[World], None], statuses: list[S]
) -> None:
    watch(world, *set(S) - {S.REGISTERED, S.PENDING, S.RUNNING})
    act(world)
    assert entered(world) == [("one", status) for status in statuses]


def test_a_refused_move_records_nothing(world: World) -> None:
    claim = world.run("one")
    world.do(finish(claim))
    watch(world, *S)
    assert world.answer(finish(claim)).result is MoveResult.ALREADY
    assert world.answer(cancel("one")).result is MoveResult.FENCED
    assert take(world) == []


def test_steps_of_another_process_are_recorded_from_the_moment_of_watching(world: World) -> None:
    other = world.another_process()
    claim = other.run("one")
    watch(world, S.SUCCESS)
    other.do(finish(claim))
    assert entered(world) == [("one", S.SUCCESS)]
    other.close()


def test_watching_adds_up_and_ends_without_renewal(world: World) -> None:
    world.orchestrator.watch_statuses({TASK: frozenset({S.SUCCESS})}, 1.0)
    world.pass_time(0.6)
    world.orchestrator.watch_statuses({TASK: frozenset({S.REGISTERED})}, 1.0)
    world.do(finish(world.run("one")))
    assert entered(world) == [("one", S.REGISTERED), ("one", S.SUCCESS)]
    world.pass_time(0.6)
    world.orchestrator.watch_statuses({TASK: frozenset({S.REGISTERED})}, 1.0)
    world.do(finish(world.run("two")))
    assert entered(world) == [("two", S.REGISTERED)]
    world.pass_time(1.2)
    world.orchestrator.watch_statuses({}, 1.0)
    world.do(finish(world.run("three")))
    assert entered(world) == []


# -- leases -------------------------------------------------------------------------------------------


def test_what_was_taken_comes_again_after_its_lease(world: World) -> None:
    watch(world, S.REGISTERED)
    world.submit("one", "two")
    first = take(world, 1, lease_seconds=0.5)
    assert [each.invocation_id for each in first] == ["one"]
    assert [each.invocation_id for each in take(world)] == ["two"]
    assert take(world) == []
    world.pass_time(0.6)
    assert take(world) == first


def test_what_was_acknowledged_never_comes_again(world: World) -> None:
    watch(world, S.REGISTERED)
    world.submit("one", "two")
    one, two = take(world, lease_seconds=0.2)
    world.orchestrator.acknowledge_occurrences([one.occurrence_id, "unknown"])
    world.pass_time(0.3)
    assert take(world, lease_seconds=0.2) == [two]
    world.orchestrator.acknowledge_occurrences([two.occurrence_id])
    world.pass_time(0.3)
    assert take(world) == []


def test_each_occurrence_is_given_to_one_of_many(world: World) -> None:
    watch(world, S.REGISTERED)
    names = [f"n{number}" for number in range(40)]
    world.submit(*names)
    taken: list[str | None] = []

    def react() -> None:
        while found := take(world, 3):
            taken.extend(each.invocation_id for each in found)

    in_threads(react, react, react, react)
    assert sorted(filter(None, taken)) == sorted(names)


# -- wake-ups -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("here", [True, False], ids=["this process", "another process"])
def test_an_occurrence_wakes_those_who_wait(world: World, here: bool) -> None:
    watch(world, S.SUCCESS)
    actor = world if here else world.another_process()
    claim = actor.run("one", ALICE)
    while True:
        # What was done up to here may still be on its way.
        marker = world.store.occurrence_marker()
        if not world.store.wait_for_occurrences(marker, 0.1):
            break
    woken: list[bool] = []
    in_threads(
        lambda: woken.append(world.store.wait_for_occurrences(marker, DEADLINE_SECONDS)),
        lambda: actor.do(finish(claim)),
    )
    assert woken == [True]
    assert len(take(world)) == 1
    if not here:
        actor.close()


def test_an_occurrence_before_the_wait_is_not_missed(world: World) -> None:
    watch(world, S.REGISTERED)
    marker = world.store.occurrence_marker()
    world.submit("one")
    assert world.store.wait_for_occurrences(marker, DEADLINE_SECONDS) is True


def test_waiting_for_occurrences_is_interrupted(world: World) -> None:
    marker = world.store.occurrence_marker()
    world.store.interrupt()
    assert world.store.wait_for_occurrences(marker, DEADLINE_SECONDS) is True


def test_a_purge_removes_occurrences(world: World) -> None:
    watch(world, S.REGISTERED)
    world.submit("one")
    world.orchestrator.purge()
    assert take(world) == []
    world.submit("one")
    assert take(world) == []
