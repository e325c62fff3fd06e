"""jsonpickle, for values that data cannot express. Reading it can run any code: sign it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from jsonpickle.errors import ClassNotFoundError
from jsonpickle.pickler import Pickler
from jsonpickle.unpickler import Unpickler
from jsonpickle.util import is_picklable

from pynenc.contracts.serializer import BaseSerializer
from pynenc.exceptions import SerializationError
from pynenc.serializer.json_types import SURROGATE_PAIR, Codec
from pynenc.serializer.user_types import class_tag

#: What jsonpickle's own keys start with.
_OWN_KEYS = "py/"
_TAG = "py/pynenc"


class JsonPickleSerializer(BaseSerializer):
    """jsonpickle. Whoever can write to a store can run code in every process that reads it."""

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
        """Carry objects of a class as what ``encode`` makes of them; without functions, as jsonpickle does."""
        if encode is None or decode is None:
            return
        codec = Codec(cls, class_tag(cls), encode, decode)
        self._by_type[cls] = codec
        self._by_tag[codec.tag] = codec
        if subclasses:
            self._families[cls] = codec

    def serialize(self, value: Any, *, expected: Any = Any) -> str:
        """ASCII JSON of any object that jsonpickle knows to write; ``expected`` has no influence.

        Raises:
            SerializationError: an object in it would be lost, or is a dict with jsonpickle's own keys.
        """
        try:
            return json.dumps(_Pickler(self._codec_of).flatten(value), separators=(",", ":"))
        except SerializationError:
            raise
        except Exception as error:
            raise SerializationError(
                f"cannot serialize a value of type {type(value).__qualname__}: {_text(error)}"
            ) from error

    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """The object; ``expected`` has no influence.

        Raises:
            SerializationError: it is not jsonpickle's, or names something that does not exist in this process.
        """
        try:
            return _Unpickler(self._by_tag).restore(json.loads(text))
        except SerializationError:
            raise
        except (Exception, ClassNotFoundError) as error:  # a BaseException in jsonpickle
            raise SerializationError(f"cannot deserialize: {_text(error)}") from error

    def _codec_of(self, cls: type) -> Codec | None:
        codec = self._by_type.get(cls)
        if codec is None and self._families:
            codec = next((self._families[base] for base in cls.__mro__ if base in self._families), None)
        return codec


def _text(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"{type(error).__name__}: {error}"


def _reduces(obj: Any) -> bool:
    try:
        obj.__reduce_ex__(2)
    except TypeError:
        return False
    return True


class _Pickler(Pickler):  # type: ignore[misc]  # jsonpickle has no types
    """Refuses what jsonpickle would drop or write as something else."""

    def __init__(self, codec_of: Callable[[type], Codec | None]) -> None:
        super().__init__(keys=True)
        self._codec_of = codec_of

    def _get_flattener(self, obj: Any) -> Any:
        codec = self._codec_of(type(obj))
        if codec is not None:
            return lambda value: {_TAG: [codec.tag, self._flatten(codec.encode(value))]}
        return super()._get_flattener(obj)

    def _flatten_impl(self, obj: Any) -> Any:
        if type(obj) is str and not obj.isascii() and SURROGATE_PAIR.search(obj):
            raise SerializationError("cannot serialize a text with a pair of lone surrogates")
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
    def __init__(self, by_tag: dict[str, Codec]) -> None:
        super().__init__(keys=True, on_missing="error")
        self._by_tag = by_tag

    def _restore_tags(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        if type(obj) is dict and _TAG in obj:
            return self._restore_registered
        return super()._restore_tags(obj, *args, **kwargs)

    def _restore_registered(self, obj: Any) -> Any:
        tag, data = obj[_TAG]
        codec = self._by_tag.get(tag)
        if codec is None:
            raise SerializationError(f"cannot deserialize: {tag} is not registered in this process")
        return codec.decode(self._restore(data))
