"""Serializers. The default one holds data only; the other two carry any object and are chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynenc.contracts.serializer import BaseSerializer
from pynenc.lazy_names import lazy_names
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

# Who uses the default serializer never loads pickle or jsonpickle through here.
__getattr__ = lazy_names(
    __name__,
    {
        "JsonPickleSerializer": "pynenc.serializer.json_pickle_serializer",
        "PickleSerializer": "pynenc.serializer.pickle_serializer",
    },
)
