"""The default serializer: typed JSON that holds data only. Reading it never imports or runs anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any

from pynenc.contracts.serializer import BaseSerializer
from pynenc.exceptions import SerializationError
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
from pynenc.serializer.trust import Scope, trusted_by
from pynenc.serializer.user_types import CLASS_MARK, class_tag, codec_of_shape

_TAG = str(ReservedKeys.TAG)
_MARK = f'"{_TAG}"'
#: How deep values may be nested.
MAX_DEPTH = 200
_MAX_SCOPES = 1024
_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
_REMEDIES = (
    "name its class in the annotation of the parameter or result, register it with app.register_type(), "
    "or choose another serializer_cls (JsonPickleSerializer, PickleSerializer)"
)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_loads = json.JSONDecoder(parse_constant=_refuse_constant).decode


class JsonSerializer(BaseSerializer):
    """JSON with tags for what JSON lacks.

    A value comes back equal and of the same type, or is refused. Python's own value types are always allowed;
    enums, dataclasses, NamedTuples, pydantic models and classes with ``to_json()`` and ``from_json()`` when the
    annotation names them (also in the fields of what it names), or when they are registered. Nothing is
    converted: an int stays an int where the annotation says float. Subclasses have to be named themselves.
    """

    def __init__(self) -> None:
        self._registered: dict[type, Codec] = {}
        self._families: dict[type, Codec] = {}
        self._also_trusted: set[type] = set()
        self._scopes: dict[Any, Scope] = {}

    def register_type(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        *,
        subclasses: bool = False,
    ) -> None:
        """Allow a class wherever it appears; both functions, or none for a class that has a shape of its own.

        Raises:
            SerializationError: there is no way to write the class, or it is one that is written as it is.
        """
        if not isinstance(cls, type) or cls in _SCALARS or cls in (list, dict, set, frozenset, object):
            raise SerializationError(f"{cls!r} is not a class whose form can be chosen")
        if (encode is None) is not (decode is None):
            raise SerializationError("register_type takes both encode and decode, or none of them")
        if encode is not None and decode is not None:
            codec = Codec(cls, class_tag(cls), encode, decode)
        else:
            shape = codec_of_shape(cls)
            if shape is None or subclasses:
                raise SerializationError(
                    f"{cls.__qualname__} needs encode and decode: it is no enum, dataclass, NamedTuple or "
                    "pydantic model, and has no to_json() and from_json()"
                )
            codec = shape
            self._also_trusted |= trusted_by(cls).classes - {cls}
        self._registered[cls] = codec
        if subclasses:
            self._families[cls] = codec
        self._scopes = {}

    def serialize(self, value: Any, *, expected: Any = Any) -> str:
        """ASCII text; equal for equal values, whatever the order of sets.

        Raises:
            SerializationError: the message has the path to what cannot be written, its type and remedies.
        """
        cls = type(value)
        if cls is str and value.isascii():
            return encode_basestring_ascii(value)
        if cls is int and value.bit_length() < PLAIN_INT_BITS:
            return int.__repr__(value)
        if value is None:
            return "null"
        if cls is bool:
            return "true" if value else "false"
        try:
            return _dumps(_Encoder(self._scope(expected)).encode(value, 0))
        except _RefusedError as refused:
            raise SerializationError(f"cannot serialize {refused}") from refused.__cause__
        except RecursionError:
            raise SerializationError(f"cannot serialize $ ({cls.__qualname__}): {_TOO_DEEP}") from None

    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """The value that was written.

        Raises:
            SerializationError: it is not what ``serialize`` writes, or names a class that is not allowed here.
        """
        try:
            node = _loads(text)
            # Without a tag there is nothing to build, and most texts have none.
            if _MARK not in text:
                return node
            return _Decoder(self._scope(expected)).decode(node)
        except _RefusedError as refused:
            raise SerializationError(f"cannot deserialize {refused}") from refused.__cause__
        except RecursionError:
            raise SerializationError(f"cannot deserialize $: {_TOO_DEEP}") from None
        except (ValueError, TypeError) as error:
            raise SerializationError(f"cannot deserialize $: it is not JSON text: {error}") from error

    def _scope(self, expected: Any) -> Scope:
        try:
            scope = self._scopes.get(expected)
        except TypeError:  # not hashable
            return self._make_scope(expected)[0]
        if scope is None:
            scopes = self._scopes
            scope, complete = self._make_scope(expected)
            if complete and len(scopes) < _MAX_SCOPES:
                scopes[expected] = scope
        return scope

    def _make_scope(self, expected: Any) -> tuple[Scope, bool]:
        trust = trusted_by(expected)
        classes = trust.classes | self._also_trusted
        return Scope(self._registered.values(), self._families.values(), classes), trust.complete


_SCALARS = frozenset({type(None), bool, int, float, str})
_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels, or contains itself"


class _RefusedError(Exception):
    """A value that cannot be written or read; gets its path on the way out."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self._what = what
        self._why = why
        self._steps: list[str] = []

    def below(self, step: str) -> _RefusedError:
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


