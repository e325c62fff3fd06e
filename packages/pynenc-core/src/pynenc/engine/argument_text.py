"""What may be shown of arguments: in previews, and in logs where the settings ask for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from pynenc.conf.config_pynenc import ArgumentPrintMode, ConfigPynenc

_PREVIEW = 200
_PREVIEW_OF_ONE = 60
_MASK = "***"
_SECRET = re.compile(r"passw|secret|token|api_?key|credential|auth", re.IGNORECASE)
#: A key inside of a serialized value, such as ``"password":``.
_SECRET_KEY = re.compile(rf'"[^"]*(?:{_SECRET.pattern})[^"]*"\s*:', re.IGNORECASE)


def preview_of(texts: Mapping[str, str]) -> str:
    """At most 200 characters for people, of serialized values by name; what sounds secret is masked."""
    parts = [f"{name}={masked(text[:_PREVIEW_OF_ONE], name)}" for name, text in texts.items()]
    return ", ".join(parts)[:_PREVIEW]


def masked(text: str, name: str = "") -> str:
    """The beginning of a serialized value, or a mask where its name or a key inside of it sounds secret."""
    if _sounds_secret(name):
        return _MASK
    return _MASK if '":' in text and _SECRET_KEY.search(text) else text


@lru_cache(maxsize=1024)
def _sounds_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def logged_arguments(texts: Mapping[str, str], conf: ConfigPynenc) -> str:
    """The end of a log line about a call: its arguments as far as the settings show them, else nothing."""
    mode = conf.argument_print_mode
    if not conf.print_arguments or mode is ArgumentPrintMode.HIDDEN:
        return ""
    if not texts:
        return " without arguments"
    if mode is ArgumentPrintMode.KEYS:
        return f" with {', '.join(texts)}"
    limit = conf.truncate_arguments_length if mode is ArgumentPrintMode.TRUNCATED else None
    return " with " + ", ".join(f"{name}={_cut(masked(text, name), limit)}" for name, text in texts.items())


def _cut(text: str, limit: int | None) -> str:
    return text if limit is None or len(text) <= limit else f"{text[:limit]}…"
