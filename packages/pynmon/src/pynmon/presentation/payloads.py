"""Stored text as something to read. It is never decoded into objects: JSON is laid out, the rest is shown as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_SECRET = re.compile(r"passw|secret|token|api_?key|credential|auth|cookie|dsn|private", re.IGNORECASE)
_USERINFO = re.compile(r"(\w+://)[^/\s@\"']+@")
_MASK = "***"
_MAX_NODES = 5_000
_MAX_DEPTH = 64
_SIGNED = re.compile(r"pynenc-signed:\d+:[^:]*:[^:]*:")


@dataclass(frozen=True, slots=True)
class Payload:
    """One named value."""

    name: str
    text: str
    #: What the reader should know of it: where it is, or that it is cut.
    note: str = ""


class _Number(str):
    """Digits exactly as they are stored."""

    __slots__ = ()


def arguments_of(stored: str) -> list[Payload]:
    """The arguments of a call, by name."""
    text = _unsigned(stored)
    if not text:
        return []
    try:
        envelopes = json.loads(text)
    except (ValueError, RecursionError):
        return [Payload("arguments", masked_text(text), "cut, or not written by pynenc: shown as it is")]
    if not isinstance(envelopes, dict):
        return [Payload("arguments", readable(text))]
    return [_opened(name, str(envelope)) for name, envelope in envelopes.items()]


def outcome_of(stored: str, name: str) -> Payload:
    """A result, or the text of an exception."""
    return _opened(name, _unsigned(stored))


def traceback_of(stored: str) -> str:
    """The traceback inside of a stored exception; empty when there is none."""
    try:
        value = json.loads(_opened("", _unsigned(stored), lay_out=False).text)
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
    return _USERINFO.sub(r"\1***@", text)


def _unsigned(stored: str) -> str:
    found = _SIGNED.match(stored)
    return stored[found.end() :] if found else stored


def _opened(name: str, envelope: str, *, lay_out: bool = True) -> Payload:
    if envelope.startswith("@"):
        return Payload(name, "", f"large: kept apart under {envelope[1:17]}…")
    text = envelope.removeprefix("=")
    return Payload(name, readable(text, name) if lay_out else text)


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
