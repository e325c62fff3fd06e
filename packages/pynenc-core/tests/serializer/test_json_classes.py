"""Classes of users: written when the annotation names them or when they are registered, else refused."""

from __future__ import annotations

import enum
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal, Union

import pytest

from pynenc.exceptions import SerializationError
from pynenc.serializer import JsonSerializable, JsonSerializer

from . import shop


def through(serializer: JsonSerializer, value: Any, expected: Any) -> Any:
    return serializer.deserialize(serializer.serialize(value, expected=expected), expected=expected)


def model(**values: Any) -> shop.Model:
    result = shop.Model(item=shop.Item("a"), **values)
    result._seen = 7
    return result


ALLOWED: list[tuple[Any, Any]] = [
    (shop.Color.GREEN, shop.Color),
    (shop.Color.CRIMSON, shop.Color | None),
    (shop.Level.LOW, shop.Level),
    (shop.Mode.FAST, shop.Mode),
    ({shop.Mode.FAST: 1}, dict[shop.Mode, int]),
    (shop.Right.READ | shop.Right.WRITE, shop.Right),
    (shop.Right(0), shop.Right),
    (shop.Item("a", shop.Color.GREEN), shop.Item),
    ([shop.Item("a")], list[shop.Item]),
    ([shop.Item("a")], Sequence["shop.Item"] | Sequence[shop.Item]),
    ({"k": (shop.Item("a"), 1)}, Mapping[str, tuple[shop.Item, int]]),
    (shop.Item("a"), Union[int, shop.Item]),  # noqa: UP007
    (shop.Item("a"), shop.Marked),
    ([shop.Item("a")], shop.Items),
    (shop.Order([shop.Item("a")], datetime(2024, 1, 1), shop.Person("p", [shop.Person("q")])), shop.Order),
    (shop.Doubled(3), shop.Doubled),
    (shop.Box(shop.Item("a")), shop.Box[shop.Item]),
    (shop.HalfKnown(shop.Item("a")), shop.HalfKnown),
    (shop.Point(1.0, color=shop.Color.RED), shop.Point),
    (shop.OldPoint(1, [2]), shop.OldPoint),
    ({"item": shop.Item("a"), "note": "n"}, shop.Row),
    (model(tags={"x"}), shop.Model),
    (model(), Any | shop.Model),
    (shop.OpenModel(a=2, b=[1], c=(2,)), shop.OpenModel),
    (shop.OpenModel(), shop.OpenModel),
    (shop.Numbers([1, 2]), shop.Numbers),
    (shop.GenericModel[shop.Item](content=shop.Item("a")), shop.GenericModel[shop.Item]),
    (shop.Money(5), shop.Money),
    ([shop.Money(5)], list[shop.Money]),
    (shop.Color.RED, Literal[shop.Color.RED]),
    (shop.Item("a"), Callable[[shop.Item], None] | int),
]


@pytest.mark.parametrize(("value", "expected"), ALLOWED, ids=lambda item: repr(item)[:50])
def test_what_the_annotation_names_comes_back(serializer: JsonSerializer, value: Any, expected: Any) -> None:
    for _ in range(2):
        back = through(serializer, value, expected)
        assert type(back) is type(value)
        assert back == value


def test_no_constructor_runs(serializer: JsonSerializer) -> None:
    value = shop.Doubled(3)
    back = through(serializer, value, shop.Doubled)
    assert (back.value, back.total, back.beside) == (6, 7, [6])
    assert back.beside is not value.beside


def test_private_attributes_and_set_fields_of_a_model_come_back(serializer: JsonSerializer) -> None:
    back = through(serializer, model(tags={"x"}), shop.Model)
    assert back._seen == 7
    assert back.model_fields_set == {"item", "tags"}
    assert back.tags == {"x!"}


def test_cached_properties_are_computed_anew(serializer: JsonSerializer) -> None:
    person = shop.Person("p")
    assert person.shout == "P"
    assert '"P"' not in serializer.serialize(person, expected=shop.Person)
    assert through(serializer, person, shop.Person).shout == "P"


