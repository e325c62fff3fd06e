"""Threads that do the same thing at the same time."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from integration.clocks import eventually, in_threads
from integration.faults.history_checker import ClientLog, Execution, check
from integration.world import World, finish, ids, pause, resume, runner

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move
from pynenc.values.status import InvocationStatus as S

THREADS = 8


@pytest.mark.parametrize("limit", [1, 16])
def test_threads_claim_each_invocation_exactly_once(world: World, limit: int) -> None:
    names = [f"n{number}" for number in range(500)]
    world.submit(*names)
    executions: list[Execution] = []

    def work(name: str) -> None:
        request: dict[str, Any] = {
            "limit": limit,
            "ahead": {"app.task": 0.001},
            "ahead_seconds": 9,
            "start_seconds": 9,
        }
        while claims := world.claims(runner(name), **request):
            now = world.store.now()
            executions.extend(Execution(claim.invocation_id, claim.epoch, now) for claim in claims)
            world.do(*map(finish, claims))

    in_threads(*(lambda n=n: work(f"t{n}") for n in range(THREADS)))
    assert sorted(one.invocation_id for one in executions) == sorted(names)
    assert check(world.orchestrator, ClientLog(ids(*names)), executions) == []


def test_of_many_who_come_at_once_so_many_have_a_place_as_there_are(world: World) -> None:
    """Nobody is refused a place that is free, also where nobody had one before."""
    for round_ in range(10):
        names = [f"{round_}.{number}" for number in range(4)]
        world.submit(*names, cc_key=f"k{round_}", cc_limit=3)
        in_threads(*[partial(world.claims, runner(name)) for name in names])
        statuses = sorted(world.status(name) for name in names)
        assert statuses == [S.CONCURRENCY_CONTROLLED_FINAL, *[S.RUNNING] * 3]


def test_a_place_is_free_as_soon_as_its_holder_is_seen_to_be_final(world: World) -> None:
    for round_ in range(10):
        first, second = f"a{round_}", f"b{round_}"
        claim = world.run(first, cc_key=f"k{round_}", cc_limit=1)
        world.submit(second, cc_key=f"k{round_}", cc_limit=1)

        def claim_next(first: str = first) -> None:
            eventually(lambda: world.status(first) is S.SUCCESS, "it is final")
            world.claims(runner("next"))

        in_threads(partial(world.do, finish(claim)), claim_next)
        assert world.walk(second) == [S.REGISTERED, S.PENDING, S.RUNNING]


def test_claims_by_id_and_from_the_queue_never_give_one_twice(world: World) -> None:
    names = [f"n{number}" for number in range(200)]
    world.submit(*names)
    given: list[str] = []

    def helper(name: str, some: list[str]) -> None:
        for one in some:
            given.extend(claim.invocation_id for claim in world.claims(runner(name), ids=ids(one)))

    def worker(name: str) -> None:
        while claims := world.claims(runner(name)):
            given.extend(claim.invocation_id for claim in claims)

    in_threads(
        lambda: helper("h1", names),
        lambda: helper("h2", names[::-1]),
        lambda: worker("w1"),
        lambda: worker("w2"),
    )
    assert sorted(given) == sorted(names)


def test_of_many_finishes_one_is_written(world: World) -> None:
    for number in range(10):
        claim = world.run(f"n{number}")
        in_threads(*[partial(world.advance, finish(claim))] * 4)
        assert world.walk(f"n{number}") == [S.REGISTERED, S.PENDING, S.RUNNING, S.SUCCESS]


def test_threads_that_wait_for_each_other_never_all_wait(world: World) -> None:
    for round_ in range(10):
        names = [f"{round_}.{number}" for number in range(4)]
        claims = [world.run(name) for name in names]
        entered: list[bool] = []

        following = [*names[1:], names[0]]
        steps = [pause(claim, awaited) for claim, awaited in zip(claims, following, strict=True)]
        in_threads(*(partial(_append_accepted, world, step, entered) for step in steps))
        assert sorted(entered) == [False, True, True, True]
        for claim in claims:
            if world.status(claim.invocation_id) is S.PAUSED:
                world.do(resume(claim))
            world.do(finish(claim))
    assert world.orchestrator.get_waits() == {}


def _append_accepted(world: World, one: Move, accepted: list[bool]) -> None:
    accepted.append(world.answer(one).accepted)


def test_a_wait_that_begins_while_the_awaited_ends_is_left_by_nobody(world: World) -> None:
    for round_ in range(15):
        waiter, awaited = world.run(f"w{round_}"), world.run(f"a{round_}")
        in_threads(
            partial(world.advance, pause(waiter, awaited.invocation_id)),
            partial(world.advance, finish(awaited)),
        )
        assert world.orchestrator.get_waits() == {}
        if world.status(waiter.invocation_id) is S.PAUSED:
            world.do(resume(waiter))
        world.do(finish(waiter))


def test_submitting_while_others_claim_loses_nothing(world: World) -> None:
    names = [InvocationId(f"{thread}.{number}") for thread in range(3) for number in range(60)]
    done: list[str] = []

    def submit(thread: int) -> None:
        for number in range(0, 60, 5):
            world.submit(*(f"{thread}.{number + offset}" for offset in range(5)))

    def work(name: str) -> None:
        while len(done) < len(names):
            marker = world.store.work_marker()
            claims = world.claims(runner(name))
            if claims:
                world.do(finish(claims[0]))
                done.append(claims[0].invocation_id)
            elif len(done) < len(names):
                world.store.wait_for_work(marker, 0.5)
        world.store.interrupt()

    in_threads(*(lambda n=n: submit(n) for n in range(3)), *(lambda n=n: work(f"t{n}") for n in range(3)))
    assert sorted(done) == sorted(names)
    assert check(world.orchestrator, ClientLog(names)) == []
