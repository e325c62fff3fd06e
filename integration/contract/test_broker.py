"""A queue of its own: at least once, in order, under leases."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from integration.clocks import DEADLINE_SECONDS, eventually, in_threads
from integration.world import World, ids

from pynenc.contracts import Delivery
from pynenc.values.ids import InvocationId


def _names(deliveries: Sequence[Delivery]) -> list[InvocationId]:
    return [delivery.invocation_id for delivery in deliveries]


def _receive(world: World, number: int, lease_seconds: float = 30) -> list[Delivery]:
    """So many messages; a store that sends them by itself may need a moment for each."""
    store = world.parts.broker.store
    received: list[Delivery] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(received) < number:
        marker = store.work_marker()
        more = world.broker.receive(number - len(received), lease_seconds)
        received += more
        if not more:
            assert time.monotonic() < deadline, f"{number} messages expected: {_names(received)}"
            store.wait_for_work(marker, 0.1)
    return received


def test_messages_come_oldest_first(world: World) -> None:
    world.broker.push(ids("a", "b"))
    world.broker.push(ids("c"))
    assert _names(_receive(world, 2)) == ["a", "b"]
    assert _names(_receive(world, 1)) == ["c"]
    assert world.broker.receive(2, 30) == []


def test_front_messages_come_before_all_others(world: World) -> None:
    world.broker.push(ids("a", "b"))
    world.broker.push(ids("x", "y"), front=True)
    assert _names(_receive(world, 4)) == ["x", "y", "a", "b"]


def test_what_can_be_received_is_never_taken_for_an_empty_queue(world: World) -> None:
    store = world.parts.broker.store
    marker = store.work_marker()
    assert world.broker.receive(2, 30) == []
    world.broker.push(ids("a", "b"))
    assert store.wait_for_work(marker, DEADLINE_SECONDS)
    assert not world.broker.is_known_empty()
    assert _names(_receive(world, 2)) == ["a", "b"]
    if world.broker.is_known_empty():
        assert world.broker.receive(2, 30) == []


def test_an_empty_push_adds_nothing(world: World) -> None:
    world.broker.push([])
    assert world.broker.count() == 0


def test_what_is_prepared_is_pushed_when_that_is_called_for(world: World) -> None:
    push = world.broker.prepare_push(ids("b", "c"))
    world.broker.prepare_push(ids("never"))
    world.broker.push(ids("a"))
    push()
    assert _names(_receive(world, 3)) == ["a", "b", "c"]
    assert world.broker.receive(2, 30) == []


def test_one_id_can_be_queued_twice(world: World) -> None:
    world.broker.push(ids("a", "a"))
    deliveries = _receive(world, 2)
    assert _names(deliveries) == ["a", "a"]
    assert len({delivery.receipt for delivery in deliveries}) == 2


def test_a_delivered_message_is_not_delivered_again_within_its_lease(world: World) -> None:
    world.broker.push(ids("a"))
    assert _names(_receive(world, 1)) == ["a"]
    world.pass_time(0.1)
    assert world.broker.receive(1, 30) == []


def test_a_message_is_delivered_again_after_its_lease(world: World) -> None:
    world.broker.push(ids("a", "b"))
    (first,) = _receive(world, 1, 0.2)
    world.pass_time(0.2)
    again = _receive(world, 2)
    assert sorted(_names(again)) == ["a", "b"]
    assert first.receipt not in {delivery.receipt for delivery in again}


def test_an_acknowledged_message_is_gone(world: World) -> None:
    world.broker.push(ids("a", "b"))
    first, second = _receive(world, 2, 0.2)
    world.broker.acknowledge([first.receipt])
    world.pass_time(0.2)
    assert _names(_receive(world, 1)) == [second.invocation_id]


def test_a_receipt_whose_lease_ended_acknowledges_nothing(world: World) -> None:
    world.broker.push(ids("a"))
    (late,) = _receive(world, 1, 0.2)
    world.pass_time(0.2)
    world.broker.acknowledge([late.receipt])
    (second,) = _receive(world, 1, 0.2)
    world.broker.acknowledge([late.receipt])
    assert world.broker.count() == 1
    world.pass_time(0.2)
    (third,) = _receive(world, 1)
    assert len({late.receipt, second.receipt, third.receipt}) == 3


def test_what_is_given_back_is_received_again(world: World) -> None:
    world.broker.push(ids("a", "b", "c"))
    first, second = _receive(world, 2)
    world.broker.give_back([second.receipt, first.receipt])
    assert sorted(_names(_receive(world, 3))) == ["a", "b", "c"]


def test_a_receipt_that_was_given_back_is_worth_nothing(world: World) -> None:
    world.broker.push(ids("a"))
    (first,) = _receive(world, 1)
    world.broker.give_back([first.receipt])
    world.broker.acknowledge([first.receipt])
    world.broker.give_back([first.receipt])
    assert _names(_receive(world, 1)) == ["a"]


def test_unknown_receipts_are_ignored(world: World) -> None:
    world.broker.push(ids("a"))
    (delivery,) = _receive(world, 1)
    world.broker.acknowledge([delivery.receipt])
    world.broker.acknowledge([delivery.receipt])
    world.broker.give_back([delivery.receipt])
    assert world.broker.count() == 0


def test_the_count_has_what_waits_and_what_is_delivered(world: World) -> None:
    world.broker.push(ids("a", "b", "c"))
    first, second = _receive(world, 2)
    assert world.broker.count() == 3
    world.broker.acknowledge([first.receipt])
    world.broker.give_back([second.receipt])
    eventually(lambda: world.broker.count() == 2, "one is confirmed, and one back")


def test_a_purge_removes_waiting_and_delivered_messages(world: World) -> None:
    world.broker.push(ids("a", "b"))
    (delivery,) = _receive(world, 1, 0.1)
    world.broker.purge()
    assert world.broker.count() == 0
    world.pass_time(0.1)
    world.broker.give_back([delivery.receipt])
    assert world.broker.receive(9, 30) == []


def test_a_message_wakes_whoever_waits_for_work(world: World) -> None:
    store = world.parts.broker.store
    marker = store.work_marker()
    world.broker.push(ids("a"))
    assert store.wait_for_work(marker, DEADLINE_SECONDS)
    marker = store.work_marker()
    world.broker.give_back([delivery.receipt for delivery in _receive(world, 1)])
    assert store.wait_for_work(marker, DEADLINE_SECONDS)


def _wait_and_take(world: World, taken: list[InvocationId]) -> tuple[threading.Thread, list[Delivery | None]]:
    marker = world.parts.broker.store.work_marker()
    given: list[Delivery | None] = []

    def wait() -> None:
        given.append(world.broker.wait_and_take(marker, DEADLINE_SECONDS, 30.0, taken.append))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread, given


def test_one_that_waits_takes_what_arrives_and_whoever_has_it_first_is_told(world: World) -> None:
    taken: list[InvocationId] = []
    thread, given = _wait_and_take(world, taken)
    world.broker.push(ids("a"))
    thread.join(DEADLINE_SECONDS)
    (delivery,) = given
    assert delivery is not None
    assert (tuple(taken), delivery.invocation_id) == (ids("a"), "a")
    world.broker.push(ids("b"))
    (second,) = _receive(world, 1)
    assert world.broker.count() == 2
    world.broker.acknowledge([delivery.receipt])
    world.broker.give_back([second.receipt])
    assert _names(_receive(world, 1)) == ["b"]


def test_one_that_waits_takes_what_came_before_it_did(world: World) -> None:
    store = world.parts.broker.store
    world.broker.receive(1, 30)
    marker = store.work_marker()
    world.broker.push(ids("a"))
    eventually(lambda: not world.broker.is_known_empty(), "it may be there")
    taken: list[InvocationId] = []
    delivery = world.broker.wait_and_take(marker, DEADLINE_SECONDS, 30.0, taken.append)
    assert delivery is not None
    assert (tuple(taken), delivery.invocation_id) == (ids("a"), "a")


def test_one_that_waits_in_vain_takes_nothing(world: World) -> None:
    taken: list[InvocationId] = []
    marker = world.parts.broker.store.work_marker()
    assert world.broker.wait_and_take(marker, 0.1, 30.0, taken.append) is None
    assert taken == []


def test_what_one_that_waited_does_not_decide_is_delivered_again(world: World) -> None:
    thread, given = _wait_and_take(world, [])
    world.broker.push(ids("a"))
    thread.join(DEADLINE_SECONDS)
    (delivery,) = given
    assert delivery is not None
    world.broker.give_back([delivery.receipt])
    assert _names(_receive(world, 1)) == ["a"]


def test_another_process_receives_what_was_pushed(world: World) -> None:
    world.broker.push(ids("a", "b"))
    other = world.another_process()
    assert _names(_receive(other, 1)) == ["a"]
    assert _names(_receive(world, 1)) == ["b"]
    other.close()


def test_threads_receive_each_message_once(world: World) -> None:
    names = [f"n{number}" for number in range(400)]
    world.broker.push(ids(*names))
    received: list[str] = []
    all_received = threading.Event()

    def consume() -> None:
        while not all_received.is_set():
            deliveries = world.broker.receive(7, 60)
            received.extend(_names(deliveries))
            world.broker.acknowledge([delivery.receipt for delivery in deliveries])
            if len(received) >= len(names):
                all_received.set()

    in_threads(*[consume] * 8)
    assert sorted(received) == sorted(names)
    eventually(lambda: world.broker.count() == 0, "every message is confirmed")
