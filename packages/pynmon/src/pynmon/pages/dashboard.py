"""Is it healthy? Then how much, how fast, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from pynenc.inspection import Part
from pynenc.values.findings import Finding, Level
from pynenc.values.monitor import RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.charts import Bars, throughput
from pynmon.checks import check
from pynmon.evidence import evidence_of
from pynmon.health import RunnerState
from pynmon.pages.context import RANGES, SourceOf, ViewsOf, seconds_of
from pynmon.pages.lately import SECONDS, lately
from pynmon.presentation.parts import Parts
from pynmon.presentation.payloads import masked_text
from pynmon.presentation.statuses import GROUPS
from pynmon.probes import Probe
from pynmon.schedules import schedules_of
from pynmon.source import Counts, Source
from pynmon.statistics import Sample, buckets, figures, figures_by_task
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.window import Window

router = APIRouter()
_BARS = 60
#: Latest runs of all triggers together that are looked at.
_RUNS = 100
#: So long charts and lists of an open page stay as they are; figures and health follow at once.
_CHART_SECONDS, _LIST_SECONDS = 15, 5


@router.get("/", name="dashboard")
def dashboard(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    range: str = "1h",
) -> HTMLResponse:
    """The first page."""
    seconds = seconds_of(range)
    sample = source.sample(seconds)
    now = source.now()
    counts = total_counts(source.counts())
    schedules = schedules_of(source.triggers.list_triggers(), source.runs(None, _RUNS), now)
    recent = [row for row in sample.rows if row.ended_at >= now - SECONDS]
    evidence = evidence_of(
        source,
        recent,
        [one.late for one in schedules if one.late is not None],
    )
    runners = evidence.runners
    checks = check(evidence)
    states = Counter(source.rhythm.state_of(one, now) for one in runners)
    since = sample.since
    by_task = source.of_finished(seconds, figures_by_task)
    slowest = sorted(by_task.items(), key=lambda one: -(one[1].run.p95 or 0.0))[:5]

    def picture() -> Drawing:
        window = Window(max(since, now - SECONDS), now, follows=True)
        return lately(recent, evidence.owned, runners, window)

    def latest_failures() -> Sequence[InvocationRecord]:
        query = RecordQuery(statuses=frozenset({InvocationStatus.FAILED}), limit=6)
        return source.store.list_invocations(query).records

    components = source.components()
    return views.page(
        request,
        "dashboard.html",
        now=now,
        checks=checks,
        level=next(iter(checks.values())).level,
        groups=GROUPS,
        # Made only where they are sent.
        picture=picture,
        latest_failures=latest_failures,
        parts=Parts(request.headers, now),
        chart_seconds=_CHART_SECONDS,
        list_seconds=_LIST_SECONDS,
        components=components_of(components, answers_of(source, components, evidence.answer_seconds)),
        masked=masked_text,
        counts=counts,
        total=sum(counts.values()),
        range=range,
        ranges=RANGES,
        since=since,
        is_cut=sample.is_cut,
        figures=source.of_finished(seconds, figures),
        bars=source.of_sample(seconds, _bars),
        bar_seconds=(sample.until - since) / _BARS,
        slowest=slowest,
        runners=len(runners),
        hosts=len({one.identity.host for one in runners if one.stopped_at is None}),
        states={state: states[state] for state in RunnerState},
        rhythm=source.rhythm,
        due=[one for one in schedules if one.next_at is not None][:5],
    )


def _bars(sample: Sample) -> Bars:
    return throughput(buckets(sample.rows, sample.since, max(sample.until, sample.since + 1.0), _BARS))


_ANSWERS = Finding(Level.OK, "answers")


class Component(NamedTuple):
    """One part of the app."""

    name: str
    #: The kind of its store.
    store: str
    #: The worst that the store says of itself.
    finding: Finding
    #: How long a small read took.
    seconds: float | None = None


def answers_of(
    source: Source, parts: Iterable[tuple[Part, Sequence[Finding]]], seconds: float
) -> Mapping[str, Probe]:
    """By component. Those of the store of the records take as long as that does, the others are asked.

    Args:
        source: Asks.
        parts: The stores.
        seconds: What a small read of the records took.
    """
    own = source.app.orchestrator.store
    here = {name: Probe(seconds) for part, _ in parts if part.store is own for name in part.components}
    return here | source.probes([name for part, _ in parts for name in part.components if name not in here])


def components_of(
    parts: Iterable[tuple[Part, Sequence[Finding]]], answers: Mapping[str, Probe]
) -> list[Component]:
    """Every part of the app with its store, in the order of the stores."""
    ranks = {level: at for at, level in enumerate(Level)}
    return [
        Component(
            name.replace("_", " "),
            type(part.store).__name__,
            max(_told_by(answers.get(name)), *findings, _ANSWERS, key=lambda one: ranks[one.level]),
            answers[name].seconds if name in answers else None,
        )
        for part, findings in parts
        for name in part.components
    ]


def _told_by(answer: Probe | None) -> Finding:
    return Finding(Level.PROBLEM, answer.problem) if answer and answer.problem else _ANSWERS


def total_counts(counts: Counts) -> Mapping[InvocationStatus, int]:
    """All tasks together."""
    total: Counter[InvocationStatus] = Counter()
    for by_status in counts.values():
        total.update(by_status)
    return total
