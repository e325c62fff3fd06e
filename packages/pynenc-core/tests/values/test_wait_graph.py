"""Cycles through waits and through concurrency places."""

from __future__ import annotations

from itertools import pairwise

from pynenc.values.ids import InvocationId
from pynenc.values.wait_graph import find_cycle


def search(waiter: str, awaited: str, waits: dict[str, str], holders: dict[str, str] | None = None) -> str:
    """Ids are single letters."""

    def following(table: dict[str, str]):
        return lambda one: [InvocationId(letter) for letter in table.get(one, "")]

    found = find_cycle(
        InvocationId(waiter),
        [InvocationId(one) for one in awaited],
        following(waits),
        following(holders or {}),
    )
    return "".join(found)


def test_no_way_back_is_no_cycle() -> None:
    assert search("a", "b", {"b": "c", "c": "de"}) == ""


def test_the_way_back_is_named() -> None:
    assert search("a", "b", {"b": "c", "c": "a"}) == "abca"
    assert search("a", "a", {}) == "aa"


def test_a_full_place_is_a_wait_for_its_holder() -> None:
    assert search("b", "x", {"a": "b"}, {"x": "a"}) == "bxab"


def test_one_of_several_holders_that_goes_on_is_enough() -> None:
    assert search("b", "x", {"a": "b"}, {"x": "ac"}) == ""
    assert search("b", "x", {"a": "b", "c": "a"}, {"x": "ac"}) == "bxab"


def test_holders_who_wait_for_the_same_place_are_stuck_once_all_of_them_do() -> None:
    assert search("c", "x", {"a": "x"}, {"x": "abc"}) == ""
    assert search("c", "x", {"a": "x", "b": "x"}, {"x": "abc"}) == "cxc"


def test_a_cycle_that_the_waiter_is_no_part_of_ends_the_search() -> None:
    assert search("a", "b", {"b": "c", "c": "b"}) == ""


def test_a_long_chain_is_no_problem() -> None:
    ids = [InvocationId(str(number)) for number in range(5000)]
    chain = dict(pairwise(ids))
    chain[ids[-1]] = ids[0]
    cycle = find_cycle(ids[0], [ids[1]], lambda one: [chain[one]], lambda _: ())
    assert cycle == (*ids, ids[0])
