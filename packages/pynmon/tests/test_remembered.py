from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from pynenc.exceptions import StoreUnavailableError
from pynmon.remembered import Remembered


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


class Store:
    """Answers with how often it was asked."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.fails = False

    def read(self) -> int:
        self.asked += 1
        assert self.may_answer.wait(30)
        if self.fails:
            raise StoreUnavailableError("away")
        self._clock.time += self._seconds
        return self.asked


def settled() -> None:
    """Whatever is read beside has been read."""
    for thread in threading.enumerate():
        if thread.name == "pynmon-renew":
            thread.join(30)
            assert not thread.is_alive()


def test_what_was_read_is_given_until_it_is_old() -> None:
    clock = Clock()
    store, remembered = Store(clock, 0.1), Remembered(clock)
    assert [remembered.get("a", store.read, 1.0) for _ in range(3)] == [1, 1, 1]
    clock.time += 0.9
    assert remembered.get("a", store.read, 1.0) == 1
    clock.time += 0.2
    assert remembered.get("a", store.read, 1.0) == 2
    assert remembered.get("b", store.read, 1.0) == 3


def test_nobody_waits_for_what_takes_long_while_there_is_an_older_one() -> None:
    clock = Clock()
    store, remembered = Store(clock, 2.0), Remembered(clock)
    assert remembered.get("a", store.read, 1.0) == 1
    clock.time += 5.0
    store.may_answer.clear()
    # One reads beside, however many ask.
    assert [remembered.get("a", store.read, 1.0) for _ in range(3)] == [1, 1, 1]
    store.may_answer.set()
    settled()
    assert remembered.get("a", store.read, 1.0) == 2
    assert store.asked == 2


def test_what_is_too_old_is_given_to_nobody() -> None:
    clock = Clock()
    store, remembered = Store(clock, 2.0), Remembered(clock)
    assert remembered.get("a", store.read, 1.0) == 1
    clock.time += 21.0
    assert remembered.get("a", store.read, 1.0) == 2


def test_a_store_that_is_away_is_told_once_what_is_known_is_old() -> None:
    clock = Clock()
    store, remembered = Store(clock, 2.0), Remembered(clock)
    assert remembered.get("a", store.read, 1.0) == 1
    store.fails = True
    clock.time += 5.0
    assert remembered.get("a", store.read, 1.0) == 1
    settled()
    clock.time += 16.0
    with pytest.raises(StoreUnavailableError, match="away"):
        remembered.get("a", store.read, 1.0)
    store.fails = False
    assert remembered.get("a", store.read, 1.0) == 4


def test_a_slow_answer_holds_up_no_other() -> None:
    clock = Clock()
    slow, quick, remembered = Store(clock, 0.1), Store(clock, 0.1), Remembered(clock)
    slow.may_answer.clear()
    waiting = threading.Thread(target=remembered.get, args=("slow", slow.read, 1.0))
    waiting.start()
    assert remembered.get("quick", quick.read, 1.0) == 1
    slow.may_answer.set()
    waiting.join(30)
    assert not waiting.is_alive()
    assert slow.asked == 1


class Rows(list[int]):
    """What takes memory; whether it still does can be seen from outside."""


def test_what_is_given_to_nobody_any_more_takes_no_memory() -> None:
    clock = Clock()
    remembered = Remembered(clock)
    known = weakref.ref(remembered.get("a", Rows, 1.0))
    remembered.get("b", Rows, 1.0)
    assert known() is not None
    clock.time += 1.1
    old = weakref.ref(remembered.get("c", Rows, 1.0))
    assert known() is None
    clock.time += 1.1

    def read() -> bool:
        return old() is None

    # Also before it is read again, so that never both are there.
    assert remembered.get("c", read, 1.0)


def test_what_somebody_waits_for_is_not_forgotten() -> None:
    clock = Clock()
    slow, quick, remembered = Store(clock, 0.1), Store(clock, 0.1), Remembered(clock)
    slow.may_answer.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(remembered.get, "slow", slow.read, 1.0)
        clock.time += 60.0
        assert remembered.get("quick", quick.read, 1.0) == 1
        second = threads.submit(remembered.get, "slow", slow.read, 1.0)
        slow.may_answer.set()
        assert (first.result(30), second.result(30)) == (1, 1)
