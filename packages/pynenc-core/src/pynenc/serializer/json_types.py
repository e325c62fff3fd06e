"""Which values have a form in JSON, and which one: Python's own types, always allowed."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import TzInfo

from pynenc.values.ids import CallId, TaskId


class ReservedKeys(StrEnum):
    """Keys of JSON objects that have a meaning. User dicts that have them come back unharmed."""

    #: ``{"__pynenc__": [tag, data]}`` is a value that JSON lacks.
    TAG = "__pynenc__"


@runtime_checkable
class JsonSerializable(Protocol):
    """A class that says itself how it is written; its name in the annotation, or registering it, allows it."""

    def to_json(self) -> Any:
        """Data that the serializer can write."""

    @classmethod
    def from_json(cls, data: Any, /) -> Self:
        """The object of what ``to_json`` returned."""


class Codec(NamedTuple):
    """How objects of one class are written under a tag."""

    cls: type
    tag: str
    #: Data that is encoded in its turn.
    encode: Callable[[Any], Any]
    #: The object, of that data; may raise whatever it wants for data that it did not write.
    decode: Callable[[Any], Any]


class Unsupported(ValueError):  # noqa: N818 - becomes a SerializationError with a path
    """A codec cannot carry this one object; the message says why."""


#: Adjacent lone surrogates: JSON would make one character of the two.
SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

#: Where the system has no data of time zones, Python makes a package name of the key.
_ZONE_KEY = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")

#: int, float and str whose JSON text would be read as something else.
INT_TAG, FLOAT_TAG, STR_TAG = "int", "float", "str"
SET_TAG, FROZENSET_TAG, DICT_TAG = "set", "frozenset", "dict"
#: Python limits the digits that text may have to become an int, as low as 640; hexadecimal is not limited.
PLAIN_INT_BITS = 2000


def _checked(data: Any, cls: type) -> Any:
    if type(data) is not cls:
        raise ValueError(f"expected {cls.__name__}, found {type(data).__name__}")
    return data


def _of_text(decode: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda data: decode(_checked(data, str))


def _of_list(decode: Callable[[list[Any]], Any]) -> Callable[[Any], Any]:
    return lambda data: decode(_checked(data, list))


# -- moments --------------------------------------------------------------------------------------------


def _encode_zone(zone: tzinfo | None) -> Any:
    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key is not None:
        return zone.key
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        name = zone.tzname(None)
        parts = [offset.days, offset.seconds, offset.microseconds]
        return parts if name == timezone(offset).tzname(None) else [*parts, name]
    if type(zone) is TzInfo:
        # What pydantic makes of "+02:00".
        return {"pydantic": (zone.utcoffset(None) or timedelta()).total_seconds()}
    raise Unsupported(
        f"its tzinfo is of type {type(zone).__module__}.{type(zone).__qualname__}: use datetime.timezone or "
        "zoneinfo.ZoneInfo"
    )


def _decode_zone(data: Any) -> tzinfo | None:
    if data is None:
        return None
    if type(data) is str:
        if _ZONE_KEY.fullmatch(data) is None:
            raise ValueError(f"{data[:60]!r} is not the name of a time zone")
        return ZoneInfo(data)
    if type(data) is dict:
        return TzInfo(data["pydantic"])
    days, seconds, microseconds, *name = _checked(data, list)
    offset = timedelta(days, seconds, microseconds)
    if name:
        return timezone(offset, _checked(name[0], str))
    return timezone(offset)


def _encode_moment(value: datetime | time) -> Any:
    if (value.tzinfo is None or value.tzinfo is UTC) and not value.fold:
        return value.isoformat()
    return [value.replace(tzinfo=None).isoformat(), value.fold, _encode_zone(value.tzinfo)]


def _decode_moment(cls: type[datetime] | type[time]) -> Callable[[Any], Any]:
    def decode(data: Any) -> Any:
        if type(data) is str:
            return cls.fromisoformat(data)
        text, fold, zone = _checked(data, list)
        return cls.fromisoformat(text).replace(fold=fold, tzinfo=_decode_zone(zone))

    return decode


# -- containers -----------------------------------------------------------------------------------------


def _decode_pairs(data: Any) -> dict[Any, Any]:
    """Of ``[key, value, key, value, …]``, which nests less deep than pairs."""
    result = dict(zip(_checked(data, list)[::2], data[1::2], strict=True))
    if len(result) * 2 != len(data):
        raise ValueError("a key is there twice")
    return result


def _decode_set(cls: type) -> Callable[[Any], Any]:
    def decode(data: Any) -> Any:
        result = cls(_checked(data, list))
        if len(result) != len(data):
            raise ValueError("an item is there twice")
        return result

    return decode


def _pairs(value: Any) -> list[Any]:
    return [part for pair in value.items() for part in pair]


def _of_pairs(cls: type) -> Callable[[Any], Any]:
    return lambda data: cls(_decode_pairs(data))


def _text_codec(cls: type, tag: str, decode: Callable[[str], Any]) -> Codec:
    return Codec(cls, tag, str, _of_text(decode))


def _bytes_codec(cls: type[bytes] | type[bytearray], tag: str) -> Codec:
    return Codec(
        cls,
        tag,
        lambda value: b64encode(value).decode("ascii"),
        _of_text(lambda text: cls(b64decode(text, validate=True))),
    )


_CODECS = [
    Codec(tuple, "tuple", list, _of_list(tuple)),
    _bytes_codec(bytes, "bytes"),
    _bytes_codec(bytearray, "bytearray"),
    Codec(datetime, "datetime", _encode_moment, _decode_moment(datetime)),
    Codec(time, "time", _encode_moment, _decode_moment(time)),
    Codec(date, "date", date.isoformat, _of_text(date.fromisoformat)),
    Codec(
        timedelta,
        "timedelta",
        lambda value: [value.days, value.seconds, value.microseconds],
        _of_list(lambda parts: timedelta(*parts)),
    ),
    _text_codec(UUID, "uuid", UUID),
    _text_codec(Decimal, "decimal", Decimal),
    # Not as text, of which "1e999999999" would be computed.
    Codec(
        Fraction,
        "fraction",
        lambda value: [value.numerator, value.denominator],
        _of_list(lambda xs: Fraction(_checked(xs[0], int), _checked(xs[1], int))),
    ),
    # A path of the platform: the name that a POSIX process wrote is a Windows path on Windows.
    _text_codec(type(Path()), "path", Path),
    _text_codec(PurePosixPath, "pure_posix_path", PurePosixPath),
    _text_codec(PureWindowsPath, "pure_windows_path", PureWindowsPath),
    Codec(complex, "complex", lambda value: [value.real, value.imag], _of_list(lambda xs: complex(*xs))),
    Codec(
        range,
        "range",
        lambda value: [value.start, value.stop, value.step],
        _of_list(lambda xs: range(*xs)),
    ),
    Codec(deque, "deque", lambda value: [list(value), value.maxlen], _of_list(lambda xs: deque(*xs))),
    Codec(OrderedDict, "ordered_dict", _pairs, _of_pairs(OrderedDict)),
    Codec(Counter, "counter", _pairs, _of_pairs(Counter)),
    # Handles of invocations and pynenc's exceptions carry these.
    Codec(TaskId, "task_id", list, _of_list(lambda xs: TaskId(*xs))),
    Codec(CallId, "call_id", list, _of_list(lambda xs: CallId(*xs))),
]

STANDARD_BY_TYPE: dict[type, Codec] = {codec.cls: codec for codec in _CODECS}
STANDARD_BY_TAG: dict[str, Codec] = {
    codec.tag: codec
    for codec in (
        *_CODECS,
        # Which values of these need a tag is decided by the encoder.
        Codec(int, INT_TAG, hex, _of_text(lambda text: int(text, 16))),
        Codec(float, FLOAT_TAG, repr, _of_text(float)),
        Codec(
            str,
            STR_TAG,
            lambda value: [ord(char) for char in value],
            _of_list(lambda codes: "".join(map(chr, codes))),
        ),
        Codec(set, SET_TAG, list, _decode_set(set)),
        Codec(frozenset, FROZENSET_TAG, list, _decode_set(frozenset)),
        Codec(dict, DICT_TAG, _pairs, _decode_pairs),
    )
}
