"""Pickle as text, for values that data cannot express. Reading it can run any code: sign it."""

from __future__ import annotations

import io
import pickle
from base64 import b64decode, b64encode
from typing import Any

from pynenc.exceptions import SerializationError
from pynenc.serializer.any_object import AnyObjectSerializer, RegisteredTypes, text_of


class PickleSerializer(AnyObjectSerializer):
    """Base64 of pickle. Whoever can write to a store can run code in every process that reads it.

    Equal values may give different text, so that concurrency control by arguments may take them for
    different ones.
    """

    def serialize(self, value: Any, *, expected: Any = Any) -> str:
        """Text of any object that pickle knows to write; ``expected`` has no influence.

        Raises:
            SerializationError: pickle refuses an object in it.
        """
        buffer = io.BytesIO()
        try:
            _Pickler(buffer, self._types).dump(value)
        except Exception as error:
            name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
            raise SerializationError(f"cannot pickle a value of type {name}: {text_of(error)}") from error
        return b64encode(buffer.getbuffer()).decode("ascii")

    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """The object; ``expected`` has no influence.

        Raises:
            SerializationError: it is not a pickle, or names something that does not exist in this process.
        """
        try:
            return _Unpickler(io.BytesIO(b64decode(text, validate=True)), self._types).load()
        except SerializationError:
            raise
        except Exception as error:
            raise SerializationError(f"cannot unpickle: {text_of(error)}") from error


def _registered(tag: str, data: Any) -> Any:
    """Stands in the pickle for how a registered object is made; the unpickler has the real function."""
    raise pickle.UnpicklingError(f"{tag} was written by PickleSerializer and can only be read by it")


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, types: RegisteredTypes) -> None:
        super().__init__(buffer, pickle.HIGHEST_PROTOCOL)
        self._types = types

    def reducer_override(self, obj: Any) -> Any:
        # Not persistent_id, which would be called for every number and text as well.
        codec = self._types.of_class(type(obj))
        return NotImplemented if codec is None else (_registered, (codec.tag, codec.encode(obj)))


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, types: RegisteredTypes) -> None:
        super().__init__(buffer)
        self._types = types

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if global_name == _registered.__name__ and module_name == __name__:
            return self._types.decode
        return super().find_class(module_name, global_name)
