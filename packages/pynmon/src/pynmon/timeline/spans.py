"""What runners did in a window: one span for each stretch that an invocation was in a runner's hands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished, RecordQuery
from pynenc.values.record_filter import AllOf, RecordFilter, matcher_of
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.journey import stretches_of
from pynmon.query.rows import narrowed
from pynmon.timeline.window import Window

_S = InvocationStatus
#: With more invocations than this the single stretches of each are not looked up.
DETAILED = 250
#: More are not drawn: the latest are.
LIMIT = 10_000
#: The same when only failures are.
MOST_FAILED = 1_000
#: Of what ended after a window so many are looked at, to find what began before its end.
_AFTER = 2_000
#: Of what belongs to a runner now so many are looked at.
OWNED = 500
#: Where more than so many have not ended, what waits again is looked for among so many of the latest only: some stores
#: look at one after the other.
_OPEN = 5_000
#: What is in somebody's hands, but no work.
WAITS = (_S.PENDING, _S.PAUSED, _S.PENDING_RECOVERY)
HELD = (_S.PENDING, _S.RUNNING, _S.PAUSED, _S.RESUMED)
#: What waits in nobody's hands, and may have been in somebody's.
_AGAIN = (_S.RETRY, _S.REROUTED, _S.CONCURRENCY_CONTROLLED)
#: What is seen in whatever picture, however little it is of it.
BAD = (_S.FAILED, _S.KILLED, _S.RUNNING_RECOVERY, _S.PENDING_RECOVERY)


class Around(NamedTuple):
    """What a history tells about one of its stretches, besides that."""

    #: The status that came next; None while it goes on.
    after: InvocationStatus | None
    #: When the invocation was registered.
    asked_at: float


class Span(NamedTuple):
    """One bar; a tuple, because there are thousands."""

    invocation_id: InvocationId
    task_id: str
    runner_id: str
    begin: float
    #: None while it goes on.
    end: float | None
    #: What it is shown as: what came of it once that is known, what it is until then.
    status: InvocationStatus
    #: The number of the attempt; 0 where only the record tells it.
    attempt: int = 0
    #: So many of the same are one bar.
    number: int = 1
    #: None where only the record tells it.
    around: Around | None = None

    @property
    def waits_again(self) -> bool:
        """Whether it is what comes after an attempt: until somebody takes it again, it is in nobody's hands."""
        return self.end is None and self.status in _AGAIN

    @property
    def is_wait(self) -> bool:
        """Whether it is no work."""
        return self.status in WAITS or self.waits_again


@dataclass(frozen=True, slots=True)
class Work:
    """What was found in a window."""

    spans: list[Span]
    #: What was at work in the whole window, also where spans are those of a part: the last attempt of each.
    attempts: list[Span]
    #: Whether each span is one stretch, rather than a whole last attempt.
    is_detailed: bool
    #: Where what was looked at begins, if the window has more than that.
    cut_at: float | None = None
    #: Whether only the latest of what ended were looked at for a query.
    is_searched_in_part: bool = False
    #: Whether more is open than was looked at, so that of what waits for another attempt only the latest is known.
    is_open_in_part: bool = False


def work_in(
    store: BaseMonitorStore,
    window: Window,
    conditions: Sequence[RecordFilter],
    *,
    errors_only: bool,
    limit: int,
    part: Window | None = None,
) -> Work:
    """Whatever overlaps the window, also what began before it or goes on.

    Args:
        store: Asked at most five times, and once more for conditions that need more than figures, or when more is open
            than is looked at.
        window: From when to when.
        conditions: What has to hold for an invocation that is shown.
        errors_only: Shows no stretch that did not fail.
        limit: More of what ended is not drawn.
        part: That of the window whose spans are wanted, if it is not the whole.
    """
    if errors_only:
        finished = _failed_in(store, window, limit)
    else:
        finished = store.list_finished(window.since, window.until, limit)
    cut_at = finished[-1].ended_at if len(finished) == limit else None
    if not window.follows:
        later = store.list_finished(window.until, math.inf, _AFTER, oldest_first=True)
        # What was claimed may have been in somebody's hands for some time before its start, or for another attempt. Of
        # more than can be looked up one by one only the last attempt counts.
        if len(finished) + len(later) > DETAILED:
            later = [row for row in later if row.available_at < window.until]
        finished += later
    open_ones, is_open_in_part = ([], False) if errors_only else _open_in(store, window)
    if errors_only:
        finished = [row for row in finished if row.status is _S.FAILED]
    found = narrowed(store, finished, conditions)
    finished = found.rows
    fulfils = matcher_of(AllOf(tuple(conditions)))
    open_ones = [one for one in open_ones if fulfils(one)]
    attempts = [*last_attempts(finished, window), *open_attempts(open_ones, window)]
    shown = part or window
    if part is not None:
        finished = [row for row in finished if row.ended_at > part.since]
        open_ones = [one for one in open_ones if one.created_at < part.until]
    is_detailed = len(finished) + len(open_ones) <= DETAILED
    work = Work([], attempts, is_detailed, cut_at, found.is_cut, is_open_in_part)
    if not is_detailed:
        spans = (
            attempts if part is None else [*last_attempts(finished, part), *open_attempts(open_ones, part)]
        )
        return replace(work, spans=[*spans, *waits_again(open_ones, shown)])
    tasks = {row.invocation_id: row.task_id for row in finished} | {
        one.invocation_id: one.task_id for one in open_ones
    }
    spans = [
        span
        for span in stretches_in(store.get_histories(list(tasks)), tasks, shown)
        if not errors_only or span.status is _S.FAILED
    ]
    return replace(work, spans=spans)


