"""What JsonSerializer writes of Python's own types: the same type and value come back."""

from __future__ import annotations

import contextlib
import json
import math
import string
import threading
from collections import Counter, OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pynenc.exceptions import SerializationError
from pynenc.serializer import JsonSerializer, ReservedKeys
from pynenc.serializer.json_types import STANDARD_BY_TAG
from pynenc.values.ids import CallId, TaskId


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return (
            len(left) == len(right)
            and all(same(a, b) for a, b in zip(left, right, strict=True))
            and all(same(a, b) for a, b in zip(left.values(), right.values(), strict=True))
        )
    if isinstance(left, list | tuple | deque):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return repr(left) == repr(right)
    if isinstance(left, Decimal):
        return str(left) == str(right)
    if isinstance(left, complex):
        return repr(left) == repr(right)
    if isinstance(left, datetime | time):
        return (
            left.isoformat() == right.isoformat()
            and left.fold == right.fold
            and left.tzname() == right.tzname()
            and type(left.tzinfo) is type(right.tzinfo)
        )
    return bool(left == right)


def round_trip(value: Any) -> Any:
    serializer = JsonSerializer()
    text = serializer.serialize(value)
    assert text.isascii()
    json.loads(text)
    return serializer.deserialize(text)


VALUES = [
    *(None, True, False, 0, -1, 2**63, -(2**64), 2**20_000, -(10**5_000)),
    *(0.0, -0.0, 1.5, 1e300, 5e-324, math.inf, -math.inf, math.nan),
    *(
        "",
        "abc",
        "é",
        "\x00\n\"\\'",
        "\ud800",
        "\udc00",
        "\ud83d\ude00",
        "😀",
        "a\ud83d\ude00b",
        "__pynenc__",
    ),
    *([], [1, "a", None], [1, 2, 3], [2**64, 1], [math.nan, 1.0], ["é", "\ud83d\ude00"], [True, 1, 1.0]),
    *({}, {"a": 1}, {1: "a", "1": "b", None: 0, 1.5: 0, (1, 2): 0}, {"\ud83d\ude00": 1, "x y": []}),
    *((), (1, (2,)), set(), {1, "a", (2,)}, frozenset(), frozenset({frozenset({1})})),
    *(b"", b"\x00\xff", bytearray(b"x"), 1 + 2j, complex(math.nan, -math.inf)),
    *(date(2024, 2, 29), date.min, date.max, timedelta(-1, 2, 3), timedelta.max),
    *(datetime.min, datetime.max, datetime(2024, 1, 1, 1, fold=1), datetime(2024, 1, 1, tzinfo=UTC)),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(seconds=-1, microseconds=5))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1), "CET")),
    datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1),
    TypeAdapter(datetime).validate_python("2024-01-01T00:00:00+02:00"),
    TypeAdapter(datetime).validate_python("2024-01-01T00:00:00Z"),
    *(time(1, 2, 3, 4), time(1, fold=1), time(1, tzinfo=UTC), time(1, tzinfo=timezone(timedelta(hours=-3)))),
    *(UUID(int=0), UUID(int=2**128 - 1), Path("a/b"), Path(), PurePosixPath("/x"), PureWindowsPath("c:\\x")),
    *(
        Decimal("1.10"),
        Decimal("-0"),
        Decimal("NaN"),
        Decimal("sNaN12"),
        Decimal("-Infinity"),
        Decimal("1E+99"),
    ),
    *(Fraction(1, 3), Fraction(2**5000, 3), range(3), range(10, 0, -3)),
    *(deque([1, (2,)], maxlen=3), deque(), Counter("abca"), OrderedDict([("b", 1), ("a", [2])])),
    *(TaskId("a.b", "c"), CallId(TaskId("a", "b"), "x:y")),
    {"__pynenc__": ["tuple", [1]]},
    {"__pynenc__": {"__pynenc__": ["dict", []]}},
    {"__pynenc__": 1, "other": (1,)},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: {"k": [v, (v,)]}], ids=["", "list", "dict"]
)
def test_the_same_type_and_value_come_back(value: Any, wrap: Any) -> None:
    assert same(round_trip(wrap(value)), wrap(value))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.decimals()
    | st.fractions()
    | st.datetimes(timezones=st.none() | st.just(UTC) | st.timezones(), allow_imaginary=True)
    | st.times()
    | st.dates()
    | st.timedeltas()
    | st.uuids()
    | st.complex_numbers()
)
hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.uuids(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
ours = st.sampled_from(
    [*STANDARD_BY_TAG, *map(str.__str__, ReservedKeys), "@os:system", "@builtins:dict", "value", "dict"]
)
tagged = st.builds(
    lambda tag, data: {"__pynenc__": [tag, data]}, ours, scalars | st.lists(ours | scalars, max_size=3)
)
values = st.recursive(
    scalars | tagged,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | ours, inner, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.builds(lambda tag, data: {"__pynenc__": [tag, data]}, ours, inner)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(values)
def test_any_value_comes_back(value: Any) -> None:
    assert same(round_trip(value), value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | ours,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(string.printable) | ours, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_decoding_any_json_gives_a_value_or_one_kind_of_error(value: Any) -> None:
    with contextlib.suppress(SerializationError):
        JsonSerializer().deserialize(json.dumps(value))


def test_plain_values_are_plain_json(serializer: JsonSerializer) -> None:
    value = {"a": [1, 2.5, "é", None, True], "b": {}}
    assert json.loads(serializer.serialize(value)) == value
    assert serializer.serialize(value) == json.dumps(value, separators=(",", ":"))


def test_equal_sets_give_equal_text(serializer: JsonSerializer) -> None:
    one, other = {8, 0}, {0, 8}  # they collide, so that the order of insertion is the order of iteration
    assert list(one) != list(other)
    assert serializer.serialize(one) == serializer.serialize(other)


def test_nothing_is_converted_to_the_annotation(serializer: JsonSerializer) -> None:
    for value, expected in [(1, float), ("1", int), ([1], tuple[int, ...]), (1.0, int), ("a", bytes)]:
        assert same(
            serializer.deserialize(serializer.serialize(value, expected=expected), expected=expected), value
        )


def test_the_value_is_not_changed_and_not_shared(serializer: JsonSerializer) -> None:
    inner = [1, 2]
    value = {"a": inner, "s": {3, 4}}
    serializer.serialize(value)
    assert value == {"a": [1, 2], "s": {3, 4}}
    assert value["a"] is inner


@pytest.mark.parametrize(
    "make",
    [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"k": inner}, lambda inner: {1: inner}],
    ids=["list", "tuple", "dict", "pairs"],
)
def test_depth_is_limited(serializer: JsonSerializer, make: Any) -> None:
    def nested(depth: int) -> Any:
        value: Any = "end"
        for _ in range(depth):
            value = make(value)
        return value

    deep = nested(200)
    assert serializer.deserialize(serializer.serialize(deep)) == deep
    for depth in (201, 100_000):
        with pytest.raises(SerializationError, match="nested deeper than 200"):
            serializer.serialize(nested(depth))


def test_a_list_that_contains_itself_is_refused(serializer: JsonSerializer) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(SerializationError, match="contains itself"):
        serializer.serialize(value)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"__pynenc__":["tuple",[' * 2_000 + "]]}" * 2_000],
)
def test_deep_text_is_refused(serializer: JsonSerializer, text: str) -> None:
    with pytest.raises(SerializationError):
        serializer.deserialize(text)


BROKEN = [
    *("", " ", "nul", "[1,", "[1]x", "NaN", "[Infinity]", "'a'", "1" * 5_000),
    '{"__pynenc__": 1}',
    '{"__pynenc__": []}',
    '{"__pynenc__": ["tuple"]}',
    '{"__pynenc__": ["tuple", [], 1]}',
    '{"__pynenc__": ["tuple", []], "more": 1}',
    '{"__pynenc__": [["tuple"], []]}',
    '{"__pynenc__": ["unknown", 1]}',
    '{"__pynenc__": ["dict", [1, 2, 1, 3]]}',
    '{"__pynenc__": ["dict", [[], 2]]}',
    '{"__pynenc__": ["dict", [1]]}',
    '{"__pynenc__": ["set", [1, 1]]}',
    '{"__pynenc__": ["set", [[]]]}',
    '{"__pynenc__": ["tuple", "abc"]}',
    '{"__pynenc__": ["datetime", "yesterday"]}',
    '{"__pynenc__": ["datetime", ["2024-01-01", 0, "../../etc/passwd"]]}',
    '{"__pynenc__": ["datetime", ["2024-01-01", 0, "No/Such_Zone"]]}',
    '{"__pynenc__": ["fraction", "1e999999999"]}',
    '{"__pynenc__": ["bytes", "***"]}',
    '{"__pynenc__": ["str", [-1]]}',
    '{"__pynenc__": ["float", []]}',
    '{"__pynenc__": ["timedelta", [1e300]]}',
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:50])
def test_broken_text_is_one_kind_of_error(serializer: JsonSerializer, text: str) -> None:
    with pytest.raises(SerializationError, match="cannot deserialize"):
        serializer.deserialize(text)


def test_the_path_is_named_when_reading(serializer: JsonSerializer) -> None:
    with pytest.raises(SerializationError, match=r"\$\.items\[1\]\.when \(.*datetime\)"):
        serializer.deserialize('{"items":[0,{"when":{"__pynenc__":["datetime","x"]}}]}')


def test_threads_may_share_a_serializer(serializer: JsonSerializer) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(200):
                cls = type(f"T{number}_{n}", (), {})
                serializer.register_type(cls, lambda _: 1, lambda _, cls=cls: cls())
                assert type(serializer.deserialize(serializer.serialize([cls()]))[0]) is cls
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
