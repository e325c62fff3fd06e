"""Runs of workflows by what they are runs of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.charts import Bars, bars_of
from pynmon.presentation.statuses import LOOKS
from pynmon.statistics import Spread, spread

#: The latest runs of each, as a chart.
_DRAWN = 30


@dataclass(frozen=True, slots=True)
class WorkflowType:
    """One workflow, with what became of its runs."""

    task_id: str
    #: Of all time, as far as it is kept.
    total: int
    #: Of those that were looked at: all, those that have ended, and how these ended.
    runs: int
    ended: int
    succeeded: int
    failed: int
    #: From registration to end.
    took: Spread
    latest: InvocationRecord
    #: How long the latest that ended took, the last one on the right; each in the colour of what came of it.
    trend: Bars


def types_of(
    records: Sequence[InvocationRecord], counts: Mapping[str, Mapping[InvocationStatus, int]]
) -> list[WorkflowType]:
    """Each workflow once, the one that was called last first.

    Args:
        records: Runs, newest first.
        counts: How many invocations of each task rest in each status.
    """
    by_task: dict[str, list[InvocationRecord]] = {}
    for record in records:
        by_task.setdefault(record.task_id, []).append(record)
    return [_type(task_id, runs, counts.get(task_id, {})) for task_id, runs in by_task.items()]


def _type(
    task_id: str, runs: Sequence[InvocationRecord], counts: Mapping[InvocationStatus, int]
) -> WorkflowType:
    ended = [(one.status, one.ended_at - one.created_at) for one in runs if one.ended_at is not None]
    statuses = [status for status, _ in ended]
    drawn = ended[:_DRAWN][::-1]
    return WorkflowType(
        task_id,
        sum(counts.values()),
        len(runs),
        len(ended),
        statuses.count(InvocationStatus.SUCCESS),
        statuses.count(InvocationStatus.FAILED),
        spread([max(0.0, seconds) for _, seconds in ended]),
        runs[0],
        bars_of(
            [
                (float(at), ((LOOKS[status].css, 1 + int(max(0.0, seconds) * 1000)),))
                for at, (status, seconds) in enumerate(drawn)
            ]
        ),
    )
