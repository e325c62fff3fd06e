"""Text from somebody who can write to a store: nothing is imported, called or built that the task did not name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ImportString

from pynenc.exceptions import RemoteError, SerializationError
from pynenc.serializer import JsonSerializer
from pynenc.serializer.exceptions_codec import decode_exception

from . import shop

NOT_LOADED = "this"  # a module of the standard library that says so when it is imported

NAMES = [
    *("os:system", "os.system", "builtins:eval", "builtins:exec", "builtins:__import__", "builtins:dict"),
    *("subprocess:Popen", "importlib:import_module", "pickle:loads", "posix:system", "nt:system"),
    *(f"{NOT_LOADED}:d", f"{NOT_LOADED}:", "this", "enum:Enum", "logging:Logger", "__main__:__builtins__"),
    *(
        f"{shop.__name__}:Item.__class__",
        f"{shop.__name__}:Item.__init__.__globals__",
        f"{shop.__name__}:Plain",
    ),
]
DATA: list[Any] = ["true", ["true"], {"args": ["true"]}, [["true"], {"shell": True}], None, 1]

CORPUS = [
    *({"__pynenc__": [f"@{name}", data]} for name in NAMES for data in DATA),
    *({"__pynenc__": [name, data]} for name in NAMES for data in DATA),
    *({"__pynenc__": ["path", {"__pynenc__": [f"@{name}", "x"]}]} for name in NAMES),
    # Envelopes of other libraries and of earlier versions.
    *({"__pynenc__client_exception__": {"module": "os", "type": "system", "args": ["true"]}} for _ in "1"),
    {"__pynenc__std_py_exc__": {"type": "eval", "args": ["1"]}},
    {"__pynenc__json_serializable__": {"module": NOT_LOADED, "qualname": "d", "data": 1}},
    {"__pynenc__enum__": {"module": NOT_LOADED, "qualname": "d", "value": 1}},
    {"py/object": "this.d"},
    {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["true"]}]},
    {"__class__": "os.system", "__reduce__": ["os.system", ["true"]]},
]


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"called with {args}")

    monkeypatch.setattr(os, "system", fail)
    monkeypatch.setattr(subprocess, "Popen", fail)


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize("expected", [Any, shop.Order, dict[str, shop.Model]], ids=["Any", "Order", "Model"])
def test_reading_imports_and_calls_nothing(expected: Any) -> None:
    serializer = JsonSerializer()
    serializer.deserialize('{"__pynenc__":["tuple",[]]}', expected=expected)
    loaded = set(sys.modules)
    refused = 0
    for gadget in CORPUS:
        for value in (gadget, [gadget], {"a": {"b": gadget}}):
            try:
                found = serializer.deserialize(json.dumps(value), expected=expected)
            except SerializationError:
                refused += 1
            else:
                assert found == value  # data that only looks like an envelope
    assert set(sys.modules) == loaded
    assert refused > 0.9 * 3 * len(CORPUS)


@pytest.mark.usefixtures("forbidden")
def test_user_data_that_looks_like_a_gadget_comes_back() -> None:
    serializer = JsonSerializer()
    for gadget in CORPUS:
        assert serializer.deserialize(serializer.serialize([gadget])) == [gadget]


class Importing(BaseModel):
    target: ImportString[Any] = None


@pytest.mark.parametrize("name", ["pydantic.types:ImportString", "pydantic:ImportString"])
def test_pydantic_imports_nothing_by_name(name: str) -> None:
    text = json.dumps({"__pynenc__": [f"@{name}", f'"{NOT_LOADED}"']})
    for expected in (Importing, ImportString, ImportString[Any]):
        with pytest.raises(SerializationError):
            JsonSerializer().deserialize(text, expected=expected)
    assert NOT_LOADED not in sys.modules


def test_a_trusted_class_is_built_only_where_its_own_name_stands() -> None:
    serializer = JsonSerializer()
    text = json.dumps({"__pynenc__": [f"@{shop.__name__}:SpecialItem", {"name": "a"}]})
    with pytest.raises(SerializationError, match="not allowed here"):
        serializer.deserialize(text, expected=shop.Item)


@pytest.mark.usefixtures("forbidden")
def test_exceptions_import_and_call_nothing() -> None:
    loaded = set(sys.modules)
    names = [*(name.replace(".", ":").split(":", 1) for name in NAMES if ":" in name)]
    names += [
        ("builtins", "SystemExit"),
        ("builtins", "KeyboardInterrupt"),
        ("builtins", "object"),
        ("builtins", ""),
        ("", "ValueError"),
        (NOT_LOADED, "Error"),
        (shop.__name__, "Item"),
        ("pynenc.serializer", "PickleSerializer"),  # found by the module's own __getattr__ only
    ]
    for module, qualname in names:
        data = {"module": module, "qualname": qualname, "args": [["value", '"true"']], "message": "m"}
        found = decode_exception(json.dumps(data))
        assert type(found) is RemoteError
    assert set(sys.modules) == loaded


class Armed(Exception):
    calls: ClassVar[list[str]] = []

    def __new__(cls, *args: Any) -> Any:
        Armed.calls.append("new")
        return super().__new__(cls, *args)

    def __init__(self, *args: Any) -> None:
        Armed.calls.append("init")

    def __setattr__(self, name: str, value: Any) -> None:
        Armed.calls.append("set")

    def __setstate__(self, state: Any) -> None:
        Armed.calls.append("state")


def test_no_method_of_an_exception_class_runs() -> None:
    data = {
        "module": __name__,
        "qualname": "Armed",
        "args": [["value", "1"]],
        "state": {"a": ["value", "2"]},
        "traceback": "",
    }
    found = decode_exception(json.dumps(data))
    assert type(found) is Armed
    assert (found.args, vars(found)) == ((1,), {"a": 2})
    assert Armed.calls == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "[]",
        "{}",
        '{"module": 1, "qualname": 2, "args": 3}',
        '{"module": [], "qualname": "x", "args": []}',
        '{"module": "builtins", "qualname": "ValueError", "args": [1]}',
        "[" * 100_000,
    ],
)
def test_a_broken_stored_exception_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(SerializationError):
        decode_exception(text)
