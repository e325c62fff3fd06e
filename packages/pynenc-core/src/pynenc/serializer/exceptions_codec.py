"""Exceptions as data. Writing one never fails; reading one runs no code of users and imports nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from types import MemberDescriptorType, ModuleType
from typing import Any, cast

from pynenc.exceptions import RemoteError, SerializationError
from pynenc.main_module import importable_name
from pynenc.serializer.json_serializer import JsonSerializer
from pynenc.values.status import InvocationStatus

MAX_TRACEBACK = 64 * 1024
MAX_MESSAGE = 16 * 1024
#: Of one argument or attribute.
MAX_VALUE = 16 * 1024
_MAX_VALUES = 64
_MAX_NESTED = 4
_HEAP_TYPE = 1 << 9

#: What Python's own exceptions keep outside of ``args`` and ``__dict__``.
_MEMBERS: dict[type[BaseException], tuple[str, ...]] = {
    OSError: ("errno", "strerror", "filename", "filename2"),
    ImportError: ("msg", "name", "path"),
    NameError: ("name",),
    AttributeError: ("name",),
    StopIteration: ("value",),
    SyntaxError: ("msg", "filename", "lineno", "offset", "text", "end_lineno", "end_offset"),
}

# Python's own access to classes and exceptions, past whatever users' classes and metaclasses define.
_ARGS: Any = vars(BaseException)["args"]
_CAUSE: Any = vars(BaseException)["__cause__"]
_DICT: Any = vars(BaseException)["__dict__"]
_TRACEBACK: Any = vars(BaseException)["__traceback__"]
_MODULE: Any = vars(type)["__module__"]
_QUALNAME: Any = vars(type)["__qualname__"]
_MRO: Any = vars(type)["__mro__"]
_FLAGS: Any = vars(type)["__flags__"]
_TYPE_DICT: Any = vars(type)["__dict__"]
_MODULE_DICT: Any = vars(ModuleType)["__dict__"]

_values = JsonSerializer()
_values.register_type(InvocationStatus)  # pynenc's own exceptions have it
_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class RemoteTraceback(Exception):  # noqa: N818 - the cause of an error, not one by itself
    """The ``__cause__`` of an exception that was raised elsewhere; its text is the traceback from there."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""' if self.args else ""


# -- writing --------------------------------------------------------------------------------------------


def encode_exception(error: BaseException) -> str:
    """ASCII JSON of the class, arguments, attributes, message and traceback of any exception. Never fails."""
    try:
        return _dumps(_encode(error, 0))
    except Exception:  # noqa: BLE001 - an exception may break every rule, and its failure has to be stored
        return _dumps({**_class_name(type(error)), "args": []})


def _encode(error: BaseException, depth: int) -> dict[str, Any]:
    return {
        **_class_name(type(error)),
        "args": [_encode_value(value, depth) for value in _ARGS.__get__(error)[:_MAX_VALUES]],
        "members": _encode_named(_or_nothing(_members_of, error), depth),
        "state": _encode_named(_DICT.__get__(error), depth),
        "message": _clip(_text_of(error), MAX_MESSAGE),
        "traceback": _clip(_traceback_of(error), MAX_TRACEBACK) if depth == 0 else "",
    }


def _or_nothing(
    read: Callable[[BaseException], Mapping[str, Any]], error: BaseException
) -> Mapping[str, Any]:
    try:
        return read(error)
    except Exception:  # noqa: BLE001 - a user's properties and __getattribute__
        return {}


def _class_name(cls: type) -> dict[str, str]:
    module = _MODULE.__get__(cls)
    return {"module": importable_name(str(module)) or str(module), "qualname": _QUALNAME.__get__(cls)}


def _encode_value(value: Any, depth: int) -> list[Any]:
    """``["value", text]``, ``["error", …]``, or ``["repr", text]`` for what is not data or too large."""
    if isinstance(value, BaseException) and depth < _MAX_NESTED:
        return ["error", _encode(value, depth + 1)]
    if type(value) in (list, tuple) and depth < _MAX_NESTED and _holds_errors(value):
        items = [_encode_value(item, depth + 1) for item in value[:_MAX_VALUES]]
        return ["errors", items]
    try:
        text = _values.serialize(value)
        if len(text) <= MAX_VALUE:
            return ["value", text]
    except Exception:  # noqa: BLE001 - refused, or a user's to_json and the like
        pass
    return ["repr", _clip(_repr_of(value), MAX_VALUE)]


def _holds_errors(value: Any) -> bool:
    return bool(value) and all(isinstance(item, BaseException) for item in value)


