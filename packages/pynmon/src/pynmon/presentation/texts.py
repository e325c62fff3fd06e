"""Instants, durations, numbers and hostile characters as text."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache

#: Characters that could turn the direction of the text around them.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: What no file of XML may have in it.
_NO_XML = (0xFFFE, 0xFFFF)
#: What may have to be made visible.
_ODD = re.compile(r"[^\n\t -~]")


def visible(text: str) -> str:
    """The text with every control character and every change of direction shown as a symbol."""
    if text.isprintable():
        return text
    # Most of a long text is none of these.
    return _ODD.sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if char in _BIDI or code in _NO_XML or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return f"⟨U+{code:04X}⟩"
    return char


def duration(seconds: float | None) -> str:
    """``842 ms``, ``1.86 s``, ``2 m 05 s``, ``3 h 12 m``, ``4 d 02 h``; never negative."""
    if seconds is None:
        return "–"
    if seconds < 0:
        return "≈ 0" if seconds > -0.001 else f"≈ 0 (clock skew {-seconds * 1000:.0f} ms)"
    if seconds < 0.9995:
        if 0 < seconds < 0.00005:
            return "< 0.1 ms"
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small:02d} {small_unit}"
    return "1 m 00 s"


def iso(at: float) -> str:
    """An instant in UTC, exact to the millisecond."""
    # Lists have hundreds of them, most of few minutes.
    minute, milliseconds = divmod(int(at // 1) * 1000 + round(at % 1 * 1_000_000) // 1000, 60_000)
    return f"{_minute(minute)}{milliseconds // 1000:02}.{milliseconds % 1000:03}Z"


@lru_cache(maxsize=2048)
def _minute(number: int) -> str:
    """One in UTC, counted since 1970, up to its seconds."""
    return f"{datetime.fromtimestamp(60 * number, UTC):%Y-%m-%dT%H:%M:}"


def iso_seconds(at: float) -> str:
    """A whole second in UTC, as a query writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def number(value: float) -> str:
    """With thin groups of digits."""
    return f"{value:,.0f}".replace(",", "\u202f")


def size(number_of_bytes: int) -> str:
    """``640 B``, ``12.4 KB``, ``1.2 GB``: powers of 1024, as databases tell it."""
    value, units = float(number_of_bytes), ["B", "KB", "MB", "GB", "TB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} {units[0]}" if value >= 100 or units[0] == "B" else f"{value:.1f} {units[0]}"


def percent(part: float, whole: float) -> str:
    """With one digit; a dash of nothing, and never 100 % or 0 % of what is not all or nothing."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.0f} %" if share in (0, 100) else f"{share:.1f} %"


def short_id(identifier: str) -> str:
    """The first eight characters."""
    return identifier[:8]


def id_tail(identifier: str) -> str:
    """The last eight characters: ids of invocations begin with their time, so that neighbours begin alike."""
    return identifier if len(identifier) <= 12 else f"…{identifier[-8:]}"


def plural(n: int, one: str, many: str = "") -> str:
    """``1 runner``, ``2 runners``."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def error_name(qualified: str | None) -> str:
    """The name of an exception's class; nobody needs to be told that ``ValueError`` is built in."""
    return (qualified or "Error").removeprefix("builtins.")
