"""pickle and jsonpickle, for who chooses them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynenc.exceptions import SerializationError
from pynenc.serializer import JsonPickleSerializer, PickleSerializer

from . import shop

AnySerializer = PickleSerializer | JsonPickleSerializer


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, 1.5, "é😀", [1, (2, {3})], {"a": {1: 2, "b": None}}, b"x", shop.Plain([shop.Plain(1)])),
        *(shop.Color.RED, shop.Item("a"), {"json://x": 1, "__pynenc__": ["tuple", []]}, shop.Point(1.0)),
        {(1, 2): shop.Item("a")},
        *(bytearray(b"x"), [datetime(2024, 1, 1, 1, fold=1), time(1, tzinfo=UTC)]),
        datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1),
    ],
)
def test_objects_come_back(any_object_serializer: AnySerializer, value: Any) -> None:
    text = any_object_serializer.serialize(value)
    assert text.isascii()
    back = any_object_serializer.deserialize(text)
    assert back == value
    assert getattr(back, "fold", None) == getattr(value, "fold", None)
    assert type(back) is type(value)


def test_registered_classes_are_carried_as_data(any_object_serializer: AnySerializer) -> None:
    lock = threading.Lock()  # nobody can pickle it

    class Handle(shop.Plain):
        pass

    any_object_serializer.register_type(
        shop.Plain,
        encode=lambda plain: {"id": plain.value[0]},
        decode=lambda data: ("handle", data["id"]),
        subclasses=True,
    )
    value = {"a": [Handle(("x", lock)), shop.Plain(("y", lock))], "again": Handle(("x", lock))}
    back = any_object_serializer.deserialize(any_object_serializer.serialize(value))
    assert back == {"a": [("handle", "x"), ("handle", "y")], "again": ("handle", "x")}


def test_registered_in_one_process_only(any_object_serializer: AnySerializer) -> None:
    any_object_serializer.register_type(shop.Plain, lambda plain: 1, lambda data: None)
    text = any_object_serializer.serialize([shop.Plain()])
    with pytest.raises(SerializationError, match=r"shop:Plain is not registered"):
        type(any_object_serializer)().deserialize(text)


@pytest.mark.parametrize(
    "value",
    [memoryview(b"x"), {}.keys(), sys._getframe(), [lambda: 0], {"f": lambda: 0}, (n for n in ())],
)
def test_what_cannot_be_written_is_refused(any_object_serializer: AnySerializer, value: Any) -> None:
    with pytest.raises(SerializationError, match=r"type \S+"):
        any_object_serializer.serialize(value)


@pytest.mark.parametrize("text", ["", "x", "{", "gASV", "é", '{"py/object": "no.such.module.Class"}'])
def test_broken_text_is_one_kind_of_error(any_object_serializer: AnySerializer, text: str) -> None:
    with pytest.raises(SerializationError):
        any_object_serializer.deserialize(text)


def test_deep_values_are_one_kind_of_error(any_object_serializer: AnySerializer) -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(SerializationError, match="deep"):
        any_object_serializer.serialize(value)


@pytest.mark.parametrize("key", ["py/object", "py/id", "py/tuple", "py/reduce", "py/pynenc", "py/anything"])
def test_jsonpickle_refuses_dicts_with_its_own_keys(key: str) -> None:
    for value in ({key: 1}, [{"a": {key: [1]}}], shop.Plain({key: 1})):
        with pytest.raises(SerializationError, match="py/"):
            JsonPickleSerializer().serialize(value)


keys = st.text(max_size=4) | st.sampled_from(
    ["py/object", "py/tuple", "json://1", "json://", "null", "default_factory"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys | st.integers() | st.none() | st.tuples(st.integers()), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(values)
def test_jsonpickle_keeps_data_or_refuses_it(value: Any) -> None:
    serializer = JsonPickleSerializer()
    text = None
    with contextlib.suppress(SerializationError):
        text = serializer.serialize(value)
    assert (text is None) == has_own_keys(value)
    if text is not None:
        assert serializer.deserialize(text) == value


def has_own_keys(value: Any) -> bool:
    """Whether a key, or a pair of lone surrogates, belongs to what jsonpickle cannot keep."""
    if isinstance(value, dict):
        return any(map(has_own_keys, value.values())) or any(
            isinstance(key, str) and key.startswith("py/") for key in value
        )
    return isinstance(value, list | tuple) and any(map(has_own_keys, value))


def test_they_are_loaded_on_demand() -> None:
    program = (
        "import sys, pynenc.serializer\n"
        "assert not {'jsonpickle', 'pynenc.serializer.pickle_serializer'} & set(sys.modules)\n"
        "from pynenc.serializer import JsonPickleSerializer, PickleSerializer\n"
        "assert {'jsonpickle', 'pynenc.serializer.pickle_serializer'} < set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_shared_objects_stay_shared_beside_registered_ones(any_object_serializer: AnySerializer) -> None:
    any_object_serializer.register_type(
        shop.Plain, lambda plain: {"v": [plain.value]}, lambda data: data["v"][0]
    )
    shared: list[Any] = [1]
    item = shop.Item("a")
    value = [
        *(shared, shop.Plain({"k": shared}), item, datetime(2024, 1, 1, fold=1)),
        *(shop.Plain([2]), bytearray(b"x"), shared, item, {"x": item}),
    ]
    back = any_object_serializer.deserialize(any_object_serializer.serialize(value))
    assert back == [*value[:1], {"k": [1]}, *value[2:4], [2], *value[5:]]
    assert back[0] is back[6] is back[1]["k"]
    assert back[2] is back[7] is back[8]["x"]