def test_protocol_names_what_says_itself_how_it_is_written() -> None:
    assert isinstance(shop.Money(1), JsonSerializable)
    assert not isinstance(shop.Plain(), JsonSerializable)


# -- refused --------------------------------------------------------------------------------------------


def local_class() -> Any:
    made: Any = make_dataclass("Item", [("name", str)])
    made.__module__ = shop.__name__
    return made


class Zone(tzinfo):
    def utcoffset(self, _: Any) -> None:
        return None


REFUSED: list[tuple[Any, Any, str]] = [
    ({"items": [0, 1, 2, {"when": shop.Plain()}]}, Any, r"\$\.items\[3\]\.when \(.*shop\.Plain\)"),
    (shop.Item("a"), Any, r"\$ \(.*shop\.Item\)"),
    ([shop.Color.RED], Any, r"\$\[0\] \(.*shop\.Color\)"),
    (shop.Mode.FAST, str, r"\$ \(.*shop\.Mode\)"),
    (shop.Level.LOW, int, r"shop\.Level"),
    (shop.SpecialItem("a"), shop.Item, r"shop\.SpecialItem"),
    (shop.MyStr("a"), str, r"shop\.MyStr"),
    (shop.MyDict(), dict, r"shop\.MyDict"),
    ({shop.MyStr("a"): 1}, dict[str, int], r"\$\[key of type MyStr\] \(.*shop\.MyStr\)"),
    ({(1, shop.Plain(1)): 1}, dict, r"shop\.Plain"),
    ({"a b": {1: object()}}, Any, r'\$\["a b"\]\[key of type int\] \(object\)'),
    (shop.Order([shop.Plain()]), shop.Order, r"\$\.items\[0\] \(.*shop\.Plain\)"),  # type: ignore[list-item]
    (shop.Box(shop.Item("a")), shop.Box, r"\$\.content \(.*shop\.Item\)"),
    (lambda: None, Any, "function"),
    (shop, Any, "module"),
    (shop.Item, Any, r"\(type\)"),
    (shop.Plain(), shop.Plain, r"shop\.Plain"),
    (shop.DictToo("a"), shop.DictToo, r"shop\.DictToo"),
    (ValueError("x"), ValueError, "ValueError"),
    ((n for n in ()), Any, "generator"),
    (local_class()("a"), shop.Item, "loaded twice"),
    (datetime(2024, 1, 1, tzinfo=Zone()), Any, "tzinfo"),
]


@pytest.mark.parametrize(("value", "expected", "message"), REFUSED)
def test_what_nobody_named_is_refused_with_path_and_type(
    serializer: JsonSerializer, value: Any, expected: Any, message: str
) -> None:
    with pytest.raises(SerializationError, match=message):
        serializer.serialize(value, expected=expected)


def test_the_message_has_the_remedies(serializer: JsonSerializer) -> None:
    with pytest.raises(SerializationError) as caught:
        serializer.serialize({"x": shop.Item("a")})
    for remedy in ("annotation", "app.register_type", "JsonPickleSerializer"):
        assert remedy in str(caught.value)


def test_an_error_of_to_json_is_the_cause(serializer: JsonSerializer) -> None:
    class Broken:
        def to_json(self) -> Any:
            raise KeyError("inside")

        @classmethod
        def from_json(cls, data: Any) -> Any:
            return cls()

    with pytest.raises(SerializationError, match="inside") as caught:
        serializer.serialize([Broken()], expected=list[Broken])
    assert isinstance(caught.value.__cause__, KeyError)


def test_two_classes_of_one_name_are_refused(serializer: JsonSerializer) -> None:
    other = local_class()
    expected = typing.Union[shop.Item, other]  # noqa: UP007
    for value in (shop.Item("a"), other("a")):
        with pytest.raises(SerializationError, match="two different classes"):
            serializer.serialize(value, expected=expected)


