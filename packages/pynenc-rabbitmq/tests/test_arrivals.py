"""Each piece wakes one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pynenc.values.ids import InvocationId
from pynenc_rabbitmq.arrivals import Arrivals, Taker

DEADLINE_SECONDS = 30.0


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.001)


def _waiting(arrivals: Arrivals, number: int) -> list[threading.Thread]:
    threads = [
        threading.Thread(target=arrivals.wait, args=(arrivals.marker, DEADLINE_SECONDS))
        for _ in range(number)
    ]
    for thread in threads:
        thread.start()
    _until(lambda: arrivals.waiting == number)
    return threads


def test_as_many_threads_go_on_as_pieces_arrived() -> None:
    arrivals = Arrivals()
    threads = _waiting(arrivals, 3)
    with arrivals.lock:
        arrivals.announce(2)
    _until(lambda: sum(thread.is_alive() for thread in threads) == 1)
    assert arrivals.waiting == 1
    arrivals.interrupt()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert arrivals.waiting == 0


def test_an_interruption_lets_all_go_on_and_moves_the_marker_for_those_who_come_later() -> None:
    arrivals = Arrivals()
    before = arrivals.marker
    threads = _waiting(arrivals, 3)
    arrivals.interrupt()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()
    assert arrivals.wait(before, DEADLINE_SECONDS)


def test_one_that_gave_up_waiting_is_not_woken_in_place_of_another() -> None:
    arrivals = Arrivals()
    assert not arrivals.wait(arrivals.marker, 0.001)
    (thread,) = _waiting(arrivals, 1)
    with arrivals.lock:
        arrivals.announce()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def test_one_that_is_being_given_something_waits_for_it_however_little_time_it_had() -> None:
    arrivals, found = Arrivals(), []
    taker = Taker(list.append)

    def wait() -> None:
        arrivals.wait(arrivals.marker, 0.1, taker)
        found.append(taker.message)

    thread = threading.Thread(target=wait)
    thread.start()
    chosen: list[Taker] = []

    def choose() -> bool:
        with arrivals.lock:
            chosen.extend(filter(None, [arrivals.next_taker()]))
        return bool(chosen)

    _until(choose)
    assert chosen == [taker]
    thread.join(0.2)
    assert thread.is_alive()
    taker.message = 1, 2, InvocationId("id")
    taker.bell.ring()
    thread.join(DEADLINE_SECONDS)
    assert found == [taker.message]
    assert arrivals.waiting == 0


def test_one_that_only_waits_is_given_nothing() -> None:
    arrivals = Arrivals()
    (thread,) = _waiting(arrivals, 1)
    with arrivals.lock:
        assert arrivals.next_taker() is None
        arrivals.announce()
        assert arrivals.next_taker() is None
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
