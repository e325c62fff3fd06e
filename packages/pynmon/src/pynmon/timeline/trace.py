"""Spans as files: a trace in the format of Chrome's, and a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from pynmon.exports import csv_line
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import iso
from pynmon.timeline.groups import Group
from pynmon.timeline.spans import Span

_COLUMNS = ("lane", "invocation_id", "task_id", "runner_id", "status", "begin", "end", "seconds")


def as_trace(groups: Iterable[Group], now: float) -> Iterator[str]:
    """Each lane as a process, and spans that overlap on threads of their own: viewers nest those of one thread.

    Args:
        groups: The lanes.
        now: Where what still goes on ends.
    """
    yield '{"displayTimeUnit": "ms", "traceEvents": [\n'
    separator = ""
    for lane, group in enumerate(groups, 1):
        name = " ".join(filter(None, (group.label.word, group.label.tail)))
        events = [{"ph": "M", "name": "process_name", "pid": lane, "tid": 1, "args": {"name": name}}]
        yield separator + ",\n".join(map(json.dumps, [*events, *_events(lane, group.spans, now)]))
        separator = ",\n"
    yield "\n]}\n"


def as_csv(groups: Iterable[Group]) -> Iterator[str]:
    """A line of names, then one per span, in the order of the lanes; no cell is a formula."""
    yield csv_line(_COLUMNS)
    for group in groups:
        for span in sorted(group.spans, key=lambda one: one.begin):
            end = span.end
            yield csv_line(
                (
                    group.label.key,
                    span.invocation_id,
                    span.task_id,
                    span.runner_id,
                    span.status.value,
                    iso(span.begin),
                    "" if end is None else iso(end),
                    "" if end is None else round(end - span.begin, 6),
                )
            )


def _events(lane: int, spans: Sequence[Span], now: float) -> Iterator[dict[str, object]]:
    #: Where each thread is free again.
    free: list[float] = []
    for span in sorted(spans, key=lambda one: one.begin):
        end = max(now if span.end is None else span.end, span.begin)
        thread = next((at for at, free_from in enumerate(free) if free_from <= span.begin), len(free))
        free[thread : thread + 1] = [end]
        yield {
            "ph": "X",
            "name": span.task_id,
            "cat": span.status.value,
            "pid": lane,
            "tid": thread + 1,
            "ts": round(span.begin * 1e6),
            "dur": round(end * 1e6) - round(span.begin * 1e6),
            "args": {
                "invocation": span.invocation_id,
                "runner": span.runner_id,
                "status": LOOKS[span.status].word,
                "goes on": span.end is None,
            },
        }
