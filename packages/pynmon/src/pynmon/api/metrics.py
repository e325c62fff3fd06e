"""``/metrics``: numbers that the store maintains, in the text format of Prometheus. Nothing is scanned for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import accumulate
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from pynenc.values.status import InvocationStatus
from pynmon.checks import check
from pynmon.ended import Ended, Histogram
from pynmon.evidence import evidence_of
from pynmon.health import RunnerState
from pynmon.live import Live
from pynmon.sampler import Sampler
from pynmon.schedules import TriggerState, schedules_of
from pynmon.slots import slots_of
from pynmon.source import MOST_RUNNERS, Counts, Source
from pynmon.statistics import BOUNDS
from pynmon.timed import Queries

router = APIRouter()
#: Tasks with a label of their own, those with most invocations; the rest is ``other``.
_MOST_TASKS = 200
#: Latest runs of all triggers together that are looked at.
_RUNS = 100
_RECOVERIES = {
    InvocationStatus.PENDING_RECOVERY: "pending",
    InvocationStatus.RUNNING_RECOVERY: "running",
}
_QUEUED = (InvocationStatus.REGISTERED, InvocationStatus.REROUTED, InvocationStatus.RETRY)


class _Family(NamedTuple):
    """All numbers of one name."""

    name: str
    meaning: str
    samples: Iterable[tuple[Mapping[str, str], float]]
    kind: str = "gauge"


class _Answer(PlainTextResponse):
    """Text as Prometheus wants it."""

    media_type = "text/plain; version=0.0.4"


@router.get("/metrics", name="metrics", response_class=_Answer, include_in_schema=False)
async def metrics(request: Request) -> _Answer:
    """The last sample of what the store maintains, and the monitor's own numbers as they are."""
    sampler: Sampler = request.app.state.sampler
    live: Live = request.app.state.live
    queries: Queries = request.app.state.queries
    told, age = await sampler.latest()
    told += "".join(map(_text, _own(live, age)))
    told += _histogram_text(
        "pynmon_query_seconds", "What the monitor asked its store.", "query", queries.histograms()
    )
    return _Answer(told.encode("utf-8", "backslashreplace"))


def sample(source: Source, ended: Ended) -> str:
    """What the store maintains, as ``/metrics`` tells it; eleven reads at most as a rule.

    Args:
        source: Where it is read.
        ended: What ended since it was first asked.
    """
    source.cached("ended", lambda: ended.look(source.now()))
    told = "".join(map(_text, [*_families(source), _ended(ended)]))
    for name, meaning, histograms in (
        ("pynenc_invocation_wait_seconds", "From claimable to the last start.", ended.waits),
        ("pynenc_invocation_run_seconds", "From the last start to the end.", ended.runs),
    ):
        told += _histogram_text(name, meaning, "task", histograms)
    return told


