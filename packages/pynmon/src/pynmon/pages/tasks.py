"""Every task that the store has seen or that is declared, with its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.values.monitor import Finished, RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.charts import Lines, Trend, lines_of, throughput, trend_of
from pynmon.cron_words import words_of
from pynmon.declared import NOTHING, Declared
from pynmon.failures import kinds_of
from pynmon.pages.context import RANGES, SourceOf, ViewsOf, seconds_of
from pynmon.places import Key, keys_of, repeated_calls
from pynmon.presentation.statuses import GROUPS
from pynmon.schedules import state_of
from pynmon.source import MOST_OWNED, Source
from pynmon.statistics import (
    BOUNDS,
    Figures,
    Sample,
    buckets,
    figures,
    figures_by_task,
    histogram,
    latencies,
    queue_ages,
)

router = APIRouter()
_SLOWEST, _FAILURES, _KINDS, _PARTS = 10, 5, 5, 60
#: Of the latest invocations: those that are shown, and those among which calls are counted.
_LATEST, _COUNTED, _CALLS = 15, 200, 5
#: Of those that stand in line for a place.
_IN_LINE = 200
#: Parts of the window that a line of the list shows.
_RATES = 24
_NOTHING = figures([])
_NO_COUNTS: dict[InvocationStatus, int] = {}
_WAITING = (*GROUPS["Waiting"], InvocationStatus.CONCURRENCY_CONTROLLED)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One line of the table."""

    task_id: str
    #: Of all time, as far as it is kept.
    total: int
    waiting: int
    active: int
    failed: int
    #: Of the window.
    figures: Figures
    #: What ended in each part of it; None where nothing did.
    rate: Trend | None
    declared: Declared
    #: Whether something of it ended within a day; of the window where nobody asks for that.
    is_of_today: bool
    #: Longer than these seconds takes a run that is slow; None where that cannot be told, or nobody asks for it.
    slow_seconds: float | None


#: By name in the address: what a column is sorted by, and whether the largest comes first.
SORTS: dict[str, Callable[[TaskRow], Any]] = {
    "task": lambda row: row.task_id,
    "total": lambda row: -row.total,
    "waiting": lambda row: (-row.waiting, row.task_id),
    "active": lambda row: (-row.active, row.task_id),
    "ended": lambda row: (-row.figures.total, row.task_id),
    "failed": lambda row: (-row.figures.failed, -row.failed, row.task_id),
    "wait": lambda row: (-(row.figures.wait.p95 or 0.0), row.task_id),
    "run": lambda row: (-(row.figures.run.p95 or 0.0), row.task_id),
}


#: By name in the address: which tasks are shown, and in words.
ONLY: dict[str, tuple[str, Callable[[TaskRow], bool]]] = {
    "": ("all", lambda _: True),
    "failing": ("that failed in the window", lambda row: row.figures.failed > 0),
    "slow": (
        "slower than usual",
        # Half of its runs take longer than all but the slowest twentieth of the day.
        lambda row: row.slow_seconds is not None and (row.figures.run.p50 or 0.0) > row.slow_seconds,
    ),
    "idle": ("of which nothing ended today", lambda row: row.total > 0 and not row.is_of_today),
    "new": ("never called", lambda row: row.total == 0),
    "disputed": ("on which runners do not agree", lambda row: row.declared.is_disputed),
    "unknown": ("that nobody declares any more", lambda row: not row.declared.variants),
}


@dataclass(frozen=True, slots=True)
class Module:
    """Tasks that are declared in one module; or all, where nobody asked for modules."""

    name: str
    #: Of its packages, those that are shown, too.
    depth: int
    rows: list[TaskRow]

    def sum(self, field: str) -> int:
        """Of a number that each of its lines has."""
        return sum(getattr(row, field) for row in self.rows)

    @property
    def ended(self) -> int:
        """In the window."""
        return sum(row.figures.total for row in self.rows)

    @property
    def ended_badly(self) -> int:
        """In the window, with an exception."""
        return sum(row.figures.failed for row in self.rows)


