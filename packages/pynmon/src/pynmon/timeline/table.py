"""The spans of a timeline as lines of a table, in the order that somebody wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from pynmon.presentation.statuses import LOOKS
from pynmon.timeline.spans import Span


class SortBy(StrEnum):
    """What lines are sorted by."""

    STATUS = "status"
    TASK = "task"
    RUNNER = "runner"
    BEGIN = "begin"
    #: The longest first.
    LENGTH = "length"


def lines_of(spans: Iterable[Span], by: SortBy, now: float) -> list[Span]:
    """Sorted; what is equal in the order in which it began.

    Args:
        spans: In any order.
        by: What by.
        now: Until then what goes on has taken.
    """
    keys: dict[SortBy, Callable[[Span], Any]] = {
        SortBy.STATUS: lambda span: LOOKS[span.status].word,
        SortBy.TASK: lambda span: span.task_id,
        SortBy.RUNNER: lambda span: span.runner_id,
        SortBy.BEGIN: lambda span: span.begin,
        SortBy.LENGTH: lambda span: span.begin - (now if span.end is None else span.end),
    }
    return sorted(sorted(spans, key=keys[SortBy.BEGIN]), key=keys[by])