def _families(source: Source) -> list[_Family]:
    counts = source.counts()
    now = source.now()
    known, runs = source.cached(
        "triggers", lambda: (source.triggers.list_triggers(), source.runs(None, _RUNS))
    )
    triggers = schedules_of(known, runs, now)
    late = {one.trigger.trigger_id: one.late for one in triggers[:_MOST_TASKS] if one.late is not None}
    evidence = evidence_of(source, source.finished(300.0), list(late.values()))
    runners, waiting = evidence.runners, evidence.longest_waiting
    trigger_states = Counter(one.state for one in triggers)
    states = Counter(source.rhythm.state_of(one, now) for one in runners)
    living = [
        one
        for one in runners
        if source.rhythm.state_of(one, now) in (RunnerState.STARTING, RunnerState.ALIVE)
    ]
    running = sum(by_status.get(InvocationStatus.RUNNING, 0) for by_status in counts.values())
    slots = slots_of(living, running, evidence.owned)
    recovered = source.cached("recovered", source.store.count_recovered)
    age = 0.0 if waiting is None else max(0.0, now - waiting.available_at)
    depth = sum(by_status.get(status, 0) for by_status in counts.values() for status in _QUEUED)
    return [
        _Family(
            "pynenc_invocations",
            "Invocations that rest in a status, as far as they are kept.",
            [
                ({"task": task, "status": status.value}, number)
                for task, by_status in by_task(counts).items()
                for status, number in sorted(by_status.items())
            ],
        ),
        _Family(
            "pynenc_queue_depth", "Invocations that wait for a runner, or for their time.", [({}, depth)]
        ),
        _Family(
            "pynenc_queue_oldest_age_seconds",
            "How long the next in line has been claimable; 0 when nothing waits.",
            [({}, age)],
        ),
        _Family(
            "pynenc_runners",
            f"Runners and workers by state; at most {MOST_RUNNERS} are looked at, first those that live.",
            [({"state": state.value}, states[state]) for state in RunnerState],
        ),
        _Family(
            "pynenc_slots",
            "Invocations that the runners that live can run at a time, those of async def tasks not counted.",
            [({"state": state}, number) for state, number in asdict(slots).items()],
        ),
        _Family(
            "pynenc_recoveries_total",
            "Invocations that were taken from an owner that was gone, by what it was to them.",
            [({"kind": kind}, recovered.get(status, 0)) for status, kind in _RECOVERIES.items()],
            "counter",
        ),
        _Family(
            "pynenc_triggers",
            "Triggers by state.",
            [({"state": state.value}, trigger_states[state]) for state in TriggerState],
        ),
        _Family(
            "pynenc_trigger_lateness_seconds",
            "By how much the latest run of a schedule came after its time.",
            [({"trigger": trigger_id}, max(0.0, seconds)) for trigger_id, seconds in late.items()],
        ),
        _Family(
            "pynenc_health_check",
            "The checks of the dashboard: 0 is well, 1 is worth a look, 2 needs somebody.",
            [({"check": name}, int(one.level)) for name, one in check(evidence).items()],
        ),
    ]


def _ended(ended: Ended) -> _Family:
    return _Family(
        "pynenc_invocations_ended_total",
        "Invocations that ended since the monitor was first asked, by the status that they ended with.",
        [
            ({"task": task, "status": status.value}, number)
            for task, by_status in ended.outcomes.items()
            for status, number in sorted(by_status.items())
        ],
        "counter",
    )


def _own(live: Live, age: float) -> list[_Family]:
    return [
        _Family(
            "pynmon_sample_age_seconds",
            "How long ago the store was asked for what is told of it here.",
            [({}, age)],
        ),
        _Family("pynmon_event_streams", "Browser tabs that are told of changes now.", [({}, live.streams)]),
        _Family(
            "pynmon_sampler_lag_seconds",
            "How much longer ago than planned the store said whether anything changed; 0 while nobody looks.",
            [({}, live.lag_seconds)],
        ),
    ]


def _histogram_text(name: str, meaning: str, by: str, histograms: Mapping[str, Histogram]) -> str:
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} histogram"]
    for value, histogram in histograms.items():
        label, reached = f'{by}="{_escaped(value)}"', list(accumulate(histogram.counts))
        bounds = [*map(str, BOUNDS), "+Inf"]
        lines += [
            f'{name}_bucket{{{label},le="{bound}"}} {number}'
            for bound, number in zip(bounds, reached, strict=True)
        ]
        lines += [f"{name}_sum{{{label}}} {histogram.total}", f"{name}_count{{{label}}} {reached[-1]}"]
    return "\n".join(lines) + "\n"


def by_task(counts: Counts) -> dict[str, Counter[InvocationStatus]]:
    """The counts of the largest tasks, and of all others together."""
    by_size = sorted(counts, key=lambda task: (-sum(counts[task].values()), task))
    told = {task: Counter(counts[task]) for task in by_size[:_MOST_TASKS]}
    rest: Counter[InvocationStatus] = Counter()
    for task in by_size[_MOST_TASKS:]:
        rest.update(counts[task])
    return told | {"other": rest} if rest else told


def _text(family: _Family) -> str:
    lines = [f"# HELP {family.name} {family.meaning}", f"# TYPE {family.name} {family.kind}"]
    for labels, value in family.samples:
        told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        lines.append(f"{family.name}{f'{{{told}}}' if told else ''} {value}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
