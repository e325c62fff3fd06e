from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pynenc.serializer.json_serializer import JsonSerializer
from pynmon.presentation.code import code_of

VALUES: tuple[Any, ...] = (
    12345678901234567890,
    1.50,
    True,
    None,
    'it\'s "quoted"\n\u202e\ud800',
    [1, [2]],
    {"a": {"b": 1}},
    {1: "one", (2, 3): "two"},
    (),
    (1,),
    {1, 2},
    set(),
    frozenset({"x"}),
    Decimal("1.30"),
    UUID("12345678123456781234567812345678"),
    date(2026, 1, 31),
    datetime(2026, 1, 31, 12, 30, tzinfo=UTC),
)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_written_is_the_same_call(value: Any) -> None:
    text = JsonSerializer().serialize(value)
    code = code_of("math.sqrt", {"it": text})
    assert code.startswith("from math import sqrt\n")
    made: list[Any] = []

    def task(it: Any) -> None:
        made.append(it)

    # Without its first line, which imports the task.
    exec(code.partition("\n")[2], {"sqrt": task})
    assert made == [value]
    assert type(made[0]) is type(value)


def test_a_call_without_arguments_and_a_long_one_are_readable() -> None:
    assert code_of("a.b.c", {}) == "from a.b import c\n\nc()\n"
    code = code_of("a.b", {"first": '"' + "x" * 80 + '"', "second": "2"})
    assert code.endswith("',\n    second=2,\n)\n")


@pytest.mark.parametrize(
    ("task_id", "arguments"),
    [
        ("a.b", None),
        ("a.b", {"x": '{"py/object": "os.system"}'}),
        ("a.b", {"x": '{"__pynenc__": ["!shop:Order", {}]}'}),
        ("a.b", {"x": '{"__pynenc__": ["decimal", 1]}'}),
        ("a.b", {"x": "gASVBQAAAAAAAAB9lC4="}),
        ("a.b", {"x": "NaN"}),
        ("a.b", {"x": "[" * 100_000}),
        ("a.b", {"x": '"' + "x" * 5_000 + '"'}),
        ("a.b; import os", {}),
        ("a.b", {"x=1); import os; f(y": "1"}),
        ("a.b", {"class": "1"}),
        ("nothing", {}),
    ],
)
def test_what_has_no_expression_is_not_guessed(task_id: str, arguments: dict[str, str] | None) -> None:
    assert code_of(task_id, arguments) == ""
