"""Payloads never change; named values do."""

from __future__ import annotations

import pytest
from integration.clocks import in_threads
from integration.world import World, ids

from pynenc.contracts import PayloadKey, PayloadKind
from pynenc.values.ids import InvocationId

ARGUMENTS, OUTCOME = PayloadKind.ARGUMENTS, PayloadKind.OUTCOME
TEXTS = [
    "",
    "plain",
    '{"a": "Ünïcödé ☃ 🐍"}',
    "'; DROP TABLE x; --",
    "line\nline\ttab\\",
    "$where *?[]{}",
    "x" * 1_000_000,
]


def _key(name: str, epoch: int = 0, kind: PayloadKind = ARGUMENTS) -> PayloadKey:
    return PayloadKey(InvocationId(name), epoch, kind)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_payloads_come_back_as_they_were(world: World, text: str) -> None:
    world.state_backend.put_payloads({_key("one"): text})
    assert world.state_backend.get_payloads([_key("one")]) == {_key("one"): text}


def test_invocation_epoch_and_kind_tell_payloads_apart(world: World) -> None:
    keys = [
        _key("one"),
        _key("one", 1, OUTCOME),
        _key("one", 2, OUTCOME),
        _key("one", 1, ARGUMENTS),
        _key("two"),
    ]
    payloads = {key: f"payload {number}" for number, key in enumerate(keys)}
    world.state_backend.put_payloads(payloads)
    assert world.state_backend.get_payloads(keys) == payloads


def test_what_does_not_exist_is_absent(world: World) -> None:
    world.state_backend.put_payloads({_key("one"): "1"})
    found = world.state_backend.get_payloads([_key("two"), _key("one"), _key("one", 1, OUTCOME)])
    assert found == {_key("one"): "1"}
    assert world.state_backend.get_payloads([]) == {}


def test_invocations_with_payloads_are_listed_once_in_the_order_of_their_ids(world: World) -> None:
    names = [f"{number:03}.é" for number in range(25)]
    for name in reversed(names):
        world.state_backend.put_payloads({_key(name): "a", _key(name, 1, OUTCOME): "b"})
    world.state_backend.delete_payloads([InvocationId(names[7])])
    listed: list[InvocationId] = []
    while page := world.state_backend.list_payload_ids(listed[-1] if listed else None, 10):
        assert len(page) <= 10
        listed += page
    assert tuple(listed) == ids(*names[:7], *names[8:])


def test_a_payload_never_changes(world: World) -> None:
    world.state_backend.put_payloads({_key("one"): "first"})
    world.state_backend.put_payloads({_key("one"): "second", _key("two"): "new"})
    assert world.state_backend.get_payloads([_key("one"), _key("two")]) == {
        _key("one"): "first",
        _key("two"): "new",
    }


def test_an_empty_write_is_harmless(world: World) -> None:
    world.state_backend.put_payloads({})
    world.state_backend.delete_payloads([])
    world.state_backend.set_values("scope", {})
    assert world.state_backend.get_values("scope") == {}


def test_all_payloads_of_an_invocation_are_deleted_together(world: World) -> None:
    mine = [_key("one"), _key("one", 1, OUTCOME), _key("one", 9, OUTCOME)]
    world.state_backend.put_payloads(dict.fromkeys([*mine, _key("two"), _key("one2")], "x"))
    world.state_backend.delete_payloads(ids("one", "unknown"))
    assert set(world.state_backend.get_payloads([*mine, _key("two"), _key("one2")])) == {
        _key("two"),
        _key("one2"),
    }
    world.state_backend.put_payloads({_key("one"): "again"})
    assert world.state_backend.get_payloads([_key("one")]) == {_key("one"): "again"}


def test_many_payloads_travel_together(world: World) -> None:
    payloads = {_key(f"n{number}"): str(number) for number in range(1500)}
    world.state_backend.put_payloads(payloads)
    assert world.state_backend.get_payloads(list(payloads)) == payloads


def test_values_are_created_and_replaced(world: World) -> None:
    world.state_backend.set_values("scope", {"a": "1", "b": "2"})
    world.state_backend.set_values("scope", {"b": "3", "c": "4"})
    assert world.state_backend.get_values("scope") == {"a": "1", "b": "3", "c": "4"}


def test_values_are_read_by_name(world: World) -> None:
    world.state_backend.set_values("scope", {"a": "1", "b": "2", "": "empty"})
    assert world.state_backend.get_values("scope", ["b", "z", ""]) == {"b": "2", "": "empty"}
    assert world.state_backend.get_values("scope", []) == {}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_values_come_back_as_they_were(world: World, text: str) -> None:
    world.state_backend.set_values("scope", {"name " + text[:100]: text})
    assert world.state_backend.get_values("scope") == {"name " + text[:100]: text}


def test_scopes_are_apart(world: World) -> None:
    for scope in ("s", "s2", "s:", "%", "_"):
        world.state_backend.set_values(scope, {"a": scope})
    world.state_backend.delete_scope("s")
    world.state_backend.delete_scope("unknown")
    assert world.state_backend.get_values("s") == {}
    for scope in ("s2", "s:", "%", "_"):
        assert world.state_backend.get_values(scope) == {"a": scope}


def test_a_purge_removes_everything(world: World) -> None:
    world.state_backend.put_payloads({_key("one"): "1"})
    world.state_backend.set_values("scope", {"a": "1"})
    world.state_backend.purge()
    assert world.state_backend.get_payloads([_key("one")]) == {}
    assert world.state_backend.get_values("scope") == {}


def test_another_process_reads_them(world: World) -> None:
    world.state_backend.put_payloads({_key("one"): "1"})
    world.state_backend.set_values("scope", {"a": "1"})
    other = world.another_process()
    assert other.state_backend.get_payloads([_key("one")]) == {_key("one"): "1"}
    assert other.state_backend.get_values("scope") == {"a": "1"}
    other.close()


def test_of_racing_payloads_one_stays(world: World) -> None:
    keys = [_key(f"n{number}") for number in range(40)]
    in_threads(*(lambda n=n: world.state_backend.put_payloads(dict.fromkeys(keys, str(n))) for n in range(6)))
    first = world.state_backend.get_payloads(keys)
    world.state_backend.put_payloads(dict.fromkeys(keys, "late"))
    assert world.state_backend.get_payloads(keys) == first
    assert len(set(first.values())) == 1, "a batch is written as a whole"
