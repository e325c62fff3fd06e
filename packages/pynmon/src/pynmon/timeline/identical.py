"""Bars of a lane that are the same task and outcome, as one bar: a loop of calls needs no more room than its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from pynenc.values.status import InvocationStatus
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window

#: What is further apart than this share of the window is not the same bar.
_NEAR = 0.01


def identical(spans: Iterable[Span], window: Window) -> list[Span]:
    """Those of one lane, in the order of their beginnings; each that stands for several says for how many."""
    found: dict[tuple[str, InvocationStatus, bool], list[Span]] = {}
    for span in sorted(spans, key=attrgetter("begin")):
        found.setdefault((span.task_id, span.status, span.waits_again), []).append(span)
    near = _NEAR * window.seconds
    together = [one for same in found.values() for one in _together(same, near)]
    return sorted(together, key=attrgetter("begin"))


def _together(spans: Iterable[Span], near: float) -> Iterator[Span]:
    run: Span | None = None
    for span in spans:
        if run is None:
            run = span
        elif run.end is None or span.begin <= run.end + near:
            end = None if run.end is None or span.end is None else max(run.end, span.end)
            run = run._replace(end=end, number=run.number + span.number, around=None)
        else:
            yield run
            run = span
    if run is not None:
        yield run
