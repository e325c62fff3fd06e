"""Stored text as something to read. It is never decoded into objects: JSON is laid out, the rest is shown as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_WORDS = "passw|secret|token|api_?key|credential|auth|cookie|dsn|private"
_SECRET = re.compile(_WORDS, re.IGNORECASE)
# These two take no longer than their text is long, whatever it is.
_SECRET_KEY = re.compile(
    rf"""("[^"\\]{{0,60}}(?:{_WORDS})[^"\\]{{0,60}}"\s{{0,9}}:)\s{{0,9}}("(?:[^"\\]|\\.)*"?)?""",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"://[^/\s@\"']+@")
_MASK = "***"
_MAX_NODES = 5_000
_MAX_DEPTH = 64
#: A member of what pynenc stores as arguments; the last one may be cut.
_ENVELOPE = re.compile(r'("(?:[^"\\]|\\.)*"):("(?:[^"\\]|\\.)*)("?)')
_HALF_ESCAPE = re.compile(r"(?<!\\)\\u[0-9a-fA-F]{0,3}$")
_SIGNED = re.compile(r"pynenc-signed:\d+:[^:]*:[^:]*:")


@dataclass(frozen=True, slots=True)
class Payload:
    """One named value."""

    name: str
    text: str
    #: What the reader should know of it: where it is, or that it is cut.
    note: str = ""
    #: Whether somebody who may see it can have all of it as a file, as far as is known without reading all.
    is_file: bool = False


class _Number(str):
    """Digits exactly as they are stored."""

    __slots__ = ()


def arguments_of(stored: str) -> list[Payload]:
    """The arguments of a call, by name."""
    text = unsigned(stored)
    if not text:
        return []
    try:
        envelopes = json.loads(text)
    except (ValueError, RecursionError):
        return _of_cut(text) or [
            Payload("arguments", _masked_keys(text), "cut, or not written by pynenc: shown as it is")
        ]
    if not isinstance(envelopes, dict):
        return [Payload("arguments", readable(text))]
    return [_opened(name, str(envelope)) for name, envelope in envelopes.items()]


def serialized_arguments(stored: str) -> dict[str, str] | None:
    """The serialized text of each argument; None when something of them is elsewhere, cut, or masked for people."""
    try:
        envelopes = json.loads(unsigned(stored) or "{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(envelopes, dict):
        return None
    found = {}
    for name, envelope in envelopes.items():
        if not (isinstance(envelope, str) and envelope.startswith("=")) or has_secret(name, envelope):
            return None
        found[name] = envelope[1:]
    return found


def outcome_of(stored: str, name: str, *, is_cut: bool = False) -> Payload:
    """A result, or the text of an exception."""
    return _opened(name, unsigned(stored), is_cut=is_cut)


def has_secret(name: str, text: str) -> bool:
    """Whether the pages mask something of a value."""
    return bool(_SECRET.search(name) or _SECRET_KEY.search(text) or _USERINFO.search(text))


def traceback_of(stored: str) -> str:
    """The traceback inside of a stored exception; empty when there is none."""
    try:
        value = json.loads(_opened("", unsigned(stored), lay_out=False).text)
    except (ValueError, RecursionError):
        return ""
    found = value.get("traceback") if isinstance(value, dict) else None
    return masked_text(found) if isinstance(found, str) else ""


def readable(text: str, name: str = "") -> str:
    """JSON with one value per line and the digits that are stored; other text as it is. Secrets are masked."""
    if _SECRET.search(name):
        return _MASK
    try:
        value = json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
        return "\n".join(_lines(value, "", [_MAX_NODES]))
    except (ValueError, RecursionError):
        return masked_text(text)


def masked_text(text: str) -> str:
    """The text without user names and passwords in addresses."""
    return _USERINFO.sub("://***@", text)


def unsigned(stored: str) -> str:
    """What is stored, without the signature in front of it."""
    found = _SIGNED.match(stored)
    return stored[found.end() :] if found else stored


def _of_cut(text: str) -> list[Payload]:
    """The arguments that a text begins with; of the last one its beginning."""
    found = []
    at = 1
    while member := _ENVELOPE.match(text, at):
        at = member.end() + 1
        name, envelope, end = member.groups()
        # Where it is cut may be half of an escape.
        whole = envelope if end else _HALF_ESCAPE.sub("", envelope)
        try:
            found.append(_opened(json.loads(name), json.loads(f'{whole}"'), is_cut=not end))
        except ValueError:
            break
    return found


def _opened(name: str, envelope: str, *, lay_out: bool = True, is_cut: bool = False) -> Payload:
    # The names of arguments are words; what is none may mean something in an address.
    is_file = name.isidentifier() and not has_secret(name, envelope)
    if envelope.startswith("@"):
        return Payload(name, "", f"large: kept apart under {envelope[1:17]}…", is_file)
    text = envelope.removeprefix("=")
    if is_cut:
        shown = _MASK if _SECRET.search(name) else _masked_keys(text)
        return Payload(name, shown, "only the beginning is shown", is_file)
    return Payload(name, readable(text, name) if lay_out else text, is_file=is_file)


def _masked_keys(text: str) -> str:
    """A part of JSON without the texts under keys that sound secret."""
    return masked_text(_SECRET_KEY.sub(rf'\1 "{_MASK}"', text))


def _lines(value: Any, indent: str, budget: list[int]) -> list[str]:
    budget[0] -= 1
    if budget[0] < 0 or len(indent) > 2 * _MAX_DEPTH:
        return [f"{indent}…"]
    if isinstance(value, dict) and value:
        return [f"{indent}{{", *_members(value, indent + "  ", budget), f"{indent}}}"]
    if isinstance(value, list) and value:
        items: list[str] = []
        for item in value:
            if budget[0] < 0:
                break
            items += _lines(item, indent + "  ", budget)
        return [f"{indent}[", *items, f"{indent}]"]
    return [indent + _scalar(value)]


def _members(value: dict[str, Any], indent: str, budget: list[int]) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        if budget[0] < 0:
            break
        head = f"{indent}{json.dumps(key, ensure_ascii=False)}: "
        if _SECRET.search(key):
            lines.append(head + _MASK)
            continue
        first, *rest = _lines(item, indent, budget)
        lines += [head + first.lstrip(), *rest]
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        return json.dumps(masked_text(value), ensure_ascii=False)
    return json.dumps(value)