#: By name in the address: what the table is made of, and in words.
PARTS = {"": "tasks", "module": "modules"}


@router.get("/tasks", name="tasks")
def tasks(  # noqa: PLR0913, PLR0917 - one for each that the address may have
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    range: str = "1h",
    sort: str = "ended",
    search: str = "",
    only: str = "",
    by: str = "",
) -> HTMLResponse:
    """All tasks, in a few reads for all of them together."""
    if by not in PARTS:
        raise HTTPException(422, f"There is no table by {by!r}: choose module, or nothing.")
    if only not in ONLY:
        raise HTTPException(
            422, f"There are no tasks {only!r}: choose one of {', '.join(filter(None, ONLY))}."
        )
    if sort not in SORTS:
        raise HTTPException(422, f"Tasks cannot be sorted by {sort!r}: choose one of {', '.join(SORTS)}.")
    seconds = seconds_of(range)
    sample = source.sample(seconds)
    by_task = source.of_finished(seconds, figures_by_task)
    rates = source.of_sample(seconds, _rates)
    # A whole day is looked at only where that is asked for.
    today = source.tasks_of_today() if only == "idle" else frozenset[str]()
    slow = source.slow_runs() if only == "slow" else {}
    declared = source.declared()
    by_status = source.counts()
    every = {**dict.fromkeys(declared, _NO_COUNTS), **by_status}
    rows = [
        TaskRow(
            task_id,
            sum(counts.values()),
            sum(counts.get(status, 0) for status in _WAITING),
            sum(counts.get(status, 0) for status in GROUPS["Active"]),
            counts.get(InvocationStatus.FAILED, 0),
            by_task.get(task_id, _NOTHING),
            rates.get(task_id),
            declared.get(task_id, NOTHING),
            task_id in today or task_id in by_task,
            slow.get(task_id),
        )
        for task_id, counts in every.items()
        if search.lower() in task_id.lower()
    ]
    rows = [row for row in rows if ONLY[only][1](row)]
    rows.sort(key=SORTS[sort])
    chosen = {"range": range, "sort": sort, "search": search, "only": only, "by": by}
    return views.page(
        request,
        "tasks.html",
        rows=rows,
        modules=_modules(rows) if by else [Module("", 0, rows)],
        by=by,
        parts=PARTS,
        address=lambda **changes: "?" + urlencode({k: v for k, v in {**chosen, **changes}.items() if v}),
        sort=sort,
        range=range,
        ranges=RANGES,
        search=search,
        only=only,
        choices={name: words for name, (words, _) in ONLY.items()},
        has_code=any(one.variants for one in declared.values()),
        runners=len(source.code()),
        is_cut=sample.is_cut,
        sample=len(sample.rows),
    )


@router.get("/tasks/{task_id}", name="task")
def task(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    task_id: str,
    range: str = "1h",
) -> HTMLResponse:
    """One task."""
    seconds = seconds_of(range)
    declared = source.declared().get(task_id, NOTHING)
    counts = source.counts().get(task_id, {} if declared is not NOTHING else None)
    if counts is None:
        raise HTTPException(
            404, f"The store has no invocation of a task {task_id!r}, and nothing declares one here."
        )
    sample = source.sample(seconds)
    rows = [row for row in sample.rows if row.task_id == task_id]
    now, since = source.now(), sample.since
    latest = source.store.list_invocations(RecordQuery(task_id=task_id, limit=_COUNTED)).records
    failed = [row for row in source.failed(seconds) if row.task_id == task_id]
    shown = [row.invocation_id for row in failed[:_FAILURES]]
    failures = source.store.get_invocations(shown) if shown else {}
    return views.page(
        request,
        "task.html",
        now=now,
        task_id=task_id,
        counts=counts,
        total=sum(counts.values()),
        declared=declared,
        states={one.trigger_id: state_of(one) for one in declared.triggers},
        words_of=words_of,
        figures=figures(rows),
        bars=throughput(buckets(rows, since, max(now, since + 1.0), _PARTS)),
        latency=_latency(rows, latest, since, max(now, since + 1.0)),
        since=since,
        histogram=_histogram(rows),
        range=range,
        ranges=RANGES,
        is_cut=sample.is_cut,
        slowest=sorted(
            (row for row in rows if row.started_at is not None),
            key=lambda row: (row.started_at or 0.0) - row.ended_at,
        )[:_SLOWEST],
        kinds=kinds_of(failed, since, now, 24)[:_KINDS],
        latest=latest[:_LATEST],
        calls=repeated_calls(latest, _CALLS),
        counted=len(latest),
        keys=_keys(source, latest, counts),
        in_line=_IN_LINE,
        failures=[failures[one] for one in shown if one in failures],
    )


