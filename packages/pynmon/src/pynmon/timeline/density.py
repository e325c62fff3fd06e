"""How busy runners or tasks were, when more ended than can be drawn one by one: by looking at a few of it, often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Failed, Finished, equal_parts
from pynenc.values.record_filter import AllOf, RecordFilter, matcher_of
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.presentation.statuses import LOOKS
from pynmon.query.rows import MOST_RECORDS, narrowed, needs_records
from pynmon.timeline import spans
from pynmon.timeline.axis import LABELS, WIDTH
from pynmon.timeline.groups import Arrangement, Group, LanesBy, arranged, label_of, path_of, place_of
from pynmon.timeline.headings import below, collapsed, headed
from pynmon.timeline.lanes import AXIS, SINGLE, Lane, Picture
from pynmon.timeline.nodes import room_for
from pynmon.timeline.outlines import Layer, Outlines
from pynmon.timeline.window import Window

#: Columns of the picture, looks at each of them, and invocations that are looked at each time.
PARTS, PER_PART, EACH = 110, 3, 10
#: Failures of each column of which it is told whether a query asks for them; fewer if that takes their records.
TRIED = 90
#: Of what a query asks for less does not tell when it was.
FEWEST = PARTS
#: The busiest; more are not drawn.
MOST_BUSY = 60
#: Height of the row of failures, and of the highest column of a lane.
FAILURES, _ROOM = 24, 20
_CSS = LOOKS[InvocationStatus.RUNNING].css
_AS_IT_COMES = Arrangement()
_STEP = (WIDTH - LABELS) / PARTS


@dataclass(frozen=True, slots=True)
class Part:
    """One column of the picture, over all runners."""

    begin: float
    end: float
    x: float
    width: float
    #: Counted, up to as many as one picture shows.
    failed: int
    #: How many were at work at a time, when it was looked at.
    busy: float


@dataclass(frozen=True, slots=True)
class Density:
    """The whole picture."""

    #: A lane for each runner or task, with columns as high as it was busy.
    picture: Picture
    parts: list[Part]
    #: So many invocations at a time fill a lane, and more do not fill it more.
    full: float
    #: Of a query: what was looked at, and how much of that it asks for; None without one.
    matching: tuple[int, int] | None = None

    @property
    def failed(self) -> int:
        """Counted, up to so many for each part."""
        return sum(part.failed for part in self.parts)


def density_in(
    store: BaseMonitorStore,
    window: Window,
    owned: Callable[[], Iterable[InvocationRecord]],
    conditions: Sequence[RecordFilter] = (),
    lanes_by: LanesBy = LanesBy.RUNNER,
    how: Arrangement = _AS_IT_COMES,
) -> Density | None:
    """What went on in a window, in reads that cost the same however much ended.

    Args:
        store: Asked three times, and once more for conditions that need more than figures.
        window: From when to when.
        owned: Looks up what belongs to a runner now.
        conditions: What has to hold for an invocation that is shown.
        lanes_by: What has a lane of its own: runners or tasks.
        how: Which lanes come first, and how many are left out before the others.

    Returns:
        None when no more ended than is drawn one by one, or what was looked at has too little that fulfils the
        conditions.
    """
    each = MOST_RECORDS // (PER_PART * PARTS) if needs_records(Finished, conditions) else EACH
    sample = store.sample_finished(window.since, window.until, PER_PART * PARTS, each, beyond=spans.LIMIT)
    if not sample:
        return None
    rows = [row for part in sample for row in part]
    chosen = narrowed(store, rows, conditions).rows
    if conditions and len(chosen) < FEWEST:
        return None
    fulfils = matcher_of(AllOf(tuple(conditions)))
    open_ones = [one for one in owned() if fulfils(one)]
    looked_at = Sample(sample, each, {row.invocation_id for row in chosen})
    busy = work_seconds(looked_at, open_ones, window, lanes_by)
    runners = store.get_runners(list(busy)) if lanes_by is LanesBy.RUNNER else {}
    density = draw(_failed_in(store, window, conditions), busy, runners, window, lanes_by, how)
    return replace(density, matching=(len(rows), len(chosen))) if conditions else density


def _failed_in(store: BaseMonitorStore, window: Window, conditions: Sequence[RecordFilter]) -> list[int]:
    """How many failed in each part, up to as many as one picture shows; conditions are tried on a few of each."""
    if not conditions:
        return store.count_failed(window.since, window.until, PARTS, spans.MOST_FAILED)
    tried = MOST_RECORDS // PARTS if needs_records(Failed, conditions) else TRIED
    return store.count_failed(window.since, window.until, PARTS, tried, AllOf(tuple(conditions)))


@dataclass(frozen=True, slots=True)
class Sample:
    """What was looked at."""

    #: Of each part of a window the latest that ended, latest first.
    parts: Sequence[Sequence[Finished]]
    #: At most so many of each part.
    each: int
    #: Those that are shown.
    chosen: Collection[InvocationId]


def work_seconds(
    sample: Sample,
    open_ones: Iterable[InvocationRecord],
    window: Window,
    lanes_by: LanesBy = LanesBy.RUNNER,
) -> dict[str, list[float]]:
    """Seconds of work of each runner or task in each part."""
    is_by_task = lanes_by is LanesBy.TASK
    step = window.seconds / PARTS
    busy: dict[str, list[float]] = {}

    def add(name: str, begin: float, end: float, weight: float) -> None:
        first = max(0, int((begin - window.since) / step))
        last = min(PARTS - 1, int((end - window.since) / step))
        columns = busy.get(name)
        if columns is None:
            columns = busy[name] = [0.0] * PARTS
        if first == last:
            columns[first] += weight * (end - begin)
            return
        for at in range(first, last + 1):
            edge = window.since + at * step
            columns[at] += weight * max(0.0, min(end, edge + step) - max(begin, edge))

    edges = equal_parts(window.since, window.until, PER_PART * PARTS)
    for rows, (since, until) in zip(sample.parts, edges, strict=True):
        weight = weight_of(rows, since, until, sample.each)
        for row in rows:
            is_shown = row.invocation_id in sample.chosen
            if is_shown and row.started_at is not None and row.runner_id is not None:
                add(row.task_id if is_by_task else row.runner_id, row.started_at, row.ended_at, weight)
    for one in open_ones:
        begin = one.started_at or one.pending_at
        if begin is not None and begin < window.until and one.runner_id is not None:
            add(one.task_id if is_by_task else one.runner_id, begin, window.until, 1.0)
    return busy


def weight_of(rows: Sequence[Finished], begin: float, end: float, each: int) -> float:
    """For how much work that of the latest that ended in a part stands: for itself when they are all that did."""
    if len(rows) < each:
        return 1.0
    # It was seen for so many seconds, and is shown as if it had gone on like that.
    seconds = end - rows[-1].ended_at
    return max(1.0, (end - begin) / seconds) if seconds > 0 else 1.0


def draw(
    failed: Sequence[int],
    busy: Mapping[str, Sequence[float]],
    runners: Mapping[str, RunnerRecord],
    window: Window,
    lanes_by: LanesBy = LanesBy.RUNNER,
    how: Arrangement = _AS_IT_COMES,
) -> Density:
    """Columns of equal width, and a lane for each of the busiest runners or tasks, those that are pinned first."""
    step = window.seconds / PARTS
    edges = equal_parts(window.since, window.until, PARTS)
    parts = [
        Part(
            begin,
            end,
            round(LABELS + at * _STEP, 1),
            round(_STEP, 1),
            failed[at],
            sum(columns[at] for columns in busy.values()) / step,
        )
        for at, (begin, end) in enumerate(edges)
    ]
    ordered = sorted(busy, key=lambda name: place_of(name, runners.get(name)))
    every = [
        Group(label_of(lanes_by, name, runners.get(name)), [], path=path_of(runners.get(name)))
        for name in ordered
    ]
    groups = {group.label.key: group for group in collapsed(every, how.folds, how.pins)}
    busy = {
        key: [sum(columns) for columns in zip(*(busy[name] for name in group.keys), strict=True)]
        for key, group in groups.items()
    }
    chosen = how.of(sorted(busy, key=lambda name: -sum(busy[name])))[:MOST_BUSY]
    full = _nearly_highest([seconds for name in chosen for seconds in busy[name] if seconds]) / step or 1.0
    lanes: list[Lane] = []
    outlines = Outlines()
    y = AXIS + FAILURES
    for group in headed(arranged([groups[key] for key in groups if key in chosen], how._replace(skip=0))):
        headings, y = below(y, group)
        lane = Lane(group.label, y, is_pinned=group.is_pinned, is_folded=group.is_folded)
        lane.headings, lane.number, lane.depth = headings, len(group.keys), group.depth
        outlines.add(_CSS, Layer.BARS, _outline(busy[group.label.key], full * step, y + lane.height))
        lanes.append(lane)
        y += lane.height
    picture = Picture(
        lanes,
        y,
        is_single=False,
        left_out=max(0, len(busy) - len(chosen) - how.skip),
        paths=outlines.paths(),
        room=room_for(len(lanes), 0, SINGLE, sum(len(lane.headings) for lane in lanes)),
    )
    return Density(picture, parts, full)


def _nearly_highest(values: Sequence[float]) -> float:
    """Of a hundred all but the five highest are no higher: one that stands out makes no others invisible."""
    return sorted(values)[int(0.95 * len(values))] if values else 0.0


def _outline(columns: Sequence[float], full: float, bottom: int) -> Iterable[str]:
    for at, seconds in enumerate(columns):
        if seconds > 0:
            # What is not nothing is seen, however little it is.
            high = min(_ROOM, max(1, round(seconds / full * _ROOM)))
            x = round(LABELS + at * _STEP)
            width = round(LABELS + (at + 1) * _STEP) - x - 1
            yield f"M{x} {bottom - high}h{width}v{high}h-{width}z"
