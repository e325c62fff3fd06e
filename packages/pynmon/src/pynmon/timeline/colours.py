"""The colours of a picture that stands alone: those of the styles, in the light theme, as numbers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_STATIC = Path(__file__).parent.parent / "static"
_STYLES = ("app.css", "timeline.css")
#: ``--name: light-dark(#111111, #EEEEEE)``
_COLOUR = r"light-dark\((#[0-9A-Fa-f]{6}), #[0-9A-Fa-f]{6}\)"
_NAMED = re.compile(rf"--([\w-]+): {_COLOUR}")
#: ``.class { --fill: …;``
_CLASS = re.compile(r"\.([\w-]+) \{ --fill: ([^;]+);")
_VARIABLE = re.compile(r"var\(--([\w-]+)\)")


class Colours:
    """By what the styles call them."""

    def __init__(self) -> None:
        text = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in _STYLES)
        self._named: dict[str, str] = dict(_NAMED.findall(text))
        self._fills = {css: self._number(fill) for css, fill in _CLASS.findall(text)}

    def named(self, name: str) -> str:
        """The colour of a variable."""
        return self._named[name]

    def fill(self, css: str) -> str:
        """The colour of what has classes: that of the last one."""
        return self._fills[css.rpartition(" ")[2]]

    def _number(self, value: str) -> str:
        if variable := _VARIABLE.fullmatch(value):
            return self._named[variable.group(1)]
        return re.sub(_COLOUR, r"\1", value)


@cache
def colours() -> Colours:
    """Read once."""
    return Colours()
