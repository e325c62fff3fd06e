"""Values ↔ trees that the json module can write, one tag around whatever JSON lacks."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from pynenc.serializer.json_types import (
    DICT_TAG,
    FLOAT_TAG,
    FROZENSET_TAG,
    INT_TAG,
    PLAIN_INT_BITS,
    SET_TAG,
    STANDARD_BY_TAG,
    STANDARD_BY_TYPE,
    STR_TAG,
    SURROGATE_PAIR,
    Codec,
    ReservedKeys,
    Unsupported,
)
from pynenc.serializer.trust import Scope
from pynenc.serializer.user_types import CLASS_MARK, codec_of_shape

#: How deep values may be nested.
MAX_DEPTH = 200
TAG_KEY = str(ReservedKeys.TAG)
dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
_TAG = TAG_KEY
_LARGE = 2**63
_REMEDIES = (
    "name its class in the annotation of the parameter or result, register it with app.register_type(), "
    "or choose another serializer_cls (JsonPickleSerializer, PickleSerializer)"
)
SCALARS = frozenset({type(None), bool, int, float, str})
TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels, or contains itself"


class RefusedError(Exception):
    """A value that cannot be written or read; gets its path on the way out."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self._what = what
        self._why = why
        self._steps: list[str] = []

    def below(self, step: str) -> RefusedError:
        """Add the step that leads to where it was refused; the innermost one comes first."""
        self._steps.append(step)
        return self

    def __str__(self) -> str:
        steps = self._steps[::-1]
        path = "$" + "".join(steps if len(steps) <= 20 else [*steps[:10], "…", *steps[-10:]])
        return f"{path} ({self._what}): {self._why}"


def _step(key: Any) -> str:
    if type(key) is str:
        return f".{key}" if key.isidentifier() else f"[{json.dumps(key[:60])}]"
    return f"[key of type {type(key).__qualname__}]"


