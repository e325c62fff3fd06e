"""A queue of its own: at least once, in order, under leases."""

from __future__ import annotations

from collections.abc import Sequence

from integration.clocks import DEADLINE_SECONDS, in_threads
from integration.world import World, ids

from pynenc.contracts import Delivery
from pynenc.values.ids import InvocationId


def _names(deliveries: Sequence[Delivery]) -> list[InvocationId]:
    return [delivery.invocation_id for delivery in deliveries]


def test_messages_come_oldest_first(world: World) -> None:
    world.broker.push(ids("a", "b"))
    world.broker.push(ids("c"))
    assert _names(world.broker.receive(2, 30)) == ["a", "b"]
    assert _names(world.broker.receive(2, 30)) == ["c"]
    assert world.broker.receive(2, 30) == []


def test_front_messages_come_before_all_others(world: World) -> None:
    world.broker.push(ids("a", "b"))
    world.broker.push(ids("x", "y"), front=True)
    assert _names(world.broker.receive(9, 30)) == ["x", "y", "a", "b"]


def test_an_empty_push_adds_nothing(world: World) -> None:
    world.broker.push([])
    assert world.broker.count() == 0


def test_one_id_can_be_queued_twice(world: World) -> None:
    world.broker.push(ids("a", "a"))
    deliveries = world.broker.receive(9, 30)
    assert _names(deliveries) == ["a", "a"]
    assert len({delivery.receipt for delivery in deliveries}) == 2


def test_a_delivered_message_is_not_delivered_again_within_its_lease(world: World) -> None:
    world.broker.push(ids("a"))
    assert _names(world.broker.receive(1, 30)) == ["a"]
    world.pass_time(0.1)
    assert world.broker.receive(1, 30) == []


def test_a_message_is_delivered_again_after_its_lease(world: World) -> None:
    world.broker.push(ids("a", "b"))
    (first,) = world.broker.receive(1, 0.2)
    world.pass_time(0.2)
    again = world.broker.receive(9, 30)
    assert _names(again) == ["a", "b"]
    assert again[0].receipt != first.receipt


def test_an_acknowledged_message_is_gone(world: World) -> None:
    world.broker.push(ids("a", "b"))
    first, second = world.broker.receive(2, 0.2)
    world.broker.acknowledge([first.receipt])
    world.pass_time(0.2)
    assert _names(world.broker.receive(9, 30)) == [second.invocation_id]


def test_a_receipt_whose_lease_ended_acknowledges_nothing(world: World) -> None:
    world.broker.push(ids("a"))
    (late,) = world.broker.receive(1, 0.2)
    world.pass_time(0.2)
    world.broker.acknowledge([late.receipt])
    (second,) = world.broker.receive(1, 0.2)
    world.broker.acknowledge([late.receipt])
    assert world.broker.count() == 1
    world.pass_time(0.2)
    (third,) = world.broker.receive(1, 30)
    assert len({late.receipt, second.receipt, third.receipt}) == 3


def test_what_is_given_back_has_its_old_place(world: World) -> None:
    world.broker.push(ids("a", "b", "c"))
    first, second = world.broker.receive(2, 30)
    world.broker.give_back([second.receipt, first.receipt])
    assert _names(world.broker.receive(9, 30)) == ["a", "b", "c"]


def test_a_receipt_that_was_given_back_is_worth_nothing(world: World) -> None:
    world.broker.push(ids("a"))
    (first,) = world.broker.receive(1, 30)
    world.broker.give_back([first.receipt])
    world.broker.acknowledge([first.receipt])
    world.broker.give_back([first.receipt])
    assert _names(world.broker.receive(9, 30)) == ["a"]


def test_unknown_receipts_are_ignored(world: World) -> None:
    world.broker.push(ids("a"))
    (delivery,) = world.broker.receive(1, 30)
    world.broker.acknowledge([delivery.receipt])
    world.broker.acknowledge([delivery.receipt])
    world.broker.give_back([delivery.receipt])
    assert world.broker.count() == 0


def test_the_count_has_what_waits_and_what_is_delivered(world: World) -> None:
    world.broker.push(ids("a", "b", "c"))
    first, second = world.broker.receive(2, 30)
    assert world.broker.count() == 3
    world.broker.acknowledge([first.receipt])
    world.broker.give_back([second.receipt])
    assert world.broker.count() == 2


def test_a_purge_removes_waiting_and_delivered_messages(world: World) -> None:
    world.broker.push(ids("a", "b"))
    (delivery,) = world.broker.receive(1, 0.1)
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
    world.broker.give_back([delivery.receipt for delivery in world.broker.receive(1, 30)])
    assert store.wait_for_work(marker, DEADLINE_SECONDS)


def test_another_process_receives_what_was_pushed(world: World) -> None:
    world.broker.push(ids("a", "b"))
    other = world.another_process()
    assert _names(other.broker.receive(1, 30)) == ["a"]
    assert _names(world.broker.receive(9, 30)) == ["b"]
    other.close()


def test_threads_receive_each_message_once(world: World) -> None:
    names = [f"n{number}" for number in range(400)]
    world.broker.push(ids(*names))
    received: list[str] = []

    def consume() -> None:
        while deliveries := world.broker.receive(7, 60):
            received.extend(_names(deliveries))
            world.broker.acknowledge([delivery.receipt for delivery in deliveries])

    in_threads(*[consume] * 8)
    assert sorted(received) == sorted(names)
    assert world.broker.count() == 0
