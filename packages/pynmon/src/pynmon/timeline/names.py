"""The name of a lane as markup, where there are so many that a template takes too long for them."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from pynmon.presentation.markup import fill
from pynmon.presentation.texts import number
from pynmon.timeline.groups import LanesBy
from pynmon.timeline.lanes import Lane

_NAME = (
    '<a href="%s" data-lane="%s" data-top="%s" data-height="%s"%s><text class="lane-name" x="%s" y="%s">'
    "%s%s %s</text></a>"
)
_CROWD = Markup(" data-crowd")
#: So many letters have room: alone, beside the end of an id, and less where a number stands before them.
_ALONE, _BESIDE, _NUMBER = 27, 20, 5


def plain_name(lane: Lane, by: LanesBy, url: Callable[..., str]) -> Markup:
    """A link to what the lane stands for.

    Args:
        lane: The lane, whose label has a key.
        by: What lanes stand for.
        url: The address of a page by the name of its route.
    """
    word, crowd = lane.label.word, lane.left_out
    room = (_BESIDE if lane.label.tail else _ALONE) - (_NUMBER if crowd else 0) - lane.indent
    return fill(
        _NAME,
        url(by.value, **{f"{by.value}_id": lane.label.key}),
        lane.label.key,
        lane.y,
        lane.height,
        _CROWD if crowd else "",
        lane.x,
        lane.y + 16,
        f"+{number(crowd)} " if crowd else "",
        word if len(word) <= room else f"{word[: room - 4]}…",
        lane.label.tail,
    )
