"""Bars of a timeline as markup, each of which leads to its invocation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from markupsafe import Markup

from pynmon.presentation.instants import Instants
from pynmon.presentation.markup import fill
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import duration
from pynmon.timeline.lanes import BAR, LETTER, Box

_BAR = (
    '<a href="%s"><rect class="bar fill %s" x="%s" y="%s" width="%s" height="%s">'
    "<title>%s: %s, %s from %s</title></rect>%s%s%s</a>\n"
)
_NAME = '<text class="bar-name %s" x="%s" y="%s" aria-hidden="true">%s</text>'
_END = '<path class="fill %s" d="%s"/>'
_RAIL = '<rect class="rail" x="%s" y="%s" width="%s" height="3"/>'
#: A name of fewer letters says nothing.
_LEAST_LETTERS = 7


def bars_of(boxes: Iterable[Box], url: Callable[..., str], instants: Instants) -> Markup:
    """All of them.

    Args:
        boxes: Where they are.
        url: The address of a page by the name of its route.
        instants: How they are shown, and to when what goes on has taken.
    """
    return Markup("").join([_bar(box, url, instants) for box in boxes])


def _bar(box: Box, url: Callable[..., str], instants: Instants) -> Markup:
    span, css = box.span, box.css
    return fill(
        _BAR,
        url("invocation", invocation_id=span.invocation_id),
        css,
        box.x,
        box.y,
        box.width,
        BAR,
        span.task_id,
        LOOKS[span.status].word,
        duration((instants.now if span.end is None else span.end) - span.begin),
        instants.exact(span.begin),
        _ends(box),
        _name(box, css),
        fill(_RAIL, box.x, box.y - 2, max(box.width, 2)) if box.is_bad else "",
    )


def _ends(box: Box) -> Markup | str:
    ends = box.ends
    return Markup("").join([fill(_END, css, outline) for css, outline in ends.items()]) if ends else ""


def _name(box: Box, css: str) -> Markup | str:
    room = int((box.width - 8) / LETTER)
    if room < _LEAST_LETTERS:
        return ""
    name = box.span.task_id.rpartition(".")[2]
    return fill(_NAME, css, box.x + 4, box.y + 11, name if len(name) <= room else f"{name[: room - 1]}…")
