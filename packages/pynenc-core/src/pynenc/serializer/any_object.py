"""What the serializers that carry any object have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynenc.contracts.serializer import BaseSerializer
from pynenc.exceptions import SerializationError
from pynenc.serializer.json_types import Codec
from pynenc.serializer.user_types import class_tag


class RegisteredTypes:
    """Classes whose objects are carried as data, such as handles of invocations, which hold their app."""

    def __init__(self) -> None:
        self._by_type: dict[type, Codec] = {}
        self._by_tag: dict[str, Codec] = {}
        self._families: dict[type, Codec] = {}

    def add(self, codec: Codec, subclasses: bool) -> None:
        """Take up a class, and with ``subclasses`` those below it."""
        self._by_type[codec.cls] = codec
        self._by_tag[codec.tag] = codec
        if subclasses:
            self._families[codec.cls] = codec

    def of_class(self, cls: type) -> Codec | None:
        """How objects of a class are carried; None leaves it to the library."""
        codec = self._by_type.get(cls)
        if codec is None and self._families:
            codec = next((self._families[base] for base in cls.__mro__ if base in self._families), None)
        return codec

    def decode(self, tag: str, data: Any) -> Any:
        """The object of what the codec of that tag made.

        Raises:
            SerializationError: nobody registered the class in this process.
        """
        codec = self._by_tag.get(tag)
        if codec is None:
            raise SerializationError(f"cannot deserialize: {tag} is not registered in this process")
        return codec.decode(data)


class AnyObjectSerializer(BaseSerializer):
    """Base of serializers that carry any object."""

    def __init__(self) -> None:
        self._types = RegisteredTypes()

    def register_type(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        *,
        subclasses: bool = False,
    ) -> None:
        """Carry objects of a class as what ``encode`` makes of them; without functions nothing changes."""
        if encode is not None and decode is not None:
            self._types.add(Codec(cls, class_tag(cls), encode, decode), subclasses)


def text_of(error: BaseException) -> str:
    """What to say about an error of the library."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"{type(error).__name__}: {error}"
