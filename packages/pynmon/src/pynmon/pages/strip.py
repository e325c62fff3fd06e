"""The strip above the list of invocations: when what the list shows was registered, and what became of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from pynenc.values.record_filter import RecordFilter
from pynenc.values.status import InvocationStatus
from pynmon.charts import Bars, Column, bars_of
from pynmon.pages.context import Question
from pynmon.pages.facets import Asked
from pynmon.presentation.texts import iso_seconds
from pynmon.query.grammar import Node, Term, parse
from pynmon.query.rows import figures_tell, narrowed
from pynmon.source import Source
from pynmon.statistics import RegisteredSample

#: Seconds of a column: what people count in.
_STEPS = (1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 10800, 21600, 86400)
_MOST_COLUMNS = 60
#: The term that a column puts into the query.
_TERM = "created"
_S = InvocationStatus
#: From below: how each outcome is drawn. What failed is on top of what has another one, and of what is open.
_OUTCOMES = ("st-success", "st-running", "st-cancelled", "st-failed")


@dataclass(frozen=True, slots=True)
class Stacks:
    """What is drawn."""

    bars: Bars
    since: float
    until: float
    #: Seconds of a column.
    step: float
    #: Whether more was registered in the window than is looked at.
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """The whole of it, and where it leads."""

    stacks: Stacks
    #: By the beginning of each bar in which something was registered.
    columns: dict[float, Column]


def strip_of(
    source: Source, asked: Asked, question: Question, others: Sequence[RecordFilter], seconds: float
) -> Strip | None:
    """What was registered within the last so many seconds; None when figures do not tell if the list shows it.

    Args:
        source: Asked for the figures of the window.
        asked: What the address says.
        question: What its query means.
        others: What the address says besides the query.
        seconds: The length of the window.
    """
    terms = list(zip(parse(question.text), question.conditions, strict=True))
    rest = [term for term in terms if not _is_window(term[0])]
    q = " ".join(question.text[node.at : node.end] for node, _ in rest)
    chosen = next((node.values[0].text for node, _ in terms if _is_window(node)), "").partition("..")
    conditions = [*(condition for _, condition in rest), *others]
    if not figures_tell(conditions):
        return None
    if conditions:
        sample = source.registered(seconds)
        stacks = _stacks(sample._replace(rows=narrowed(source.store, sample.rows, conditions).rows))
    else:
        stacks = source.cached((_stacks, seconds), lambda: _stacks(source.registered(seconds)))
    address_of = asked.address_by_query()
    columns = {}
    for bar in stacks.bars.bars:
        if bar.total:
            first, last = iso_seconds(bar.at), iso_seconds(bar.at + stacks.step)
            address = address_of(f"{q} {_TERM}:{first}..{last}".strip())
            columns[bar.at] = Column(last, address, chosen[0] <= first and last <= chosen[2])
    return Strip(stacks, columns)


def _stacks(sample: RegisteredSample) -> Stacks:
    step = next((one for one in _STEPS if (sample.until - sample.since) / one <= _MOST_COLUMNS), _STEPS[-1])
    # Whole minutes and hours: columns stay where they are while time goes on.
    until = (math.floor(sample.until / step) + 1) * step
    since = math.floor(sample.since / step) * step
    if not sample.is_cut:
        # Of the first one a part is before the window.
        since += step
    counts = Counter(((row.created_at - since) // step, _outcome(row.status)) for row in sample.rows)
    columns = [
        (since + at * step, [(css, counts[at, css]) for css in _OUTCOMES])
        for at in range(round((until - since) / step))
    ]
    return Stacks(bars_of(columns), since, until, step, sample.is_cut)


def _outcome(status: InvocationStatus) -> str:
    if status is _S.SUCCESS:
        return "st-success"
    if status is _S.FAILED:
        return "st-failed"
    return "st-cancelled" if status.is_final() else "st-running"


def _is_window(node: Node) -> TypeGuard[Term]:
    """Whether it is as a column writes it; any other bound is a condition like others."""
    return isinstance(node, Term) and node.name == _TERM and not node.negated and ".." in node.values[0].text
