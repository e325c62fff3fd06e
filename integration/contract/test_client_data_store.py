"""Large values by content hash, and when one of them is no longer used."""

from __future__ import annotations

from integration.clocks import in_threads
from integration.world import World


def test_values_come_back_by_key(world: World) -> None:
    values = {"h1": "x" * 1_000_000, "h2": "Ünïcödé ☃", "h3": ""}
    world.client_data_store.put(values)
    assert world.client_data_store.get(["h1", "h2", "h3", "unknown"]) == values
    assert world.client_data_store.get([]) == {}


def test_a_value_never_changes(world: World) -> None:
    world.client_data_store.put({"h": "first"})
    world.client_data_store.put({"h": "second"})
    assert world.client_data_store.get(["h"]) == {"h": "first"}
    assert world.client_data_store.count() == 1


def test_what_was_not_used_for_long_is_found(world: World) -> None:
    world.client_data_store.put({"old": "1"})
    world.pass_time(0.5)
    world.client_data_store.put({"new": "2"})
    assert world.client_data_store.find_unused(0.4, 10) == ["old"]
    assert sorted(world.client_data_store.find_unused(0, 10)) == ["new", "old"]
    assert world.client_data_store.find_unused(60, 10) == []


def test_no_more_than_the_limit_is_found(world: World) -> None:
    world.client_data_store.put({f"h{number}": "x" for number in range(9)})
    assert len(world.client_data_store.find_unused(0, 4)) == 4


def test_a_value_that_is_put_again_is_in_use(world: World) -> None:
    world.client_data_store.put({"h": "1"})
    world.pass_time(0.5)
    world.client_data_store.put({"h": "1"})
    assert world.client_data_store.find_unused(0.4, 10) == []


def test_a_value_that_is_touched_is_in_use(world: World) -> None:
    world.client_data_store.put({"a": "1", "b": "2"})
    world.pass_time(0.5)
    world.client_data_store.touch(["a", "unknown"])
    assert world.client_data_store.find_unused(0.4, 10) == ["b"]
    assert world.client_data_store.count() == 2


def test_only_what_is_still_unused_is_deleted(world: World) -> None:
    world.client_data_store.put({"a": "1", "b": "2"})
    world.pass_time(0.5)
    unused = world.client_data_store.find_unused(0.4, 10)
    world.client_data_store.touch(["a"])
    world.client_data_store.delete([*unused, "unknown"], 0.4)
    assert world.client_data_store.get(["a", "b"]) == {"a": "1"}


def test_a_deleted_value_can_be_put_again(world: World) -> None:
    world.client_data_store.put({"a": "1"})
    world.client_data_store.delete(["a"], 0)
    assert (world.client_data_store.count(), world.client_data_store.get(["a"])) == (0, {})
    world.client_data_store.put({"a": "2"})
    assert world.client_data_store.get(["a"]) == {"a": "2"}


def test_a_purge_removes_everything(world: World) -> None:
    world.client_data_store.put({"a": "1", "b": "2"})
    world.client_data_store.purge()
    assert (world.client_data_store.count(), world.client_data_store.get(["a"])) == (0, {})


def test_another_process_reads_them(world: World) -> None:
    world.client_data_store.put({"a": "1"})
    other = world.another_process()
    assert other.client_data_store.get(["a"]) == {"a": "1"}
    other.close()


def test_racing_puts_store_each_value_once(world: World) -> None:
    values = {f"h{number}": f"value {number}" for number in range(40)}
    in_threads(*[lambda: world.client_data_store.put(values)] * 6)
    assert world.client_data_store.count() == 40
    assert world.client_data_store.get(list(values)) == values