def test_reading_needs_the_class_in_the_annotation_as_well(serializer: JsonSerializer) -> None:
    text = serializer.serialize(shop.Item("a"), expected=shop.Item)
    with pytest.raises(SerializationError, match=r"shop\.Item.*not allowed here"):
        serializer.deserialize(text, expected=shop.Person)


def test_another_version_of_a_class(serializer: JsonSerializer) -> None:
    item = serializer.serialize(shop.Item("a"), expected=shop.Item)
    with pytest.raises(SerializationError, match="no field 'size' here"):
        serializer.deserialize(item.replace('"name"', '"size"'), expected=shop.Item)
    point = serializer.serialize(shop.Point(1.0, 2.0), expected=shop.Point)
    older = point.replace(',"color":null', "")
    assert serializer.deserialize(older, expected=shop.Point) == shop.Point(1.0, 2.0)
    with pytest.raises(SerializationError, match="x"):
        serializer.deserialize(point.replace('"x":1.0,', ""), expected=shop.Point)
    older = serializer.serialize(shop.OpenModel(a=5), expected=shop.OpenModel).replace('"a":5', "")
    assert serializer.deserialize(older, expected=shop.OpenModel).a == 1


def test_attributes_that_are_not_data_cannot_be_set(serializer: JsonSerializer) -> None:
    text = serializer.serialize(shop.Doubled(1), expected=shop.Doubled)
    with pytest.raises(SerializationError, match="__class__"):
        serializer.deserialize(text.replace('"beside"', '"__class__"'), expected=shop.Doubled)


# -- registered -----------------------------------------------------------------------------------------


def test_a_registered_class_needs_no_annotation(serializer: JsonSerializer) -> None:
    serializer.register_type(shop.Plain, lambda plain: (plain.value,), lambda data: shop.Plain(data[0]))
    assert through(serializer, {"a": [shop.Plain({1})]}, Any) == {"a": [shop.Plain({1})]}
    with pytest.raises(SerializationError, match="SubPlain"):
        serializer.serialize(shop.SubPlain())


def test_a_registered_family_is_written_as_its_base(serializer: JsonSerializer) -> None:
    serializer.register_type(shop.Plain, encode=lambda plain: plain.value, decode=shop.Plain, subclasses=True)
    assert type(through(serializer, shop.SubPlain(1), Any)) is shop.Plain


def test_a_class_with_a_shape_is_registered_without_functions(serializer: JsonSerializer) -> None:
    order = shop.Order([shop.Item("a", shop.Color.GREEN)])
    serializer.register_type(shop.Order)
    assert through(serializer, [order], Any) == [order]
    serializer.register_type(enum.Enum("Late", {"A": 1}))  # type: ignore[arg-type]


def test_registered_functions_win_over_the_shape(serializer: JsonSerializer) -> None:
    serializer.register_type(shop.Item, lambda item: item.name, shop.Item)
    assert '"a"]' in serializer.serialize(shop.Item("a"), expected=shop.Item)
    assert through(serializer, shop.Item("a"), shop.Item) == shop.Item("a")


@pytest.mark.parametrize(
    ("cls", "functions"),
    [
        (int, (str, int)),
        (dict, (str, dict)),
        (shop.Plain, ()),
        (shop.Plain, (str, None)),
        ("Plain", (str, str)),
    ],
)
def test_what_cannot_be_registered(serializer: JsonSerializer, cls: Any, functions: Any) -> None:
    with pytest.raises(SerializationError):
        serializer.register_type(cls, *functions)


def test_the_main_script_is_named_as_workers_know_it(
    serializer: JsonSerializer, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = __import__("sys").modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None)
    monkeypatch.setattr(main, "__file__", "/x/tasks.py", raising=False)
    here = dataclass(type("Job", (), {"__annotations__": {"n": int}, "__module__": "__main__"}))
    there = dataclass(type("Job", (), {"__annotations__": {"n": int}, "__module__": "tasks"}))
    text = serializer.serialize(here(1), expected=here)
    assert serializer.deserialize(text, expected=there) == there(1)
