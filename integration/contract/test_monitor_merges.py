"""How many calls an invocation stands for, because registration concurrency merged them into it."""

from __future__ import annotations

import pytest
from integration.clocks import in_threads
from integration.world import RESULT, World, call, finish, ids, retry

from pynenc.values.merges import REMEMBERED, Merges


def merges(world: World, name: str) -> Merges:
    return world.monitor.get_merges(ids(name))[ids(name)[0]]


def counted(world: World, name: str) -> tuple[int, int]:
    """Calls that were merged, and those of them with other arguments."""
    found = world.monitor.get_merges(ids(name)).get(ids(name)[0])
    return (found.calls, found.dropped) if found else (0, 0)


def test_what_was_never_merged_into_has_none(world: World) -> None:
    world.submit("one", reg_key="k")
    world.submit("other", "another")
    assert world.monitor.get_merges(ids("one", "other", "nobody")) == {}
    assert world.monitor.get_merges([]) == {}


def test_each_merged_call_is_counted_where_it_went(world: World) -> None:
    world.submit(call("one", reg_key="k"), call("two", reg_key="l"))
    for name in ("a", "b"):
        world.submit(name, reg_key="k")
    world.submit("c", reg_key="l")
    found = world.monitor.get_merges(ids("one", "two", "a"))
    assert {name: each.calls for name, each in found.items()} == {"one": 2, "two": 1}


def test_it_is_told_when_the_last_one_was_merged(world: World) -> None:
    world.submit("one", reg_key="k")
    instants = []
    for name in ("a", "b"):
        world.pass_time(0.01)
        world.submit(name, reg_key="k")
        instants.append(merges(world, "one").last_at)
    assert world.record("one").created_at < instants[0] < instants[1] <= world.store.now()


def test_calls_whose_arguments_were_dropped_are_counted_apart(world: World) -> None:
    world.submit("one", reg_key="k", args_id="same")
    world.submit("a", reg_key="k", args_id="same")
    world.submit("b", reg_key="k", args_id="other")
    world.submit(call("c", reg_key="k", args_id="same"), call("d", reg_key="k", args_id="third"))
    assert counted(world, "one") == (4, 2)


def test_calls_of_one_batch_are_counted_as_well(world: World) -> None:
    world.submit("one", "two", "three", reg_key="k")
    assert counted(world, "one") == (2, 2)
    world.submit(call("plain"), call("four", reg_key="k"), call("four", reg_key="k"), call("l", reg_key="l"))
    assert counted(world, "one") == (3, 3)
    assert world.monitor.get_merges(ids("plain", "l")) == {}


def test_a_submission_that_is_repeated_is_counted_once(world: World) -> None:
    world.submit("one", reg_key="k")
    for _ in range(3):
        world.submit("a", "b", reg_key="k")
    assert counted(world, "one") == (2, 2)
    before = merges(world, "one")
    # Whose reply was lost sends it again within seconds; others come between.
    for n in range(REMEMBERED - 1):
        world.submit(f"n{n}", reg_key="k")
        world.submit("a", "b", reg_key="k")
    after = merges(world, "one")
    assert after.calls == before.calls + REMEMBERED - 1


def test_a_batch_that_began_with_its_survivor_is_repeated_without_being_counted(world: World) -> None:
    for _ in range(2):
        world.submit("one", "two", "three", reg_key="k")
    assert counted(world, "one") == (2, 2)


def test_an_id_that_exists_is_not_merged(world: World) -> None:
    for _ in range(2):
        world.submit("one", reg_key="k")
    world.run("one")
    world.submit("one", reg_key="k")
    assert world.monitor.get_merges(ids("one")) == {}


def test_what_is_kept_does_not_grow_with_what_was_merged(world: World) -> None:
    world.submit("one", reg_key="k")
    for n in range(3 * REMEMBERED):
        world.submit(f"n{n}", reg_key="k")
    found = merges(world, "one")
    assert found.calls == 3 * REMEMBERED
    assert found.recent == ids(*(f"n{n}" for n in range(2 * REMEMBERED, 3 * REMEMBERED)))
    assert len(world.history("one")) == 1


def test_it_stays_with_the_invocation(world: World) -> None:
    world.submit("one", reg_key="k")
    world.submit("a", reg_key="k")
    expected = merges(world, "one")
    world.do(retry(world.claim(ids=ids("one"))))
    world.submit("second", "b", reg_key="k")
    assert merges(world, "one") == expected
    assert counted(world, "second") == (1, 1)
    world.do(finish(world.claim(ids=ids("one")), RESULT))
    assert merges(world, "one") == expected


def test_it_goes_with_the_invocation(world: World) -> None:
    world.submit("one", reg_key="k")
    world.submit("a", reg_key="k")
    world.do(finish(world.claim(ids=ids("one"))))
    world.orchestrator.delete(ids("one"))
    world.submit("one", reg_key="k")
    assert world.monitor.get_merges(ids("one")) == {}
    world.submit("a", reg_key="k")
    world.orchestrator.purge()
    world.submit("one", reg_key="k")
    assert world.monitor.get_merges(ids("one")) == {}


def test_threads_that_register_one_key_are_all_counted(world: World) -> None:
    def register(name: str) -> None:
        for number in range(5):
            world.submit(f"{name}-{number}-a", f"{name}-{number}-b", reg_key="k")

    in_threads(*(lambda name=f"t{n}": register(name) for n in range(6)))
    (survivor,) = world.submit("last", reg_key="k")
    # All but the one that was registered.
    assert counted(world, survivor)[0] == 6 * 5 * 2


def test_another_process_counts_and_sees_it(world: World) -> None:
    world.submit("one", reg_key="k")
    other = world.another_process()
    other.submit("a", reg_key="k")
    world.submit("b", reg_key="k")
    # Its reply may have been lost; it is sent again by whoever.
    world.submit("a", reg_key="k")
    assert merges(other, "one") == merges(world, "one")
    assert counted(other, "one")[0] == 2
    other.close()


@pytest.mark.parametrize("ends", [False, True])
def test_the_key_of_a_call_is_kept_with_it_when_it_is_free_again(world: World, ends: bool) -> None:
    world.submit("one", reg_key="k")
    claim = world.claim(ids=ids("one"))
    if ends:
        world.do(finish(claim))
    assert world.record("one").reg_key == "k"
    assert world.monitor.get_invocations(ids("one"))[ids("one")[0]].reg_key == "k"
    assert world.submit("two", reg_key="k") == ids("two")
    assert world.submit("three", reg_key="k") == ids("two")
