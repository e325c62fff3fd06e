"""Types that bring machinery of typing or pydantic with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

import pytest
from pydantic import BaseModel, ByteSize, HttpUrl, SecretStr

from pynenc.exceptions import SerializationError
from pynenc.serializer import JsonSerializer

T = TypeVar("T")


@dataclass
class Item:
    name: str


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class ItemBox(Box[Item]):
    label: str = ""


@dataclass
class LabelledItemBox(ItemBox):
    color: str = ""


class Pair(NamedTuple, Generic[T]):
    left: T
    right: T


class ItemPair(Pair[Item]):
    pass


class Row(TypedDict, Generic[T]):
    cell: T


class ItemRow(Row[Item]):
    pass


class Link(BaseModel):
    url: HttpUrl
    size: ByteSize = ByteSize(1024)


class Credentials(BaseModel):
    password: SecretStr


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Box[Item](Item("a")), Box[Item]),
        ([Box[Any](1)], list[Box[int]]),
        (ItemBox(Item("a")), ItemBox),
        (LabelledItemBox(Item("a")), LabelledItemBox),
        (ItemPair(Item("a"), Item("b")), ItemPair),
        ({"cell": Item("a")}, ItemRow),
        (HttpUrl("https://example.org/a?b=ü"), HttpUrl),
        (Link(url=HttpUrl("https://example.org/"), size=ByteSize(5)), Link),
    ],
    ids=lambda value: type(value).__name__,
)
def test_generic_classes_and_types_of_pydantic_come_back(value: Any, expected: Any) -> None:
    serializer = JsonSerializer()
    found = serializer.deserialize(serializer.serialize(value, expected=expected), expected=expected)
    assert type(found) is type(value)
    assert found == value


def test_a_type_that_pydantic_writes_otherwise_is_refused() -> None:
    secret = Credentials(password=SecretStr("hush"))
    with pytest.raises(SerializationError, match=r"\.password.*SecretStr") as caught:
        JsonSerializer().serialize(secret, expected=Credentials)
    assert "hush" not in str(caught.value)


def test_an_attribute_that_would_not_be_read_is_not_written() -> None:
    item = Item("a")
    item.more = 1  # type: ignore[attr-defined]
    serializer = JsonSerializer()
    text = serializer.serialize(item, expected=Item)
    assert vars(serializer.deserialize(text, expected=Item)) == {"name": "a", "more": 1}
    item.__wrapped__ = 1  # type: ignore[attr-defined]
    with pytest.raises(SerializationError, match="__wrapped__"):
        serializer.serialize(item, expected=Item)