class _Encoder:
    """Value → what the json module writes."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def encode(self, value: Any, depth: int) -> Any:
        cls = type(value)
        if cls in _SCALARS:
            return _scalar(value, cls)
        if depth >= MAX_DEPTH:
            raise _RefusedError(_name(cls), _TOO_DEEP)
        if cls is dict:
            return self._dict(value, depth + 1)
        if cls is list:
            return self._items(value, depth + 1)
        if cls is set or cls is frozenset:
            nodes = self._items(list(value), depth + 1)
            # Equal sets give equal text, on which concurrency control by arguments relies.
            nodes.sort(key=_dumps)
            return {_TAG: [SET_TAG if cls is set else FROZENSET_TAG, nodes]}
        codec = self._scope.of_class(cls) or STANDARD_BY_TYPE.get(cls)
        if codec is None:
            raise _RefusedError(_name(cls), self._why_not(cls))
        return self._by_codec(value, codec, depth + 1)

    def _by_codec(self, value: Any, codec: Codec, depth: int) -> Any:
        if self._scope.is_ambiguous(codec):
            raise _RefusedError(_name(codec.cls), "two different classes of this name are allowed here")
        try:
            data = codec.encode(value)
        except Unsupported as error:
            raise _RefusedError(_name(codec.cls), f"{error}; or {_REMEDIES}") from None
        except Exception as error:
            raise _RefusedError(_name(codec.cls), f"{type(error).__name__}: {error}") from error
        if type(data) is list:
            return {_TAG: [codec.tag, self._items(data, depth)]}
        return {_TAG: [codec.tag, self.encode(data, depth)]}

    def _items(self, items: list[Any], depth: int) -> list[Any]:
        nodes: list[Any] = []
        encode = self.encode
        try:
            for item in items:
                nodes.append(encode(item, depth))
        except _RefusedError as refused:
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
        except _RefusedError as refused:
            raise refused.below(_step(key)) from refused.__cause__
        return nodes

    def _pairs(self, items: dict[Any, Any], depth: int) -> list[Any]:
        nodes: list[Any] = []
        key: Any = None
        try:
            for key, value in items.items():
                nodes.append([self.encode(key, depth), self.encode(value, depth)])
        except _RefusedError as refused:
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


def _tagged(tag: str, value: Any) -> dict[str, Any]:
    return {_TAG: [tag, STANDARD_BY_TAG[tag].encode(value)]}


def _has_plain_keys(items: dict[Any, Any]) -> bool:
    for key in items:
        if type(key) is not str or (not key.isascii() and SURROGATE_PAIR.search(key)):
            return False
    return _TAG not in items


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")


class _Decoder:
    """What the json module read → value."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def decode(self, node: Any) -> Any:
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
        except _RefusedError as refused:
            raise refused.below(f"[{len(items)}]") from refused.__cause__
        return items

    def _dict(self, nodes: dict[str, Any]) -> dict[str, Any]:
        items: dict[str, Any] = {}
        decode = self.decode
        key = ""
        try:
            for key, node in nodes.items():
                items[key] = decode(node)
        except _RefusedError as refused:
            raise refused.below(_step(key)) from refused.__cause__
        return items

    def _tagged(self, node: dict[str, Any]) -> Any:
        content = node[_TAG]
        if len(node) != 1 or type(content) is not list or len(content) != 2 or type(content[0]) is not str:
            raise _RefusedError("?", "it is not what this serializer writes")
        tag = content[0]
        if tag.startswith(CLASS_MARK):
            codec = self._scope.of_tag(tag)
            if codec is None:
                raise _RefusedError(tag[1:].replace(":", "."), f"its class is not allowed here: {_REMEDIES}")
            if self._scope.is_ambiguous(codec):
                raise _RefusedError(_name(codec.cls), "two different classes of this name are allowed here")
        elif tag in STANDARD_BY_TAG:
            codec = STANDARD_BY_TAG[tag]
        else:
            raise _RefusedError(tag, "there is no such type: was it written by a newer version of pynenc?")
        data = self.decode(content[1])
        try:
            return codec.decode(data)
        except Exception as error:
            raise _RefusedError(_name(codec.cls), f"{type(error).__name__}: {error}") from error
