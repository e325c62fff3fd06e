"""Who gets a place of a worker when: new work, those that resume, and at the limit of those that wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from pynenc.runner.slots import SlotPool

PATIENCE = 20.0


class Rounds:
    """Gives each round of a pool one thing to do; without any there is nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._todo: list[Callable[[], object]] = []  # guarded by self._lock
        self._arrived = threading.Event()

    def add(self, *todo: Callable[[], object]) -> None:
        with self._lock:
            self._todo += todo
        self._arrived.set()

    def work(self) -> bool:
        with self._lock:
            todo = self._todo.pop(0) if self._todo else None
            if not self._todo:
                self._arrived.clear()
        if todo is None:
            return False
        todo()
        return True

    def idle(self) -> bool:
        self._arrived.wait(0.01)
        return False


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


@pytest.fixture
def open_pool(rounds: Rounds) -> Iterator[Callable[[int, int], SlotPool]]:
    pools: list[SlotPool] = []

    def make(size: int, max_parked: int) -> SlotPool:
        pools.append(SlotPool(size, max_parked, rounds.work, rounds.idle))
        pools[-1].start()
        return pools[-1]

    yield make
    for pool in pools:
        pool.stop()
        assert pool.join(PATIENCE)


OpenPool = Callable[[int, int], SlotPool]


def wait_for(event: threading.Event) -> None:
    assert event.wait(PATIENCE)


def test_one_that_resumes_goes_before_new_work(rounds: Rounds, open_pool: OpenPool) -> None:
    pool = open_pool(1, 10)
    order: list[str] = []
    parked, resume, helper_works, done = (threading.Event() for _ in range(4))

    def waits() -> None:
        assert pool.park()
        parked.set()
        wait_for(resume)
        pool.unpark()
        order.append("resumed")

    def holds_the_place() -> None:
        helper_works.set()
        wait_for(resume)
        while not pool.wanted_elsewhere:  # until the first one asks for the place
            pass

    rounds.add(waits)
    wait_for(parked)
    rounds.add(holds_the_place, lambda: order.append("new work"), done.set)
    wait_for(helper_works)
    resume.set()
    wait_for(done)
    assert order == ["resumed", "new work"]
    assert pool.parked == 0


def test_each_free_place_wakes_one_of_those_that_resume(rounds: Rounds, open_pool: OpenPool) -> None:
    number = 100
    pool = open_pool(1, number + 1)
    woken = 0
    original = pool._place_free.wait

    def counting(timeout: float | None = None) -> bool:
        nonlocal woken
        answer = original(timeout)
        woken += 1  # under the lock of the pool
        return answer

    pool._place_free.wait = counting  # type: ignore[method-assign]
    resume, all_parked = threading.Event(), threading.Semaphore(0)
    resumed = threading.Semaphore(0)

    def waits() -> None:
        assert pool.park()
        all_parked.release()
        wait_for(resume)
        pool.unpark()
        resumed.release()

    rounds.add(*[waits] * number)
    for _ in range(number):
        assert all_parked.acquire(timeout=PATIENCE)
    resume.set()
    for _ in range(number):
        assert resumed.acquire(timeout=PATIENCE)
    assert woken <= 2 * number  # each once, and now and then one whose place somebody else has taken


def test_at_the_limit_one_resumes_without_a_place(rounds: Rounds, open_pool: OpenPool) -> None:
    """Else those that hold the places, and could not park, might wait for it for ever."""
    pool = open_pool(1, 1)
    parked, wanted, resumed = (threading.Event() for _ in range(3))

    def waits() -> None:
        assert pool.park()
        parked.set()
        wait_for(wanted)
        pool.unpark()
        resumed.set()

    def holds_the_place_until_the_other_goes_on() -> None:
        assert not pool.park()
        wanted.set()
        wait_for(resumed)

    rounds.add(waits)
    wait_for(parked)
    rounds.add(holds_the_place_until_the_other_goes_on)
    wait_for(resumed)


def test_a_thread_that_was_given_work_does_it_though_the_pool_stops() -> None:
    """Else what it was given would belong to a worker that never runs it."""
    waits, given, done = (threading.Event() for _ in range(3))

    def work() -> bool:
        if given.is_set():
            done.set()
        return given.is_set()

    def idle() -> bool:
        waits.set()
        wait_for(given)
        return True

    pool = SlotPool(1, 1, work, idle)
    pool.start()
    wait_for(waits)
    pool.stop()
    given.set()
    assert pool.join(PATIENCE)
    assert done.is_set()
