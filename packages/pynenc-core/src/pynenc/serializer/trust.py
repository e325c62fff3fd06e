"""Which classes a text may name: those of the annotation, recursively, and registered ones."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from pynenc.serializer.json_types import STANDARD_BY_TYPE, Codec
from pynenc.serializer.user_types import class_tag, codec_of_shape, is_named_tuple

_PLAIN = frozenset({type(None), bool, int, float, str, list, dict, set, frozenset, object, *STANDARD_BY_TYPE})


class Trust(typing.NamedTuple):
    """The classes that an annotation names."""

    classes: frozenset[type]
    #: False when a name in it could not be resolved (yet), so that the answer may be another one later.
    complete: bool


def trusted_by(expected: Any) -> Trust:
    """The classes named in an annotation, in the fields of these classes, and so on."""
    collector = _Collector()
    collector.visit(expected)
    return Trust(frozenset(collector.classes), collector.complete)


class Scope:
    """The classes that one serialization may write or read.

    Args:
        registered: Codecs of registered classes.
        families: Codecs of registered classes that stand for their subclasses as well.
        trusted: Classes of the annotation.
    """

    __slots__ = ("_ambiguous", "_by_tag", "_by_type", "_families")

    def __init__(
        self, registered: Iterable[Codec], families: Iterable[Codec], trusted: Iterable[type]
    ) -> None:
        self._families = {codec.cls: codec for codec in families}
        self._by_type: dict[type, Codec] = {}
        self._by_tag: dict[str, Codec] = {}
        self._ambiguous: set[str] = set()
        for codec in registered:
            self._add(codec)
        for cls in trusted:
            if cls not in self._by_type:
                found = codec_of_shape(cls)
                if found is not None:
                    self._add(found)

    def _add(self, codec: Codec) -> None:
        self._by_type[codec.cls] = codec
        other = self._by_tag.setdefault(codec.tag, codec)
        if other.cls is not codec.cls:
            self._ambiguous.add(codec.tag)

    def of_class(self, cls: type) -> Codec | None:
        """How objects of exactly this class are written."""
        codec = self._by_type.get(cls)
        if codec is None and self._families:
            codec = next((self._families[base] for base in cls.__mro__ if base in self._families), None)
        return codec

    def of_tag(self, tag: str) -> Codec | None:
        """The class of that name; classes are never looked for anywhere else."""
        return self._by_tag.get(tag)

    def is_ambiguous(self, codec: Codec) -> bool:
        """Whether two classes have this name, so that text cannot tell them apart."""
        return codec.tag in self._ambiguous

    def names(self, cls: type) -> bool:
        """Whether another class of the same name is allowed: the module was loaded twice."""
        return class_tag(cls) in self._by_tag


class _Collector:
    def __init__(self) -> None:
        self.classes: set[type] = set()
        self.complete = True
        self._seen: set[int] = set()
        self._kept: list[Any] = []  # so that no id in _seen is used again

    def visit(self, hint: Any) -> None:
        pending = [hint]
        while pending:
            hint = pending.pop()
            if id(hint) in self._seen:
                continue
            self._seen.add(id(hint))
            self._kept.append(hint)
            pending.extend(self._named_in(hint))

    def _named_in(self, hint: Any) -> Iterator[Any]:
        origin = typing.get_origin(hint)
        if origin is not None:
            yield from self._named_in_alias(hint, origin)
        elif isinstance(hint, type):
            yield from self._named_in_class(hint)
        elif isinstance(hint, str | typing.ForwardRef):
            self.complete = False
        elif isinstance(hint, typing.TypeVar):
            yield from hint.__constraints__
            if hint.__bound__ is not None:
                yield hint.__bound__
        elif isinstance(hint, dataclasses.InitVar | typing.NewType):
            yield hint.type if isinstance(hint, dataclasses.InitVar) else hint.__supertype__
        elif isinstance(hint, list | tuple):  # the parameters of a Callable
            yield from hint
        elif type(hint).__name__ == "TypeAliasType":  # `type X = …`, Python 3.12
            yield hint.__value__

    def _named_in_alias(self, hint: Any, origin: Any) -> Iterator[Any]:
        if origin is typing.Literal:
            for value in typing.get_args(hint):
                yield type(value)
            return
        # Of Annotated only the type, not what is said about it.
        yield from typing.get_args(hint)[:1] if origin is typing.Annotated else typing.get_args(hint)
        if isinstance(origin, type):
            yield origin
        elif type(origin).__name__ == "TypeAliasType":
            yield origin.__value__

    def _named_in_class(self, cls: type) -> Iterator[Any]:
        if cls in _PLAIN:
            return
        self.classes.add(cls)
        if issubclass(cls, BaseModel):
            if not cls.__pydantic_complete__:
                cls.model_rebuild(raise_errors=False)
            self.complete &= cls.__pydantic_complete__
            for field in cls.model_fields.values():
                yield field.annotation
            for attribute in cls.__private_attributes__:
                yield self._hint_of(cls, attribute)
        elif dataclasses.is_dataclass(cls) or is_named_tuple(cls) or typing.is_typeddict(cls):
            yield from self._hints_of(cls)
            # What the type variables of generic bases stand for: class Orders(Page[Order]).
            for base in cls.__mro__:
                for alias in vars(base).get("__orig_bases__", ()):
                    yield from typing.get_args(alias)

    def _hints_of(self, cls: type) -> Iterator[Any]:
        try:
            yield from typing.get_type_hints(cls, include_extras=True).values()
        except Exception:  # noqa: BLE001 - an annotation may be any expression
            for base in cls.__mro__:
                for name in vars(base).get("__annotations__", ()):
                    yield self._hint_of(base, name)

    def _hint_of(self, cls: type, name: str) -> Any:
        """One annotation; an incomplete answer when it cannot be resolved, say under TYPE_CHECKING."""
        for base in cls.__mro__:
            annotations = vars(base).get("__annotations__", {})
            if name in annotations:
                holder = type("_Holder", (), {"__annotations__": {name: annotations[name]}})
                holder.__module__ = base.__module__
                try:
                    return typing.get_type_hints(holder, include_extras=True)[name]
                except Exception:  # noqa: BLE001 - as above
                    self.complete = False
                    return None
        return None
