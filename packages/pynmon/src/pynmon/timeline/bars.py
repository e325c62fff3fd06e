"""Bars of a timeline as markup, each of which leads to its invocation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from markupsafe import Markup

from pynmon.presentation.instants import Instants
from pynmon.presentation.markup import fill
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import duration
from pynmon.timeline.cuts import outlined
from pynmon.timeline.lanes import BAR, Box, Picture
from pynmon.timeline.spans import Span

_RECT = '<rect class="bar fill %s%s" x="%s" y="%s" width="%s" height="%s"'
_TITLED = '<a href="%s">' + _RECT + "><title>%s</title></rect>%s</a>\n"
#: With fewer nodes; scripts show its label beside the pointer.
_LABELLED = '<a href="%s" aria-label="%s">' + _RECT + "/>%s</a>\n"
_NAME = '<text class="bar-name %s%s" x="%s" y="%s" aria-hidden="true">%s</text>'


def bars_of(boxes: Iterable[Box], picture: Picture, to: Callable[[Span], str], instants: Instants) -> Markup:
    """All of them.

    Args:
        boxes: Where they are.
        picture: Has room for titles and names, or not.
        to: The address that the bar of a span leads to.
        instants: How they are shown, and to when what goes on has taken.
    """
    return Markup("").join([_bar(box, picture, to(box.span), instants) for box in boxes])


def _bar(box: Box, picture: Picture, to: str, instants: Instants) -> Markup:
    span = box.span
    wait = outlined(span)
    place = (box.css, wait, box.x, box.y, box.width, BAR)
    name = _name(box, wait) if box.letters and box.width >= picture.named_from else ""
    words = _words(span, instants)
    return (
        fill(_TITLED, to, *place, words, name)
        if picture.room.has_titles
        else fill(_LABELLED, to, words, *place, name)
    )


def _words(span: Span, instants: Instants) -> str:
    taken = duration((instants.now if span.end is None else span.end) - span.begin)
    many = f"{span.number} times " if span.number > 1 else ""
    # Not to be taken for the attempt that ended so.
    since = f"waiting for {taken} since" if span.waits_again else f"{taken} from"
    return f"{span.task_id}: {many}{LOOKS[span.status].word}, {since} {instants.exact(span.begin)}"


def _name(box: Box, wait: str) -> Markup:
    name = box.span.task_id.rpartition(".")[2]
    if box.span.number > 1:
        name = f"{box.span.number} \N{MULTIPLICATION SIGN} {name}"
    room = box.letters
    return fill(
        _NAME, box.css, wait, box.x + 4, box.y + 11, name if len(name) <= room else f"{name[: room - 1]}…"
    )
