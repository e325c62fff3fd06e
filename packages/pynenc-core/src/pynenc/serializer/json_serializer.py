"""The default serializer: typed JSON that holds data only. Reading it never imports or runs anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any

from pynenc.contracts.serializer import BaseSerializer
from pynenc.exceptions import SerializationError
from pynenc.serializer.json_tree import SCALARS, TAG_KEY, TOO_DEEP, Decoder, Encoder, RefusedError, dumps
from pynenc.serializer.json_types import PLAIN_INT_BITS, Codec
from pynenc.serializer.trust import Scope, trusted_by
from pynenc.serializer.user_types import class_tag, codec_of_shape

#: In every text with a tag. A text in which somebody spelled the key with escapes is read as a plain dict.
_MARK = f'"{TAG_KEY}"'
#: Annotations whose classes are remembered.
_MAX_SCOPES = 1024
_WRITTEN_AS_THEY_ARE = SCALARS | {list, dict, set, frozenset, object}


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# The scanner itself: around it, decode() looks for white space, which takes longer than reading a number.
_decoder: Any = json.JSONDecoder(parse_constant=_refuse_constant)
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once


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
        self._also_trusted: frozenset[type] = frozenset()
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
        if not isinstance(cls, type) or cls in _WRITTEN_AS_THEY_ARE:
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
            self._also_trusted = self._also_trusted | (trusted_by(cls).classes - {cls})
        # Replaced, not changed: other threads may be reading them.
        self._registered = {**self._registered, cls: codec}
        if subclasses:
            self._families = {**self._families, cls: codec}
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
        if cls is float and isfinite(value):
            return float.__repr__(value)
        try:
            return dumps(Encoder(self._scope(expected)).encode(value, 0))
        except RefusedError as refused:
            raise SerializationError(f"cannot serialize {refused}") from refused.__cause__
        except RecursionError:
            raise SerializationError(f"cannot serialize $ ({cls.__qualname__}): {TOO_DEEP}") from None

    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """The value that was written.

        Raises:
            SerializationError: it is not what ``serialize`` writes, or names a class that is not allowed here.
        """
        try:
            node, end = _scan(text, 0)
            if end != len(text):
                raise ValueError(f"something follows at position {end}")
            # Without a tag there is nothing to build, and most texts have none.
            if _MARK not in text:
                return node
            return Decoder(self._scope(expected)).decode(node)
        except RefusedError as refused:
            raise SerializationError(f"cannot deserialize {refused}") from refused.__cause__
        except RecursionError:
            raise SerializationError(f"cannot deserialize $: {TOO_DEEP}") from None
        except StopIteration as error:
            raise SerializationError(
                f"cannot deserialize $: no JSON value at position {error.value}"
            ) from None
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
