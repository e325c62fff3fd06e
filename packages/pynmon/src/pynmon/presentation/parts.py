"""A page in parts, of which only those are sent again that are not as a browser has them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from markupsafe import Markup

from pynmon.presentation.markup import fill

#: Says which parts a browser has, and how they are: ``name=token`` of each, with blanks between them.
HEADER = "x-parts"
_WHOLE = '<section id="part-%s"%s data-part="%s">%s</section>\n'
_AGAIN = '<section id="part-%s"%s data-part="%s" hx-swap-oob="morph">%s</section>\n'
_CLASS, _HIDDEN = ' class="%s"', Markup(" hidden")


class Parts:
    """Those of one page; templates hand over each of them.

    Args:
        headers: Of the request.
        now: By the store's clock.
    """

    def __init__(self, headers: Mapping[str, str], now: float) -> None:
        self._now = now
        #: Whether a page asks for itself again, which wants nothing but its parts.
        self.is_update = "hx-request" in headers
        pairs = (one.partition("=") for one in headers.get(HEADER, "").split())
        self._had = {name: token for name, _, token in pairs} if self.is_update else {}

    def part(self, name: str, css: str = "", every: int = 0, *, caller: Callable[[], Markup]) -> Markup:
        """One of them, or nothing when the browser has it.

        Args:
            name: Of our own; it becomes its id.
            css: Its classes, unless it is empty.
            every: So many seconds it stays as it is, also when something else could be seen in it: a picture of much
                time takes longer than words to make and to send.
            caller: Makes what is in it.
        """
        turn = f"{int(self._now) // every if every else 0:x}"
        had_turn, _, had_digest = self._had.get(name, "").partition(".")
        if every and had_turn == turn:
            return Markup("")
        inside = Markup(caller().strip())
        digest = hashlib.blake2b(f"{css} {inside}".encode(), digest_size=6).hexdigest()
        if had_digest == digest:
            return Markup("")
        look = _HIDDEN if not inside else fill(_CLASS, css) if css else Markup("")
        return fill(_AGAIN if self.is_update else _WHOLE, name, look, f"{turn}.{digest}", inside)