def _open_in(store: BaseMonitorStore, window: Window) -> tuple[list[InvocationRecord], bool]:
    """What has not ended and may have been in somebody's hands, and whether there is more of it."""
    page = store.list_invocations(
        RecordQuery(statuses=frozenset({*HELD, *_AGAIN}), limit=OWNED, search_limit=_OPEN)
    )
    found = {one.invocation_id: one for one in page.records}
    if page.next is not None:
        # However much waits, what goes on is not missing.
        found |= {one.invocation_id: one for one in store.list_owned(OWNED)}
    return [one for one in found.values() if one.created_at < window.until], page.next is not None


def _failed_in(store: BaseMonitorStore, window: Window, limit: int) -> list[Finished]:
    """The latest failures, also where many more succeeded since."""
    failed = store.list_failed(window.since, window.until, limit)
    records = store.get_invocations([one.invocation_id for one in failed])
    return [
        Finished(
            one.ended_at,
            _S.FAILED,
            one.task_id,
            one.invocation_id,
            record.runner_id,
            record.started_at,
            record.available_at,
        )
        for one in failed
        if (record := records.get(one.invocation_id)) is not None
    ]


def work_of(
    store: BaseMonitorStore, records: Sequence[InvocationRecord], window: Window, part: Window | None = None
) -> Work:
    """The stretches of these invocations that overlap the window, or a part of it; one read."""
    tasks = {one.invocation_id: one.task_id for one in records}
    histories = store.get_histories(list(tasks))
    whole = list(stretches_in(histories, tasks, window))
    spans = whole if part is None else list(stretches_in(histories, tasks, part))
    return Work(spans, [span for span in whole if not span.is_wait], is_detailed=True)


def last_attempts(rows: Iterable[Finished], window: Window) -> list[Span]:
    """The last attempt of each of these that began before the end of the window."""
    until = window.until
    # There are thousands of them: a tuple of its class is made faster than by calling the class.
    make = partial(tuple.__new__, Span)
    return [
        make((invocation_id, task_id, runner_id, started_at, ended_at, status, 0, 1, None))
        for ended_at, status, task_id, invocation_id, runner_id, started_at, _ in rows
        if started_at is not None and started_at < until and runner_id is not None
    ]


def open_attempts(records: Iterable[InvocationRecord], window: Window) -> Iterator[Span]:
    """The last attempt of each of these that began by the end of the window: it goes on, or another will follow."""
    for one in records:
        if one.runner_id is None or one.pending_at is None:
            continue
        begin = max(one.pending_at, one.started_at or 0.0)
        end = one.status_at if one.status in _AGAIN else None
        if begin <= window.until and (end is None or end > window.since):
            yield Span(one.invocation_id, one.task_id, one.runner_id, begin, end, one.status)


def waits_again(records: Iterable[InvocationRecord], window: Window) -> Iterator[Span]:
    """What is in nobody's hands since its last attempt."""
    for one in records:
        if one.status in _AGAIN and one.runner_id is not None and one.status_at < window.until:
            yield Span(one.invocation_id, one.task_id, one.runner_id, one.status_at, None, one.status)


def stretches_in(
    histories: Mapping[InvocationId, Sequence[HistoryEntry]],
    tasks: Mapping[InvocationId, str],
    window: Window,
) -> Iterator[Span]:
    """The stretches of work in these histories that overlap the window."""
    for invocation_id, history in histories.items():
        attempt, runner_id = 1, None
        for one in stretches_of(history):
            number, attempt = attempt, attempt + (one.outcome is _S.RETRY)
            # What nobody has, waits where it was.
            runner_id = one.runner_id or runner_id
            if runner_id is None or not (one.status in HELD or (one.status in _AGAIN and one.end is None)):
                continue
            if one.begin >= window.until or (one.end is not None and one.end <= window.since):
                continue
            is_recovered = one.status is _S.PENDING and one.outcome is _S.PENDING_RECOVERY
            yield Span(
                invocation_id,
                tasks[invocation_id],
                runner_id,
                one.begin,
                one.end,
                _S.PENDING_RECOVERY if is_recovered else one.shown,
                number,
                around=Around(one.outcome, history[0].at),
            )
