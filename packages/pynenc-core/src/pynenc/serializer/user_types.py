"""How objects of users' classes are written: what their shape says, without calling their constructors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum, Flag
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel, ImportString, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pynenc.main_module import importable_name
from pynenc.serializer.json_types import Codec, Unsupported

#: Starts the tag of a class; the tags of Python's own types have none.
CLASS_MARK = "@"
#: Keys beside the names of fields, which are identifiers.
_STATE, _SET, _EXTRA, _PRIVATE = "*state", "*set", "*extra", "*private"
#: What calling ``Box[int]`` instead of ``Box`` leaves on an object; it says nothing about its value.
_ORIGINAL_CLASS = "__orig_class__"


#: No text may decide what is imported. (A class at run time, something else for type checkers.)
_READ_BY_IMPORTING: Any = ImportString


def class_tag(cls: type) -> str:
    """The name of a class in text; a class of the main script has the name that workers know it by."""
    return f"{CLASS_MARK}{importable_name(cls.__module__) or cls.__module__}:{cls.__qualname__}"


def codec_of_shape(cls: type) -> Codec | None:
    """How objects of a class are written by themselves; None for a class without a known shape."""
    make = _shape_of(cls)
    return make(cls) if make is not None else None


def _shape_of(cls: type) -> Callable[[type], Codec | None] | None:
    if issubclass(cls, Enum):
        return _flag_codec if issubclass(cls, Flag) else _enum_codec
    if callable(getattr(cls, "to_json", None)) and callable(getattr(cls, "from_json", None)):
        return _json_serializable_codec
    if issubclass(cls, BaseModel):
        return _pydantic_codec
    if dataclasses.is_dataclass(cls):
        return _dataclass_codec
    if is_named_tuple(cls):
        return _named_tuple_codec
    if hasattr(cls, "__get_pydantic_core_schema__") and not issubclass(cls, _READ_BY_IMPORTING):
        return _pydantic_value_codec
    return None


def is_named_tuple(cls: type) -> bool:
    """Whether a class was made by ``NamedTuple`` or ``namedtuple``."""
    return issubclass(cls, tuple) and isinstance(getattr(cls, "_fields", None), tuple)


def _enum_codec(cls: type[Enum]) -> Codec:
    members = cls.__members__

    def encode(value: Enum) -> str:
        if members.get(value.name) is not value:
            raise Unsupported("it is not a named member of its enum")
        return value.name

    return Codec(cls, class_tag(cls), encode, lambda name: members[name])


def _flag_codec(cls: type[Flag]) -> Codec:
    def decode(value: Any) -> Flag:
        if type(value) is not int:
            raise ValueError(f"expected int, found {type(value).__name__}")
        return cls(value)

    return Codec(cls, class_tag(cls), lambda value: int(value.value), decode)


def _json_serializable_codec(cls: Any) -> Codec:
    def decode(data: Any) -> Any:
        value = cls.from_json(data)
        if type(value) is not cls:
            raise ValueError(f"from_json() returned an object of {type(value).__qualname__}")
        return value

    return Codec(cls, class_tag(cls), lambda value: value.to_json(), decode)


def _named_tuple_codec(cls: Any) -> Codec:
    fields: tuple[str, ...] = cls._fields
    defaults: dict[str, Any] = cls._field_defaults

    def encode(value: Any) -> dict[str, Any]:
        if getattr(value, "__dict__", None):
            raise Unsupported("it has attributes beside its fields")
        return dict(zip(fields, value, strict=True))

    def decode(data: dict[str, Any]) -> Any:
        _check_names(data, fields)
        # Not by calling the class: its own __new__ may expect something else.
        return tuple.__new__(cls, [data[name] if name in data else defaults[name] for name in fields])

    return Codec(cls, class_tag(cls), encode, decode)


# -- dataclasses ----------------------------------------------------------------------------------------


def _dataclass_codec(cls: Any) -> Codec | None:
    fields = {field.name: field for field in dataclasses.fields(cls)}
    try:
        object.__new__(cls)
    except TypeError:
        return None  # also a dict, an exception or the like, whose content are not its fields

    def encode(value: Any) -> dict[str, Any]:
        data = {name: getattr(value, name) for name in fields if hasattr(value, name)}
        state = {
            name: item
            for name, item in getattr(value, "__dict__", {}).items()
            if name not in fields
            and name != _ORIGINAL_CLASS
            and not isinstance(getattr(cls, name, None), cached_property)
        }
        if state:
            _check_state(state)
            data[_STATE] = state
        return data

    def decode(data: dict[str, Any]) -> Any:
        state = data.pop(_STATE, None)
        _check_names(data, fields)
        # Neither __init__ nor __post_init__ runs: they would change what they changed already.
        value = object.__new__(cls)
        for name, field in fields.items():
            if name in data:
                object.__setattr__(value, name, data[name])
            else:
                _set_default(value, field)
        if state:
            _check_state(state)
            vars(value).update(state)
        return value

    return Codec(cls, class_tag(cls), encode, decode)


def _set_default(value: Any, field: dataclasses.Field[Any]) -> None:
    if field.default is not dataclasses.MISSING:
        object.__setattr__(value, field.name, field.default)
    elif field.default_factory is not dataclasses.MISSING:
        object.__setattr__(value, field.name, field.default_factory())
    elif field.init:
        raise ValueError(f"field {field.name!r} has no value and no default")


def _check_state(state: dict[str, Any]) -> None:
    for name in state:
        if name.startswith("__"):
            raise ValueError(f"{name!r} is not an attribute that is written")


def _check_names(data: Any, known: Any) -> None:
    if type(data) is not dict:
        raise ValueError(f"expected fields, found {type(data).__name__}")
    for name in data:
        if name not in known:
            raise ValueError(f"the class has no field {name!r} here: is this another version of it?")


# -- pydantic -------------------------------------------------------------------------------------------


def _pydantic_codec(cls: type[BaseModel]) -> Codec:
    fields = cls.model_fields
    allows_extra = cls.model_config.get("extra") == "allow"

    def encode(value: BaseModel) -> dict[str, Any]:
        data = {name: item for name, item in value.__dict__.items() if name in fields}
        if len(data) != len(fields):
            raise Unsupported("it has no value for some of its fields")
        if value.__pydantic_fields_set__ != data.keys():
            data[_SET] = sorted(value.__pydantic_fields_set__)
        if value.__pydantic_extra__:
            data[_EXTRA] = dict(value.__pydantic_extra__)
        if value.__pydantic_private__:
            data[_PRIVATE] = {
                name: item
                for name, item in value.__pydantic_private__.items()
                if item is not PydanticUndefined
            }
        return data

    def decode(data: dict[str, Any]) -> BaseModel:
        extra = data.pop(_EXTRA, {})
        private = data.pop(_PRIVATE, {})
        names = data.pop(_SET, None)
        _check_names(data, fields)
        _check_names(private, cls.__private_attributes__)
        if type(extra) is not dict or (extra and not allows_extra):
            raise ValueError("the class has no extra fields here")
        fields_set = set(data) if names is None else {str(name) for name in names}
        _add_defaults(data, fields)
        # As pydantic itself restores a copy: validators ran when the object was made, and may not be
        # idempotent.
        value = cls.__new__(cls)
        object.__setattr__(value, "__dict__", {name: data[name] for name in fields})
        object.__setattr__(value, "__pydantic_fields_set__", fields_set)
        object.__setattr__(value, "__pydantic_extra__", extra if allows_extra else None)
        object.__setattr__(value, "__pydantic_private__", _private_of(cls, private))
        return value

    return Codec(cls, class_tag(cls), encode, decode)


def _add_defaults(data: dict[str, Any], fields: Mapping[str, FieldInfo]) -> None:
    for name, field in fields.items():
        if name not in data:
            if field.is_required():
                raise ValueError(f"field {name!r} has no value and no default")
            data[name] = field.get_default(call_default_factory=True, validated_data=data)


def _pydantic_value_codec(cls: type) -> Codec:
    """Of a class that tells pydantic how it is written, such as a URL."""

    @cache
    def adapter() -> TypeAdapter[Any]:
        # Not before there is such a value: some adapters need packages that are optional.
        return TypeAdapter(cls)

    def encode(value: Any) -> Any:
        data = adapter().dump_json(value).decode()
        copy = adapter().validate_json(data)
        if type(copy) is not type(value) or copy != value:
            raise Unsupported("what pydantic writes of it does not come back as it was")
        return data

    def decode(data: Any) -> Any:
        value = adapter().validate_json(data)
        if type(value) is not cls:
            raise ValueError(f"pydantic made an object of {type(value).__qualname__}")
        return value

    return Codec(cls, class_tag(cls), encode, decode)


def _private_of(cls: type[BaseModel], private: dict[str, Any]) -> dict[str, Any] | None:
    if not cls.__private_attributes__:
        return None
    values = {
        name: default
        for name, attribute in cls.__private_attributes__.items()
        if (default := attribute.get_default()) is not PydanticUndefined
    }
    return values | private
