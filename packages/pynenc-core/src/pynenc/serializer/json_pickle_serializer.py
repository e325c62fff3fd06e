"""jsonpickle, for values that data cannot express. Reading it can run any code: sign it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from jsonpickle.errors import ClassNotFoundError
from jsonpickle.pickler import Pickler
from jsonpickle.unpickler import Unpickler
from jsonpickle.util import is_picklable

from pynenc.exceptions import SerializationError
from pynenc.serializer.any_object import AnyObjectSerializer, RegisteredTypes, text_of
from pynenc.serializer.json_types import STANDARD_BY_TYPE, SURROGATE_PAIR, Unsupported

#: What jsonpickle's own keys start with.
_OWN_KEYS = "py/"
_TAG = "py/pynenc"
#: Of these jsonpickle loses the content or a part of it.
_BETTER_HERE = {cls: STANDARD_BY_TYPE[cls] for cls in (bytearray, datetime, time)}
_BETTER_BY_TAG = {codec.tag: codec for codec in _BETTER_HERE.values()}


class JsonPickleSerializer(AnyObjectSerializer):
    """jsonpickle. Whoever can write to a store can run code in every process that reads it."""

    def serialize(self, value: Any, *, expected: Any = Any) -> str:
        """ASCII JSON of any object that jsonpickle knows to write; ``expected`` has no influence.

        Raises:
            SerializationError: an object in it would be lost, or is a dict with jsonpickle's own keys.
        """
        try:
            return json.dumps(_Pickler(self._types).flatten(value), separators=(",", ":"))
        except SerializationError:
            raise
        except Exception as error:
            raise SerializationError(
                f"cannot serialize a value of type {type(value).__qualname__}: {text_of(error)}"
            ) from error

    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """The object; ``expected`` has no influence.

        Raises:
            SerializationError: it is not jsonpickle's, or names something that does not exist in this process.
        """
        try:
            return _Unpickler(self._types).restore(json.loads(text))
        except SerializationError:
            raise
        except (Exception, ClassNotFoundError) as error:  # a BaseException in jsonpickle
            raise SerializationError(f"cannot deserialize: {text_of(error)}") from error


def _reduces(obj: Any) -> bool:
    """Whether pickle would know how to make the object, from more than its class."""
    try:
        return not isinstance(obj.__reduce_ex__(2), str)
    except TypeError:
        return False


def _check_text(text: str) -> None:
    if not text.isascii() and SURROGATE_PAIR.search(text):
        raise SerializationError("cannot serialize a str with a pair of lone surrogates: JSON joins them")


class _Pickler(Pickler):  # type: ignore[misc]  # jsonpickle has no types
    """Refuses what jsonpickle would drop or write as something else."""

    def __init__(self, types: RegisteredTypes) -> None:
        super().__init__(keys=True)
        self._types = types

    def _get_flattener(self, obj: Any) -> Any:
        codec = self._types.of_class(type(obj)) or _BETTER_HERE.get(type(obj))
        if codec is not None:
            with contextlib.suppress(Unsupported):
                data = codec.encode(obj)
                return lambda _: {_TAG: [codec.tag, self._flatten(data)]}
        return super()._get_flattener(obj)

    def _flatten_impl(self, obj: Any) -> Any:
        if type(obj) is str:
            _check_text(obj)
        return super()._flatten_impl(obj)

    def _flatten_obj_instance(self, obj: Any) -> Any:
        data = super()._flatten_obj_instance(obj)
        if type(data) is dict and (
            "py/iterator" in data or (data.keys() == {"py/object"} and not _reduces(obj))
        ):
            self._pickle_warning(obj)
        return data

    def _flatten_dict_obj(self, obj: Any, data: Any = None, exclude: Iterable[str] = ()) -> Any:
        for key, value in obj.items():
            if isinstance(key, str):
                _check_text(key)
            if isinstance(key, str) and key.startswith(_OWN_KEYS):
                raise SerializationError(
                    f"cannot serialize a dict with the key {key!r}: keys that start with {_OWN_KEYS!r} belong to "
                    "jsonpickle; rename it, or choose another serializer_cls (JsonSerializer, PickleSerializer)"
                )
            if key not in exclude and not is_picklable(key, value):
                self._pickle_warning(value)
        return super()._flatten_dict_obj(obj, data, exclude)

    def _pickle_warning(self, obj: Any) -> None:
        name = f"{type(obj).__module__}.{type(obj).__qualname__}"
        raise SerializationError(f"jsonpickle cannot serialize an object of type {name}")


class _Unpickler(Unpickler):  # type: ignore[misc]  # jsonpickle has no types
    def __init__(self, types: RegisteredTypes) -> None:
        super().__init__(keys=True, on_missing="error")
        self._types = types

    def _restore_tags(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        if type(obj) is dict and _TAG in obj:
            return self._restore_registered
        return super()._restore_tags(obj, *args, **kwargs)

    def _restore_registered(self, obj: Any) -> Any:
        tag, data = obj[_TAG]
        if tag in _BETTER_BY_TAG:
            return _BETTER_BY_TAG[tag].decode(self._restore(data))
        return self._types.decode(tag, self._restore(data))
