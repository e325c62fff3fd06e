"""Values ↔ text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class BaseSerializer(ABC):
    """Turns arguments and results into text that every store can keep, and back.

    One serializer belongs to one app. Its methods may be called from several threads.
    """

    @abstractmethod
    def serialize(self, value: Any, *, expected: Any = Any) -> str:
        """Return ``value`` as text that encodes to UTF-8.

        Deterministic: equal values of the same types, in the same order where order counts, give the same
        text in every process. ``value`` is not changed.

        Args:
            value: What to write.
            expected: The resolved annotation of the parameter or return value. It may widen what can be
                written; it never changes a value.

        Raises:
            SerializationError: the value would not come back as it is; the message has the path to the
                part that is in the way, its type, and what to do. Nothing else is raised.
        """

    @abstractmethod
    def deserialize(self, text: str, *, expected: Any = Any) -> Any:
        """Return the value that ``serialize`` was given together with the same annotation.

        Same type and same value. A serializer of data only never imports or calls anything that the text
        names; one that does says so in its first line, and belongs behind a signature.

        Raises:
            SerializationError: the text was not written by this serializer, or names a type that is not
                known here. Nothing else is raised.
        """

    def register_type(  # noqa: B027 - not abstract: whoever carries any object has nothing to do
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        *,
        subclasses: bool = False,
    ) -> None:
        """Make instances of ``cls`` known wherever they occur; the last registration of a class counts.

        Every process that reads such values must register the class too, before the first of them. A
        serializer that writes any object by itself may leave registrations out of account.

        Args:
            cls: The class.
            encode: From an instance to something that can be serialized.
            decode: Back. Both or none; without them the serializer must know this kind of class.
            subclasses: Also for instances of subclasses, which come back as whatever ``decode`` returns.

        Raises:
            SerializationError: this class cannot be registered so.
        """
