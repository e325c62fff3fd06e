"""Which of the lines that somebody pasted are shown: those of some levels, and not too many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from fastapi import HTTPException

from pynmon.log_lines import ERRORS, LEVELS, LogLine

#: So many lines a page has at most: browsers find within them.
MOST_SHOWN = 5_000
#: Bytes of a page that are for its lines and for the field, which gives back what was sent; and those that are for the
#: lines however much that is.
_MOST_BYTES, _LEAST_BYTES = 810_000, 300_000
#: The name of all levels of what went wrong.
ONLY_ERRORS = "errors"


class LogPart(NamedTuple):
    """The lines of one page."""

    lines: Sequence[LogLine]
    #: All that have these levels, on this page and others.
    number: int
    #: The first of them is so much further down, counted from 1.
    first: int
    #: Of the line before this page, when it was written.
    at_before: float | None
    #: The page begins after the line of this number; None where there is no such page.
    earlier: int | None
    later: int | None

    @property
    def numbers(self) -> frozenset[int]:
        """Of the lines of this page."""
        return frozenset(line.number for line in self.lines)


def part_of(
    lines: Sequence[LogLine], levels: Iterable[str], after: int, weigh: Callable[[LogLine], int], most: int
) -> LogPart:
    """The lines of one page: they are on the same pages wherever somebody comes from.

    Args:
        lines: All of them.
        levels: Theirs are shown; all, when there are none.
        after: The first line after the one with this number is on it; if there is none, it is the last page.
        weigh: The bytes that a line takes.
        most: So many of them are on a page, unless one line alone has more.
    """
    found = [line for line in lines if line.level in levels] if levels else lines
    sought = next((at for at, line in enumerate(found) if line.number > after), len(found) - 1)
    before, begin, end = 0, 0, _end_of(found, 0, weigh, most)
    while end <= sought:
        before, begin, end = begin, end, _end_of(found, end, weigh, most)
    return LogPart(
        found[begin:end],
        len(found),
        begin + 1,
        found[begin - 1].at if begin else None,
        (found[before - 1].number if before else 0) if begin else None,
        found[end - 1].number if end < len(found) else None,
    )


def room_beside(field: str) -> int:
    """How many bytes the lines of a page may take beside the field that gives back what was sent."""
    return max(_LEAST_BYTES, _MOST_BYTES - len(field.encode("utf-8", "replace")))


def _end_of(lines: Sequence[LogLine], begin: int, weigh: Callable[[LogLine], int], most: int) -> int:
    """Where the page ends that begins there."""
    room = most
    for at, line in enumerate(lines[begin : begin + MOST_SHOWN], begin):
        room -= weigh(line)
        if room < 0:
            return max(at, begin + 1)
    return min(len(lines), begin + MOST_SHOWN)


def levels_of(text: str) -> tuple[str, ...]:
    """The levels that an address asks for; none is all.

    Raises:
        HTTPException: one of them is none.
    """
    asked = set(filter(None, text.split(",")))
    if ONLY_ERRORS in asked:
        asked = asked - {ONLY_ERRORS} | set(ERRORS)
    if unknown := asked.difference(LEVELS):
        raise HTTPException(
            422, f"There is no level {min(unknown)!r}: there are {', '.join(LEVELS)}, and {ONLY_ERRORS}."
        )
    return tuple(level for level in LEVELS if level in asked)


def text_of(levels: Iterable[str]) -> str:
    """As an address says it."""
    asked = tuple(level for level in LEVELS if level in set(levels))
    return ONLY_ERRORS if asked == ERRORS else ",".join(asked)


def toggled(levels: Iterable[str], level: str) -> str:
    """As an address says these with one more, or less."""
    return text_of({*levels} ^ {level})