class Encoder:
    """Value → what the json module writes."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def encode(self, value: Any, depth: int) -> Any:
        """The tree of a value.

        Raises:
            RefusedError: something in it has no form, or a class that is not allowed here.
        """
        cls = type(value)
        if cls in SCALARS:
            return _scalar(value, cls)
        if depth >= MAX_DEPTH:
            raise RefusedError(_name(cls), TOO_DEEP)
        if cls is dict:
            return self._dict(value, depth + 1)
        if cls is list:
            return self._items(value, depth + 1)
        if cls is set or cls is frozenset:
            nodes = self._items(list(value), depth + 1)
            # Equal sets give equal text, on which concurrency control by arguments relies.
            nodes.sort(key=dumps)
            return {_TAG: [SET_TAG if cls is set else FROZENSET_TAG, nodes]}
        codec = self._scope.of_class(cls) or STANDARD_BY_TYPE.get(cls)
        if codec is None:
            raise RefusedError(_name(cls), self._why_not(cls))
        return self._by_codec(value, codec, depth + 1)

    def _by_codec(self, value: Any, codec: Codec, depth: int) -> Any:
        if self._scope.is_ambiguous(codec):
            raise RefusedError(_name(codec.cls), "two different classes of this name are allowed here")
        try:
            data = codec.encode(value)
        except Unsupported as error:
            raise RefusedError(_name(codec.cls), f"{error}; or {_REMEDIES}") from None
        except Exception as error:
            raise RefusedError(_name(codec.cls), f"{type(error).__name__}: {error}") from error
        if type(data) is list:
            return {_TAG: [codec.tag, self._items(data, depth)]}
        return {_TAG: [codec.tag, self.encode(data, depth)]}

    def _items(self, items: list[Any], depth: int) -> list[Any]:
        if _are_plain(items):
            return items
        nodes: list[Any] = []
        encode = self.encode
        try:
            for item in items:
                nodes.append(encode(item, depth))
        except RefusedError as refused:
            raise refused.below(f"[{len(nodes)}]") from refused.__cause__
        return nodes

    def _dict(self, items: dict[Any, Any], depth: int) -> dict[str, Any]:
        if not _has_plain_keys(items):
            return {_TAG: [DICT_TAG, self._pairs(items, depth)]}
        nodes: dict[str, Any] = {}
        encode = self.encode
        key = ""
        try:
            for key, value in items.items():
                nodes[key] = encode(value, depth)
        except RefusedError as refused:
            raise refused.below(_step(key)) from refused.__cause__
        return nodes

    def _pairs(self, items: dict[Any, Any], depth: int) -> list[Any]:
        nodes: list[Any] = []
        key: Any = None
        try:
            for key, value in items.items():
                nodes += (self.encode(key, depth), self.encode(value, depth))
        except RefusedError as refused:
            raise refused.below(_step(key)) from refused.__cause__
        return nodes

    def _why_not(self, cls: type) -> str:
        if self._scope.names(cls):
            return "another class of this name is allowed here, not this one: its module was loaded twice"
        if codec_of_shape(cls) is not None:
            return f"its class is not allowed here: {_REMEDIES}"
        return (
            "it has no form in JSON: make it a dataclass, or give it to_json() and from_json(), and "
            f"{_REMEDIES}"
        )


def _scalar(value: Any, cls: type) -> Any:
    if cls is str:
        if not value.isascii() and SURROGATE_PAIR.search(value):
            return _tagged(STR_TAG, value)
    elif cls is int:
        if value.bit_length() >= PLAIN_INT_BITS:
            return _tagged(INT_TAG, value)
    elif cls is float and not isfinite(value):
        return _tagged(FLOAT_TAG, value)
    return value


def _are_plain(items: list[Any]) -> bool:
    """Whether all items are written as they are; says so only of lists of one type, and at C speed."""
    types = set(map(type, items))
    if len(types) != 1:
        return False
    cls = types.pop()
    if cls is str:
        return all(map(str.isascii, items))
    if cls is int:
        return bool(max(items) < _LARGE and min(items) > -_LARGE)
    return cls is float and all(map(isfinite, items))


def _tagged(tag: str, value: Any) -> dict[str, Any]:
    return {_TAG: [tag, STANDARD_BY_TAG[tag].encode(value)]}


def _has_plain_keys(items: dict[Any, Any]) -> bool:
    for key in items:
        if type(key) is not str or (not key.isascii() and SURROGATE_PAIR.search(key)):
            return False
    return _TAG not in items


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")


class Decoder:
    """What the json module read → value."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def decode(self, node: Any) -> Any:
        """The value of a tree.

        Raises:
            RefusedError: something in it is not what ``Encoder`` makes, or a class that is not allowed here.
        """
        cls = type(node)
        if cls is dict:
            return self._tagged(node) if _TAG in node else self._dict(node)
        return self._items(node) if cls is list else node

    def _items(self, nodes: list[Any]) -> list[Any]:
        items: list[Any] = []
        decode = self.decode
        try:
            for node in nodes:
                items.append(decode(node))
        except RefusedError as refused:
            raise refused.below(f"[{len(items)}]") from refused.__cause__
        return items

    def _dict(self, nodes: dict[str, Any]) -> dict[str, Any]:
        items: dict[str, Any] = {}
        decode = self.decode
        key = ""
        try:
            for key, node in nodes.items():
                items[key] = decode(node)
        except RefusedError as refused:
            raise refused.below(_step(key)) from refused.__cause__
        return items

    def _tagged(self, node: dict[str, Any]) -> Any:
        content = node[_TAG]
        if len(node) != 1 or type(content) is not list or len(content) != 2 or type(content[0]) is not str:
            raise RefusedError("?", "it is not what this serializer writes")
        tag = content[0]
        if tag.startswith(CLASS_MARK):
            codec = self._scope.of_tag(tag)
            if codec is None:
                raise RefusedError(tag[1:].replace(":", "."), f"its class is not allowed here: {_REMEDIES}")
            if self._scope.is_ambiguous(codec):
                raise RefusedError(_name(codec.cls), "two different classes of this name are allowed here")
        elif tag in STANDARD_BY_TAG:
            codec = STANDARD_BY_TAG[tag]
        else:
            raise RefusedError(tag, "there is no such type: was it written by a newer version of pynenc?")
        data = content[1]
        data = self._items(data) if type(data) is list else self.decode(data)
        try:
            return codec.decode(data)
        except Exception as error:
            raise RefusedError(_name(codec.cls), f"{type(error).__name__}: {error}") from error
