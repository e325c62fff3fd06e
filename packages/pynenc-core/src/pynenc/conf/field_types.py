"""Types of fields that read text the way people write it: durations, lists, yes and no."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from functools import partial
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator, Field, SecretStr

_DAY = 86_400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": _DAY}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\s*")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


def _in_unit(value: object, unit_seconds: float) -> object:
    """Durations such as ``timedelta`` and "1h 30m" as a number of units; the rest is left to pydantic."""
    if isinstance(value, timedelta):
        return value.total_seconds() / unit_seconds
    if isinstance(value, str) and _DURATION.fullmatch(value.strip().lower()):
        parts = _PART.findall(value.strip().lower())
        return sum(float(amount) * _UNITS[unit] for amount, unit in parts) / unit_seconds
    return value


#: Upper bound of every duration: longer ones are typing errors.
_MAX_DAYS = 3660

#: Numbers of seconds; "500ms", "30s", "1h30m" and timedelta are read too.
Seconds = Annotated[
    float, BeforeValidator(partial(_in_unit, unit_seconds=1.0)), Field(ge=0, le=_MAX_DAYS * _DAY)
]
#: Numbers of minutes, with the same spellings.
Minutes = Annotated[
    float, BeforeValidator(partial(_in_unit, unit_seconds=60.0)), Field(ge=0, le=_MAX_DAYS * 1440)
]
#: Numbers of hours, with the same spellings.
Hours = Annotated[
    float, BeforeValidator(partial(_in_unit, unit_seconds=3600.0)), Field(ge=0, le=_MAX_DAYS * 24)
]


def _read_bool(value: object) -> object:
    if not isinstance(value, str):
        return value
    # An empty variable means "no"; pydantic reads true/false, yes/no, on/off and 1/0.
    return value.strip() or False


def _read_collection(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return value
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read_choice(value: object, choices: dict[str, object]) -> object:
    return choices.get(value.strip().lower(), value) if isinstance(value, str) else value


def _read_text(value: object) -> object:
    # YAML and TOML read an all-digit password or app id as a number; a path may come as one.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, PurePath) else value


def _read_optional(value: object, reader: Callable[[object], object] | None) -> object:
    if isinstance(value, str) and value.strip().lower() in {"", "none", "null"}:
        return None
    return reader(value) if reader else value


def reader_of(annotation: Any) -> Callable[[object], object] | None:
    """Return what prepares written values for pydantic, if ``annotation`` needs anything."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        inner = reader_of(members[0]) if len(members) == 1 else None
        return partial(_read_optional, reader=inner) if NoneType in get_args(annotation) else inner
    if origin in (tuple, frozenset, set, list):
        return _read_collection
    if origin is Literal:
        return partial(_read_choice, choices={str(choice).lower(): choice for choice in get_args(annotation)})
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return partial(_read_choice, choices={str(member.value).lower(): member for member in annotation})
    return {bool: _read_bool, str: _read_text, SecretStr: _read_text}.get(annotation)


def is_secret(annotation: Any) -> bool:
    """Whether values of this type must not be shown."""
    return annotation is SecretStr or any(is_secret(argument) for argument in get_args(annotation))
