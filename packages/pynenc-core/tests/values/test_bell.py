"""One thread hears that others rang."""

from __future__ import annotations

import threading

import pytest

from pynenc.values.bell import Bell

DEADLINE_SECONDS = 30.0


@pytest.mark.parametrize("times", [1, 2, 100])
def test_what_was_rung_before_is_heard_once(times: int) -> None:
    bell = Bell()
    for _ in range(times):
        bell.ring()
    assert bell.wait(DEADLINE_SECONDS)
    assert not bell.wait(0)


def test_a_quiet_bell_is_waited_for_no_longer_than_asked() -> None:
    assert not Bell().wait(0.001)


def test_a_thread_that_waits_goes_on_when_another_one_rings() -> None:
    bell, answer = Bell(), Bell()

    def respond() -> None:
        for _ in range(1000):
            assert bell.wait(DEADLINE_SECONDS)
            answer.ring()

    thread = threading.Thread(target=respond)
    thread.start()
    for _ in range(1000):
        bell.ring()
        assert answer.wait(DEADLINE_SECONDS)
    thread.join()


def test_no_ring_of_many_threads_is_lost_after_the_last_look() -> None:
    bell, rung = Bell(), []

    def ring(number: int) -> None:
        for step in range(200):
            rung.append((number, step))
            bell.ring()

    threads = [threading.Thread(target=ring, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(rung) < 800:
        assert bell.wait(DEADLINE_SECONDS), "something was rung, and nobody heard of it"
    for thread in threads:
        thread.join()
