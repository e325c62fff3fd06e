from __future__ import annotations

import json

import pytest

from pynmon.presentation.payloads import arguments_of, outcome_of, readable, traceback_of


def test_digits_are_shown_as_they_are_stored() -> None:
    assert readable("12345678901234567890123") == "12345678901234567890123"
    assert readable("1.10") == "1.10"
    assert readable("1e400") == "1e400"
    assert readable('{"a": [1.50, NaN]}') == '{\n  "a": [\n    1.50\n    NaN\n  ]\n}'


def test_arguments_are_opened_by_name() -> None:
    stored = json.dumps({"a": "=1", "b": '="x"', "c": "@" + "f" * 64})
    found = arguments_of(stored)
    assert [(one.name, one.text) for one in found] == [("a", "1"), ("b", '"x"'), ("c", "")]
    assert "kept apart" in found[2].note
    assert arguments_of("") == []


def test_a_signature_is_not_shown() -> None:
    stored = "pynenc-signed:1:main:0123abcd:" + json.dumps({"a": "=1"})
    assert [(one.name, one.text) for one in arguments_of(stored)] == [("a", "1")]


@pytest.mark.parametrize(
    "stored", ["{", "[1]", "null", '{"a": 1}', "\x80\x04cposix\nsystem\n", "[" * 100_000]
)
def test_whatever_is_stored_something_is_shown(stored: str) -> None:
    assert arguments_of(stored) or stored == "null"
    assert isinstance(outcome_of("=" + stored, "result").text, str)
    assert isinstance(traceback_of("=" + stored), str)


@pytest.mark.parametrize(
    "name", ["password", "API_KEY", "apikey", "auth_token", "Secret", "cookie", "db_dsn"]
)
def test_what_sounds_secret_is_masked(name: str) -> None:
    assert readable('"hunter2"', name) == "***"
    assert "hunter2" not in readable(json.dumps([{name: "hunter2", "deep": [{name: {"x": "hunter2"}}]}]))


def test_passwords_in_addresses_are_masked_everywhere() -> None:
    assert readable('"redis://me:hunter2@host/0"') == '"redis://***@host/0"'
    assert "hunter2" not in readable("no json redis://me:hunter2@host/0")
    error = "=" + json.dumps({"traceback": "at redis://me:hunter2@host/0"})
    assert traceback_of(error) == "at redis://***@host/0"


def test_large_and_deep_values_are_cut() -> None:
    assert readable(json.dumps(list(range(100_000)))).count("\n") < 6_000
    assert len(readable("[" * 500 + "]" * 500)) < 50_000
