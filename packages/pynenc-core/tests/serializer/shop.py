"""Classes of users, for the tests of this folder."""

from __future__ import annotations

import enum
from collections import namedtuple
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Generic, NamedTuple, NewType, Optional, TypedDict, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, RootModel, field_validator

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypeCheckers

T = TypeVar("T")


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"
    CRIMSON = "r"  # noqa: PIE796 - an alias


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    FAST = "fast"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Item:
    name: str
    color: Color = Color.RED


@dataclass(frozen=True, slots=True)
class Order:
    items: list[Item]
    when: datetime | None = None
    by: Optional["Person"] = None  # noqa: UP037, UP045 - a forward reference


@dataclass(order=True)
class Person:
    name: str
    friends: list[Person] = field(default_factory=list)

    @cached_property
    def shout(self) -> str:
        return self.name.upper()


@dataclass
class SpecialItem(Item):
    extra: int = 0


@dataclass
class Doubled:
    """__post_init__ must not run twice."""

    value: int
    factor: InitVar[int] = 2
    total: int = field(init=False)

    def __post_init__(self, factor: int) -> None:
        self.value *= factor
        self.total = self.value + 1
        self.beside = [self.value]


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class HalfKnown:
    item: Item
    never: OnlyForTypeCheckers | None = None


@dataclass
class DictToo(dict):
    name: str = ""


class Point(NamedTuple):
    x: float
    y: float = 0.0
    color: Color | None = None


OldPoint = namedtuple("OldPoint", ["x", "y"])


class Row(TypedDict, total=False):
    item: Item
    note: str


class Model(BaseModel):
    item: Item
    tags: set[str] = set()
    color: Color = Color.RED
    _seen: int = PrivateAttr(default=0)

    @field_validator("tags")
    @classmethod
    def _mark(cls, tags: set[str]) -> set[str]:
        return {f"{tag}!" for tag in tags}


class OpenModel(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    a: int = 1


class Numbers(RootModel[list[int]]):
    pass


class GenericModel(BaseModel, Generic[T]):
    content: T


class Money:
    """Says itself how it is written."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    __hash__ = None  # type: ignore[assignment]

    def to_json(self) -> Any:
        return {"cents": self.cents, "__pynenc__": (1,)}

    @classmethod
    def from_json(cls, data: Any) -> Money:
        assert data["__pynenc__"] == (1,)
        return cls(data["cents"])


class Plain:
    """Has no form in JSON."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)


class SubPlain(Plain):
    pass


class MyStr(str):
    pass


class MyDict(dict):
    pass


Items = NewType("Items", list[Item])
Marked = Annotated[Item, "whatever"]
