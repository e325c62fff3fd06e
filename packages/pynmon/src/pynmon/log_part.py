"""Which of the lines that somebody pasted are shown: those of some levels, and not too many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fastapi import HTTPException

from pynmon.log_lines import ERRORS, LEVELS, LogLine

#: So many lines a page has at most: browsers find within them.
MOST_SHOWN = 5_000
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


def part_of(lines: Sequence[LogLine], levels: Iterable[str], after: int) -> LogPart:
    """The lines of one page.

    Args:
        lines: All of them.
        levels: Theirs are shown; all, when there are none.
        after: Only those after the one with this number.
    """
    found = [line for line in lines if line.level in levels] if levels else lines
    skipped = next((at for at, line in enumerate(found) if line.number > after), len(found))
    shown = found[skipped : skipped + MOST_SHOWN]
    # The page before ends where this one begins, but the first one begins with the first line.
    before = max(0, skipped - MOST_SHOWN)
    return LogPart(
        shown,
        len(found),
        skipped + 1,
        found[skipped - 1].at if skipped else None,
        (found[before - 1].number if before else 0) if skipped else None,
        shown[-1].number if skipped + len(shown) < len(found) and shown else None,
    )


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
