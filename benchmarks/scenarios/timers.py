"""10,000 retries that wait for their time, which comes evenly over 10 s: how late they start, what waiting costs."""

from __future__ import annotations

import statistics
from typing import Any

import psutil
from benchmarks.harness.system import Metric, System, until
from benchmarks.harness.systems import Candidate, is_peer

METRICS = (
    Metric("p50", "timers: lateness p50", "ms", False),
    Metric("p99", "timers: lateness p99", "ms", False),
    Metric("memory", "timers: memory of a worker while they wait", "MB more", False),
)
REPETITIONS = 3


def applies(candidate: Candidate) -> bool:
    return not is_peer(candidate)  # their timers are in the memory of a worker, or a second apart


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 1_000 if quick else 10_000
    with system.workers(2) as processes:
        # What the first invocations load is no cost of timers.
        system.call_many("add", [(1, 1)] * count)
        system.wait_finished(count)
        before = _memory(processes)
        system.call_many("second_attempt", [(number,) for number in range(count)])
        app: Any = system.app  # type: ignore[attr-defined]
        until(
            lambda: sum(n for s, n in app.orchestrator.count_by_status().items() if s == "retry") == count,
            0.01,
        )
        waiting = _memory(processes)
        system.wait_finished(2 * count)
    late = [1000 * (record.started_at - record.available_at) for record in _records(app, count)]
    assert len(late) == count
    return {
        "p50": statistics.median(late),
        "p99": statistics.quantiles(late, n=100)[98],
        "memory": (waiting - before) / 1e6,
    }


def _memory(processes: list[psutil.Process]) -> int:
    rss: int = processes[-1].memory_info().rss
    return rss


def _records(app: Any, count: int) -> list[Any]:
    from pynenc.values.operations import InvocationQuery  # noqa: PLC0415 - only where pynenc is measured

    found: list[Any] = []
    while len(found) < count:
        after = found[-1].invocation_id if found else None
        page = app.orchestrator.list_records(
            InvocationQuery(task_id="benchmarks.subject.tasks.second_attempt", after=after, limit=1_000)
        )
        if not page:
            break
        found += page
    return found