def _keys(
    source: Source, latest: Sequence[InvocationRecord], counts: Mapping[InvocationStatus, int]
) -> list[Key]:
    """Asks as little as the latest invocations of the task leave open; nothing where calls have no keys."""
    if not any(record.cc_key for record in latest):
        return []
    task_id, blocked = latest[0].task_id, InvocationStatus.CONCURRENCY_CONTROLLED
    waiting = [record for record in reversed(latest) if record.status is blocked]
    if len(waiting) < counts.get(blocked, 0):
        line = RecordQuery(task_id=task_id, statuses=frozenset({blocked}), oldest_first=True, limit=_IN_LINE)
        waiting = list(source.store.list_invocations(line).records)
    return keys_of((one for one in source.owned(MOST_OWNED) if one.task_id == task_id), waiting)


def _modules(rows: Sequence[TaskRow]) -> list[Module]:
    """By name, so that a package comes before what is in it; the lines stay in their order."""
    found: dict[str, list[TaskRow]] = {}
    for row in rows:
        found.setdefault(row.task_id.rpartition(".")[0], []).append(row)
    return [
        Module(name, sum(name.startswith(f"{other}.") for other in found), found[name])
        for name in sorted(found)
    ]


def _rates(sample: Sample) -> dict[str, Trend]:
    """Of each task that something of ended."""
    found: dict[str, list[Finished]] = {}
    for row in sample.rows:
        found.setdefault(row.task_id, []).append(row)
    until = max(sample.until, sample.since + 1.0)
    return {
        task_id: trend_of(buckets(of_task, sample.since, until, _RATES)) for task_id, of_task in found.items()
    }


def _latency(
    rows: list[Finished], latest: Sequence[InvocationRecord], since: float, until: float
) -> dict[str, Lines]:
    parts = latencies(rows, since, until, _PARTS)
    waits = [(row.available_at, row.ended_at if row.started_at is None else row.started_at) for row in rows]
    waits += [(one.available_at, _waited_until(one, until)) for one in latest if not one.status.is_final()]
    oldest = queue_ages((wait for wait in waits if wait[0] < until), since, until, _PARTS)
    return {
        "Run": lines_of([(part.begin, part.number, part.run) for part in parts]),
        "Wait": lines_of([(part.begin, part.number, part.wait) for part in parts], oldest),
    }


def _waited_until(record: InvocationRecord, now: float) -> float:
    """When its last attempt began; now of one that waits for it."""
    began = record.started_at
    return now if began is None or began < record.available_at else began


def _histogram(rows: list[Finished]) -> list[tuple[float | None, int, float]]:
    """Upper bound in seconds, how many, and the share of the highest bar."""
    counts = histogram(row.ended_at - row.started_at for row in rows if row.started_at is not None)
    highest = max(counts) or 1
    bounds = [*BOUNDS, None]
    return [(bound, n, n / highest) for bound, n in zip(bounds, counts, strict=True)]
