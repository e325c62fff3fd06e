from __future__ import annotations

import json

import pytest

from pynmon.presentation.payloads import (
    arguments_of,
    has_secret,
    masked_text,
    outcome_of,
    readable,
    serialized_arguments,
    traceback_of,
)


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


def test_masking_takes_no_longer_than_the_text_is_long() -> None:
    # What tries each beginning again takes hours for this.
    for text in ("a" * 3_000_000, "://" * 1_000_000, '"token' * 500_000, "token" * 600_000):
        assert masked_text(text) == text
        assert not has_secret("text", text)


def test_of_arguments_that_are_cut_the_beginning_is_shown_by_name() -> None:
    inner = json.dumps({"password": "hunter2", "note": "x" * 50})
    stored = json.dumps({"first": "=1", "second": "=" + inner}, separators=(",", ":"))
    for end in range(len(stored) - 20, 20, -1):
        first, *rest = arguments_of(stored[:end])
        assert (first.name, first.text, first.note) == ("first", "1", "")
        assert all(one.name == "second" and one.note for one in rest)
        assert "hunter" not in "".join(one.text for one in rest)
    assert arguments_of('{"password":"=\\"hunter2')[0].text == "***"


def test_only_arguments_in_which_nothing_is_masked_are_given_as_they_are_stored() -> None:
    assert serialized_arguments(json.dumps({"a": '="x"'})) == {"a": '"x"'}
    assert serialized_arguments("") == {}
    for stored in (
        json.dumps({"a": "=1", "password": '="x"'}),
        json.dumps({"a": '={"deep": {"apiKey": "x"}}'}),
        json.dumps({"a": '="redis://me:hunter2@host"'}),
        json.dumps({"a": "@" + "f" * 64}),
        '{"a": "=1',
        "[1]",
        '{"a": 1}',
    ):
        assert serialized_arguments(stored) is None
