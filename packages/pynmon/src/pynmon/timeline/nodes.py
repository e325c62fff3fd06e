"""How much of a picture is drawn as nodes of its own, so that no page has more of them than browsers like."""

from __future__ import annotations

from typing import NamedTuple

#: Of a whole page: with bars one by one, and with bars in one piece.
MOST_SINGLE, MOST_MERGED = 1_500, 1_000
#: What a page has at most besides lanes, bars and gaps: its frame, its controls, a query of as many terms as there may
#: be, strip, axis and legend; 380 as a rule.
PAGE = 470
#: With more lanes than these, each is a link and its name, and a group of its bars where they are drawn one by one.
RICH_LANES = 50
_RICH, _PLAIN = 9, 3
#: A link and its words, with the end of an id.
_HEADING = 3
#: What says that time is cut short: a rectangle with its length, and a sign on the axis.
_GAP = 3
#: A link and a rectangle, and with the words that browsers show beside the pointer.
_BAR, _TITLED = 2, 3


class Room(NamedTuple):
    """What a picture has room for."""

    #: Whether each bar is a link to its invocation.
    is_single: bool
    #: Whether each says what it is when no script does.
    has_titles: bool
    #: So many have their names written on them.
    names: int
    #: Whether lanes say all of their names, and can be pinned and folded.
    has_rich_lanes: bool


def room_for(lanes: int, bars: int, most: int, headings: int = 0, gaps: int = 0) -> Room:
    """Choose.

    Args:
        lanes: How many there are.
        bars: How many are to be drawn.
        most: More of them are never drawn one by one.
        headings: How many stand above lanes.
        gaps: How many stretches of time are cut short.
    """
    is_rich = lanes <= RICH_LANES
    left = MOST_SINGLE - PAGE - lanes * (_RICH if is_rich else _PLAIN) - headings * _HEADING - gaps * _GAP
    has_titles = bars * _TITLED <= left
    names = left - bars * (_TITLED if has_titles else _BAR)
    return Room(bars <= most and names >= 0, has_titles, max(0, names), is_rich)