def _encode_named(values: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Attributes that are data; others are left out."""
    encoded: dict[str, Any] = {}
    for name, value in list(values.items())[:_MAX_VALUES]:
        item = _encode_value(value, depth)
        if type(name) is str and item[0] != "repr":
            encoded[name] = item
    return encoded


def _members_of(error: BaseException) -> dict[str, Any]:
    values = {}
    for name, member in _members(type(error)).items():
        with contextlib.suppress(AttributeError):  # a slot that was never set
            value = member.__get__(error)
            # Python's own do not tell None from nothing, but print it.
            if value is not None or member.__objclass__ not in _MEMBERS:
                values[name] = value
    return values


def _members(cls: type[BaseException]) -> dict[str, Any]:
    """Access by name to what is kept outside of ``args`` and ``__dict__``: also the slots of users' classes."""
    members: dict[str, Any] = {}
    for base in reversed(_MRO.__get__(cls)):
        namespace = _TYPE_DICT.__get__(base)
        names = _MEMBERS.get(base, namespace if _FLAGS.__get__(base) & _HEAP_TYPE else ())
        members.update(
            (name, namespace[name]) for name in names if type(namespace[name]) is MemberDescriptorType
        )
    return members


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - a user's __str__
        return f"<str() of this {type(error).__qualname__} raised {type(broken).__qualname__}>"


def _repr_of(value: Any) -> str:
    try:
        return str(repr(value))
    except Exception as broken:  # noqa: BLE001 - a user's __repr__
        return f"<repr() of this {type(value).__qualname__} raised {type(broken).__qualname__}>"


def _traceback_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - a user's __str__, or a chain that is not one
        try:
            return "".join(traceback.format_tb(_TRACEBACK.__get__(error)))
        except Exception:  # noqa: BLE001 - as above
            return ""


def _clip(text: str, size: int) -> str:
    """Beginning and end of a text that is too long."""
    if len(text) <= size:
        return text
    half = size // 2 - 40
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


# -- reading --------------------------------------------------------------------------------------------


def decode_exception(text: str) -> Exception:
    """The exception that ``encode_exception`` was given, with its remote traceback as ``__cause__``.

    Its class has to be loaded in this process already and to be an ``Exception``; what comes back for any
    other is a ``RemoteError``. ``__init__`` is not called.

    Raises:
        SerializationError: the text is not what ``encode_exception`` writes.
    """
    try:
        return _decode(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SerializationError(f"a stored exception is unreadable: {type(error).__name__}") from error


def _decode(data: Any) -> Exception:
    module, qualname = data["module"], data["qualname"]
    message, remote = data.get("message", ""), data.get("traceback", "")
    if not all(type(text) is str for text in (module, qualname, message, remote)):
        raise ValueError("not what encode_exception writes")
    cls = _loaded_class(module, qualname)
    error = None if cls is None else _rebuild(cls, data)
    if error is None:
        error = RemoteError(f"{module}.{qualname}", message, remote)
    if remote:
        _CAUSE.__set__(error, RemoteTraceback(remote))
    return error


def _loaded_class(module: str, qualname: str) -> type[Exception] | None:
    """A class by name, without importing or calling anything (a module's ``__getattr__`` may do either)."""
    names = [module]
    if module == importable_name("__main__"):
        names.append("__main__")
    for name in names:
        found: Any = sys.modules.get(name)
        for part in qualname.split("."):
            found = _namespace_of(found).get(part)
        if issubclass(type(found), type) and Exception in _MRO.__get__(found):
            return cast("type[Exception]", found)
    return None


def _namespace_of(holder: Any) -> Mapping[str, Any]:
    if issubclass(type(holder), ModuleType):
        return cast("Mapping[str, Any]", _MODULE_DICT.__get__(holder))
    if issubclass(type(holder), type):
        return cast("Mapping[str, Any]", _TYPE_DICT.__get__(holder))
    return {}


def _rebuild(cls: type[Exception], data: Any) -> Exception | None:
    # The nearest class written in C makes the object: a __new__ or __init__ in Python is never run.
    base: Any = next(base for base in _MRO.__get__(cls) if not _FLAGS.__get__(base) & _HEAP_TYPE)
    args = tuple(_decode_value(value) for value in data["args"])
    try:
        error: Exception = base.__new__(cls, *args)
    except Exception:  # noqa: BLE001 - arguments that the C class refuses
        return None
    with contextlib.suppress(Exception):  # a subclass with arguments of its own
        base.__init__(error, *args)
    _ARGS.__set__(error, args)
    members = _members(cls)
    for name, value in data.get("members", {}).items():
        if name in members:
            members[name].__set__(error, _decode_value(value))
    state = {name: _decode_value(value) for name, value in data.get("state", {}).items()}
    _DICT.__get__(error).update(state)
    return error


def _decode_value(item: Any) -> Any:
    kind, content = item
    if kind == "error":
        return _decode(content)
    if kind == "errors":
        return [_decode_value(value) for value in content]
    return _values.deserialize(content) if kind == "value" else str(content)
