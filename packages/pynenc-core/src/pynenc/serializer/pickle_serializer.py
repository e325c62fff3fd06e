"""Pickle as text, for values that data cannot express. Reading it can run any code: sign it."""

from __future__ import annotations

import io
import pickle
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from pynenc.contracts.serializer import BaseSerializer
from pynenc.exceptions import SerializationError
from pynenc.serializer.json_types import Codec
from pynenc.serializer.user_types import class_tag


class PickleSerializer(BaseSerializer):
    """Base64 of pickle. Whoever can write to a store can run code in every process that reads it."""

    def __init__(self) -> None:
        self._by_type: dict[type, Codec] = {}
        self._by_tag: dict[str, Codec] = {}
        self._families: dict[type, Codec] = {}

    def register_type(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        *,
        subclasses: bool = False,
    ) -> None:
        """Carry objects of a class as what ``encode`` makes of them; without functions, as pickle does."""
        if encode is None or decode is None:
            return
        codec = Codec(cls, class_tag(cls), encode, decode)
        self._by_type[cls] = codec
        self._by_tag[codec.tag] = codec
        if subclasses:
            self._families[cls] = codec

    def serialize(self, value: Any, *, expected: Any = Any) -> str:
        """Text of any object that pickle knows to write; ``expected`` has no influence.

        Raises:
            SerializationError: pickle refuses an object in it.
        """
        buffer = io.BytesIO()
        try:
            _Pickler(buffer, self._codec_of).dump(value)
        except Exception as error:
            name = type(value).__qualname__
            raise SerializationError(f"cannot pickle a value of type {name}: {_text(error)}") from error
        return b64encode(buffer.getbuffer()).decode("ascii")

    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """The object; ``expected`` has no influence.

        Raises:
            SerializationError: it is not a pickle, or names something that does not exist in this process.
        """
        try:
            return _Unpickler(io.BytesIO(b64decode(text, validate=True)), self._by_tag).load()
        except Exception as error:
            raise SerializationError(f"cannot unpickle: {_text(error)}") from error

    def _codec_of(self, cls: type) -> Codec | None:
        codec = self._by_type.get(cls)
        if codec is None and self._families:
            codec = next((self._families[base] for base in cls.__mro__ if base in self._families), None)
        return codec


def _text(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"{type(error).__name__}: {error}"


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, codec_of: Callable[[type], Codec | None]) -> None:
        super().__init__(buffer, pickle.HIGHEST_PROTOCOL)
        self._codec_of = codec_of

    def persistent_id(self, obj: Any) -> Any:
        codec = self._codec_of(type(obj))
        return None if codec is None else (codec.tag, codec.encode(obj))


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, by_tag: dict[str, Codec]) -> None:
        super().__init__(buffer)
        self._by_tag = by_tag

    def persistent_load(self, pid: Any) -> Any:
        tag, data = pid
        codec = self._by_tag.get(tag)
        if codec is None:
            raise pickle.UnpicklingError(f"{tag} is not registered in this process")
        return codec.decode(data)
