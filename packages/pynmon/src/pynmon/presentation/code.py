"""A stored call as Python that makes it again: written out of its serialized arguments, which nothing decodes."""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable, Mapping
from typing import Any

#: Longer code is nothing to copy.
_MOST_CHARACTERS = 4_000
#: What the serializer marks values with that JSON lacks.
_TAG = "__pynenc__"
#: Constructors of what is stored as one text, with the modules that have them.
_OF_TEXT = {
    "decimal": ("decimal", "Decimal", "Decimal({})"),
    "uuid": ("uuid", "UUID", "UUID({})"),
    "date": ("datetime", "date", "date.fromisoformat({})"),
    "datetime": ("datetime", "datetime", "datetime.fromisoformat({})"),
    "path": ("pathlib", "Path", "Path({})"),
}


class _Digits(str):
    """A number exactly as it is stored."""

    __slots__ = ()


class _CannotBeWrittenError(ValueError):
    """There is no expression for it here."""


def code_of(task_id: str, arguments: Mapping[str, str] | None) -> str:
    """The import and the call; empty when an argument has no expression that everybody can write.

    Args:
        task_id: ``module.function``.
        arguments: The serialized text of each; None when they are not all known.
    """
    module, _, name = task_id.rpartition(".")
    if arguments is None or not all(map(_is_name, [*module.split("."), name, *arguments])):
        return ""
    if sum(map(len, arguments.values())) > _MOST_CHARACTERS:
        return ""
    imports: dict[str, str] = {}
    try:
        values = [f"{key}={_expression(_read(text), imports)}" for key, text in arguments.items()]
    except (ValueError, RecursionError):
        return ""
    lines = [
        f"from {module} import {name}",
        *(f"from {imports[one]} import {one}" for one in sorted(imports)),
    ]
    call = f"{name}({', '.join(values)})"
    if len(call) > 100:
        call = f"{name}(\n" + "".join(f"    {value},\n" for value in values) + ")"
    return "\n".join(lines) + f"\n\n{call}\n"


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _read(text: str) -> Any:
    return json.loads(text, parse_int=_Digits, parse_float=_Digits, parse_constant=_refuse)


def _refuse(_: str) -> Any:
    raise _CannotBeWrittenError


def _expression(value: Any, imports: dict[str, str]) -> str:
    def inner(one: Any) -> str:
        return _expression(one, imports)

    match value:
        case _Digits():
            return str(value)
        case None | bool() | str():
            return repr(value)
        case list():
            return f"[{', '.join(map(inner, value))}]"
        case {"__pynenc__": [str(tag), data]} if len(value) == 1:
            return _tagged(tag, data, inner, imports)
        case dict() if not any(key == _TAG or key.startswith("py/") for key in value):
            return f"{{{', '.join(f'{key!r}: {inner(one)}' for key, one in value.items())}}}"
    raise _CannotBeWrittenError


def _tagged(tag: str, data: Any, inner: Callable[[Any], str], imports: dict[str, str]) -> str:
    match tag, data:
        case "tuple", list():
            return f"({', '.join(map(inner, data))}{',' if len(data) == 1 else ''})"
        case "set" | "frozenset", [_, *_]:
            return f"{{{', '.join(map(inner, data))}}}" if tag == "set" else f"frozenset({inner(data)})"
        case "dict", list():
            keys, values = map(inner, data[::2]), map(inner, data[1::2])
            return f"{{{', '.join(f'{key}: {one}' for key, one in zip(keys, values, strict=True))}}}"
        case "set" | "frozenset", []:
            return f"{tag}()"
        case _, str() if tag in _OF_TEXT and not isinstance(data, _Digits):
            module, name, outline = _OF_TEXT[tag]
            imports[name] = module
            return outline.format(repr(data))
    raise _CannotBeWrittenError
