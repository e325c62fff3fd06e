"""Heartbeats, and the right to be the only one who does something."""

from __future__ import annotations

import pytest
from integration.clocks import in_threads
from integration.world import ALICE, BOB, World, runner

from pynenc.values.runners import Beat, BeatAnswer, LeaseRequest, RunnerIdentity, RunnerRecord


def _take(world: World, holder: RunnerIdentity, seconds: float = 0.5, name: str = "sweep") -> bool:
    return world.orchestrator.beat(Beat(lease=LeaseRequest(name, holder.runner_id, seconds))).leads


def _rows(world: World, *, include_stopped: bool = False) -> dict[str, RunnerRecord]:
    rows = world.orchestrator.list_runners(include_stopped=include_stopped)
    return {row.identity.runner_id: row for row in rows}


def test_a_beat_creates_a_row(world: World) -> None:
    worker = RunnerIdentity(
        runner_id=runner("w").runner_id,
        runner_cls="ThreadRunnerWorker",
        host="h",
        pid=9,
        parent_id=ALICE.runner_id,
        slots=3,
    )
    world.orchestrator.beat(Beat(alive=(worker,)))
    row = _rows(world)["w"]
    assert (row.identity, row.beats, row.stopped_at, row.stop_reason) == (worker, 1, None, "")
    assert row.started_at == row.last_beat_at == pytest.approx(world.store.now(), abs=5)


def test_each_beat_counts(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    started = _rows(world)["alice"].started_at
    world.pass_time(0.1)
    for _ in range(3):
        world.orchestrator.beat(Beat(alive=(ALICE, BOB)))
    row = _rows(world)["alice"]
    assert (row.beats, row.started_at, _rows(world)["bob"].beats) == (4, started, 3)
    assert row.last_beat_at > started


def test_runners_are_listed_in_the_order_of_their_start(world: World) -> None:
    for name in ("c", "a", "b"):
        world.orchestrator.beat(Beat(alive=(runner(name),)))
        world.pass_time(0.01)
    world.orchestrator.beat(Beat(alive=(runner("a"), runner("c"))))
    assert list(_rows(world)) == ["c", "a", "b"]


def test_a_stopped_runner_is_listed_on_request(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE, BOB)))
    world.orchestrator.beat(Beat(stopped=((ALICE.runner_id, "clean"),)))
    assert list(_rows(world)) == ["bob"]
    row = _rows(world, include_stopped=True)["alice"]
    assert row.stop_reason == "clean"
    assert row.stopped_at == pytest.approx(world.store.now(), abs=5)


def test_one_write_can_do_everything(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    lease = LeaseRequest("sweep", BOB.runner_id, 5)
    beat = Beat(alive=(BOB,), stopped=((ALICE.runner_id, "lost"),), lease=lease)
    assert world.orchestrator.beat(beat) == BeatAnswer(leads=True)
    assert list(_rows(world)) == ["bob"]


def test_a_runner_that_beats_again_lives_again(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.orchestrator.beat(Beat(stopped=((ALICE.runner_id, "lost"),)))
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    row = _rows(world)["alice"]
    assert (row.beats, row.stopped_at) == (2, None)


def test_stopping_an_unknown_runner_is_harmless(world: World) -> None:
    world.orchestrator.beat(Beat(stopped=((ALICE.runner_id, "lost"),)))
    assert _rows(world, include_stopped=True) == {}


def test_without_a_request_no_lease_is_held(world: World) -> None:
    assert not world.orchestrator.beat(Beat(alive=(ALICE,))).leads


def test_a_runner_is_told_with_its_beats_to_take_nothing_more(world: World) -> None:
    lease = LeaseRequest("sweep", ALICE.runner_id, 60)
    beat = Beat(alive=(ALICE, BOB), lease=lease)
    assert world.orchestrator.beat(beat) == BeatAnswer(leads=True)
    assert world.another_process().orchestrator.request_drain(ALICE.runner_id)
    assert world.orchestrator.request_drain(ALICE.runner_id)
    for beats in (2, 3):
        assert world.orchestrator.beat(beat) == BeatAnswer(leads=True, drains=True)
        rows = _rows(world)
        assert {name: (row.beats, row.drains) for name, row in rows.items()} == {
            "alice": (beats, True),
            "bob": (beats, False),
        }
    # Its workers are not asked themselves.
    assert world.orchestrator.beat(Beat(alive=(BOB, ALICE))) == BeatAnswer()
    assert world.monitor.get_runners(["alice"])["alice"].drains


def test_only_a_runner_that_lives_can_be_asked_to_take_nothing_more(world: World) -> None:
    assert not world.orchestrator.request_drain(ALICE.runner_id)
    assert _rows(world, include_stopped=True) == {}
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.orchestrator.request_drain(ALICE.runner_id)
    world.orchestrator.beat(Beat(stopped=((ALICE.runner_id, "lost"),)))
    assert not _rows(world, include_stopped=True)["alice"].drains
    assert not world.orchestrator.request_drain(ALICE.runner_id)
    assert world.orchestrator.beat(Beat(alive=(ALICE,))) == BeatAnswer()


def test_a_free_lease_is_given_to_one(world: World) -> None:
    assert _take(world, ALICE, 30)
    assert not _take(world, BOB, 30)
    assert _take(world, BOB, 30, name="another")


def test_the_holder_renews_its_lease(world: World) -> None:
    for _ in range(2):  # together longer than the lease, each far from its end: a busy machine takes its time
        assert _take(world, ALICE, 2)
        world.pass_time(1.1)
        assert not _take(world, BOB, 2)


def test_a_lease_that_ended_is_free(world: World) -> None:
    assert _take(world, ALICE, 0.2)
    world.pass_time(0.2)
    assert _take(world, BOB, 30)
    assert not _take(world, ALICE, 30)


def test_of_many_one_gets_the_lease(world: World) -> None:
    held: list[str] = []

    def contend(identity: RunnerIdentity) -> None:
        for _ in range(5):
            if _take(world, identity, 30):
                held.append(identity.runner_id)

    in_threads(*(lambda n=n: contend(runner(f"r{n}")) for n in range(8)))
    assert len(set(held)) == 1
    assert len(held) == 5


def test_another_process_respects_a_lease(world: World) -> None:
    assert _take(world, ALICE, 30)
    other = world.another_process()
    assert not _take(other, BOB, 30)
    assert list(_rows(other)) == list(_rows(world))
    other.close()
