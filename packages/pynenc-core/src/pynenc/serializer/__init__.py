"""Serializers. The default one holds data only; the other two carry any object and are chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynenc.contracts.serializer import BaseSerializer
from pynenc.serializer.json_serializer import JsonSerializer
from pynenc.serializer.json_types import JsonSerializable, ReservedKeys

if TYPE_CHECKING:
    from pynenc.serializer.json_pickle_serializer import JsonPickleSerializer
    from pynenc.serializer.pickle_serializer import PickleSerializer

__all__ = [
    "BaseSerializer",
    "JsonPickleSerializer",
    "JsonSerializable",
    "JsonSerializer",
    "PickleSerializer",
    "ReservedKeys",
]


def __getattr__(name: str) -> Any:
    # Loaded on demand: who uses the default serializer never loads pickle or jsonpickle through here.
    if name == "JsonPickleSerializer":
        from pynenc.serializer.json_pickle_serializer import JsonPickleSerializer  # noqa: PLC0415

        return JsonPickleSerializer
    if name == "PickleSerializer":
        from pynenc.serializer.pickle_serializer import PickleSerializer  # noqa: PLC0415

        return PickleSerializer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
