"""Figures of what has ended: pure functions of the rows that a store gives."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pynenc.values.monitor import Finished, Registered
from pynenc.values.status import InvocationStatus


class Sample(NamedTuple):
    """What ended in a window, as far as it is looked at."""

    #: Latest first.
    rows: list[Finished]
    #: Where the window begins, or what was looked at of it: a chart shows no time of which most is missing.
    since: float
    until: float
    is_cut: bool


class RegisteredSample(NamedTuple):
    """What was registered in a window, as far as it is looked at."""

    #: The last one first.
    rows: list[Registered]
    #: As of ``Sample``.
    since: float
    until: float
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    longest: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of some invocations."""

    total: int
    succeeded: int
    failed: int
    #: From claimable to the start of the last attempt.
    wait: Spread
    #: From the start of the last attempt to its end.
    run: Spread
    last_end: float | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """What ended in one part of a window."""

    begin: float
    succeeded: int
    failed: int
    other: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.succeeded + self.failed + self.other


def spread(values: Sequence[float]) -> Spread:
    """Percentiles by nearest rank."""
    if not values:
        return Spread()
    ordered = sorted(values)
    last = len(ordered) - 1
    p50, p95, p99 = (ordered[min(last, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99))
    return Spread(p50, p95, p99, ordered[-1])


def figures(rows: Sequence[Finished]) -> Figures:
    """Of all of them together."""
    statuses = [row.status for row in rows]
    waits = [row.started_at - row.available_at for row in rows if row.started_at is not None]
    runs = [row.ended_at - row.started_at for row in rows if row.started_at is not None]
    return Figures(
        len(rows),
        statuses.count(InvocationStatus.SUCCESS),
        statuses.count(InvocationStatus.FAILED),
        spread([max(0.0, wait) for wait in waits]),
        spread(runs),
        max((row.ended_at for row in rows), default=None),
    )


def figures_by_task(rows: Iterable[Finished]) -> dict[str, Figures]:
    """Of each task."""
    by_task: dict[str, list[Finished]] = {}
    for row in rows:
        by_task.setdefault(row.task_id, []).append(row)
    return {task_id: figures(of_task) for task_id, of_task in by_task.items()}


#: Of fewer runs nobody can tell which of them are slow; and of so many tasks one may ask for the slow runs.
_ENOUGH_RUNS, _MOST_TASKS = 20, 100


def slow_runs(rows: Iterable[Finished]) -> dict[str, float]:
    """By task how long all but the slowest twentieth of its runs took at most; of the tasks that ended most often."""
    found = [
        (of_task.total, task_id, of_task.run.p95)
        for task_id, of_task in figures_by_task(rows).items()
        if of_task.total >= _ENOUGH_RUNS and of_task.run.p95 is not None
    ]
    return {task_id: seconds for _, task_id, seconds in sorted(found, reverse=True)[:_MOST_TASKS]}


@dataclass(frozen=True, slots=True)
class Latency:
    """How long what ended in one part of a window had taken."""

    begin: float
    number: int
    wait: Spread
    run: Spread


def latencies(rows: Iterable[Finished], since: float, until: float, number: int) -> list[Latency]:
    """The window in equal parts."""
    step = (until - since) / number
    parts: list[list[Finished]] = [[] for _ in range(number)]
    for row in rows:
        position = (row.ended_at - since) / step // 1
        if 0 <= position < number:
            parts[int(position)].append(row)
    return [
        Latency(since + at * step, len(part), of_part.wait, of_part.run)
        for at, part in enumerate(parts)
        for of_part in [figures(part)]
    ]


def queue_ages(
    waits: Iterable[tuple[float, float]], since: float, until: float, number: int
) -> list[float | None]:
    """How long the one that waited longest had waited at most, in equal parts of a window; None where nobody waited.

    Args:
        waits: From when until when each waited.
        since: Where the window begins.
        until: Where it ends.
        number: Of its parts.
    """
    step = (until - since) / number
    ages: list[float | None] = [None] * number
    for begin, end in waits:
        first, last = int(max(0.0, begin - since) // step), int((min(until, end) - since) // step)
        for at in range(first, min(number - 1, last) + 1):
            age = min(end, since + (at + 1) * step) - begin
            ages[at] = max(ages[at] or 0.0, age)
    return ages


#: Places of what succeeded and what failed in a bucket.
_KINDS = {InvocationStatus.SUCCESS: 0, InvocationStatus.FAILED: 1}


def buckets(rows: Iterable[Finished], since: float, until: float, number: int) -> list[Bucket]:
    """The window in equal parts."""
    step = (until - since) / number
    counts = Counter([((row.ended_at - since) / step // 1, row.status) for row in rows])
    found = [[0, 0, 0] for _ in range(number)]
    for (position, status), n in counts.items():
        if 0 <= position < number:
            found[int(position)][_KINDS.get(status, 2)] += n
    return [Bucket(since + at * step, *count) for at, count in enumerate(found)]


#: Upper bounds of the bars of a histogram of durations, in seconds; the last bar has none.
BOUNDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def histogram(values: Iterable[float]) -> list[int]:
    """How many durations lie within each pair of neighbouring bounds."""
    counts = [0] * (len(BOUNDS) + 1)
    for value in values:
        counts[bisect_right(BOUNDS, value)] += 1
    return counts
