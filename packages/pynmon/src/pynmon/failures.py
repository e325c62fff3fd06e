"""Failures by kind: pure functions of the rows that a store gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Failed
from pynmon.charts import Bars, bars_of


@dataclass(frozen=True, slots=True)
class Kind:
    """Failures of one exception at one place of the code."""

    #: Empty of those that have none; they are told apart by their exception alone.
    fingerprint: str
    error_type: str | None
    number: int
    #: Of those in the window.
    first_at: float
    last_at: float
    #: The last one.
    latest: InvocationId
    #: The tasks that failed so, most often first.
    tasks: tuple[tuple[str, int], ...]
    trend: Bars


def kinds_of(rows: Sequence[Failed], since: float, until: float, parts: int) -> list[Kind]:
    """Each kind once, the most frequent first.

    Args:
        rows: Latest first.
        since: Where the trend begins.
        until: Where it ends.
        parts: Of the trend.
    """
    by_kind: dict[tuple[str, str | None], list[Failed]] = {}
    for row in rows:
        kind = (row.fingerprint, None) if row.fingerprint else ("", row.error_type)
        by_kind.setdefault(kind, []).append(row)
    kinds = [
        _kind(fingerprint, of_kind, since, until, parts) for (fingerprint, _), of_kind in by_kind.items()
    ]
    return sorted(kinds, key=lambda kind: (-kind.number, -kind.last_at))


def _kind(fingerprint: str, rows: Sequence[Failed], since: float, until: float, parts: int) -> Kind:
    latest = rows[0]
    return Kind(
        fingerprint,
        latest.error_type,
        len(rows),
        rows[-1].ended_at,
        latest.ended_at,
        latest.invocation_id,
        tuple(Counter(row.task_id for row in rows).most_common()),
        trend_of([row.ended_at for row in rows], since, until, parts),
    )


def trend_of(
    instants: Iterable[float], since: float, until: float, parts: int, css: str = "st-failed"
) -> Bars:
    """How many there are in each part of a window."""
    step = max(until - since, 0.001) / parts
    # The last part holds what ended while the page was made, too.
    counts = Counter(min(parts - 1, max(0, int((at - since) / step))) for at in instants)
    return bars_of([(since + at * step, ((css, counts[at]),)) for at in range(parts)])
