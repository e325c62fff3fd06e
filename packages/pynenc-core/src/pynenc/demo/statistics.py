"""What the stores know about a run: who ran how much, and how often somebody waited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pynenc.demo.tasks import app, measure_file
from pynenc.values.operations import InvocationQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus

#: So many records are in memory at once.
_PAGE = 500


@dataclass(slots=True)
class Statistics:
    """Facts of one run, from records and histories."""

    invocations: int = 0
    #: How often an invocation waited for others.
    pauses: int = 0
    #: How many invocations each worker finished.
    by_worker: Counter[str] = field(default_factory=Counter)


def read_statistics() -> Statistics:
    """Read every record, and the history of each invocation that calls others."""
    statistics = Statistics()
    for record in _iter_records():
        statistics.invocations += 1
        statistics.by_worker[record.runner_id or "nobody"] += 1
        if record.task_id != measure_file.task_id.key:
            history = app.orchestrator.get_history(record.invocation_id)
            statistics.pauses += sum(entry.status is InvocationStatus.PAUSED for entry in history)
    return statistics


def _iter_records() -> Iterator[InvocationRecord]:
    after = None
    while page := app.orchestrator.list_records(InvocationQuery(after=after, limit=_PAGE)):
        yield from page
        after = page[-1].invocation_id
