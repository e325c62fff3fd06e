"""Which calls share a concurrency key."""

from __future__ import annotations

from pynenc.engine.concurrency import concurrency_key
from pynenc.engine.payloads import args_id_of
from pynenc.values.concurrency import ConcurrencyControlType as Mode


def key(mode: Mode, *names: str, **texts: str) -> str | None:
    return concurrency_key(mode, "m.f", texts, args_id_of(texts), names)


def test_without_control_there_is_no_key() -> None:
    assert key(Mode.DISABLED, x="1") is None


def test_one_key_per_task() -> None:
    assert key(Mode.TASK, x="1") == key(Mode.TASK, x="2") == "m.f"


def test_one_key_per_arguments_whatever_their_order() -> None:
    assert key(Mode.ARGUMENTS, x="1", y="2") == key(Mode.ARGUMENTS, y="2", x="1")
    assert key(Mode.ARGUMENTS, x="1", y="2") != key(Mode.ARGUMENTS, x="2", y="1")


def test_one_key_per_named_arguments() -> None:
    assert key(Mode.KEYS, "x", x="1", y="2") == key(Mode.KEYS, "x", x="1", y="3")
    assert key(Mode.KEYS, "x", x="1", y="2") != key(Mode.KEYS, "x", x="2", y="2")
