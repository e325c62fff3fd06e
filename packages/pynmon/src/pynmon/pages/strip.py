"""The strip above the list of invocations: how much of what the list shows ended when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from pynenc.values.record_filter import RecordFilter
from pynmon.charts import Bars, Column, throughput
from pynmon.pages.context import Question
from pynmon.pages.facets import Asked
from pynmon.presentation.texts import iso_seconds
from pynmon.query.grammar import Node, Term, parse
from pynmon.query.rows import figures_tell, narrowed
from pynmon.source import Source
from pynmon.statistics import Sample, buckets

#: Seconds of a column: what people count in.
_STEPS = (1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 10800, 21600, 86400)
_MOST_COLUMNS = 60
#: The term that a column puts into the query.
_TERM = "ended"


@dataclass(frozen=True, slots=True)
class Stacks:
    """What is drawn."""

    bars: Bars
    since: float
    until: float
    #: Seconds of a column.
    step: float
    #: Whether more ended in the window than is looked at.
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """The whole of it, and where it leads."""

    stacks: Stacks
    #: By the beginning of each bar in which something ended.
    columns: dict[float, Column]


def strip_of(
    source: Source, asked: Asked, question: Question, others: Sequence[RecordFilter], seconds: float
) -> Strip | None:
    """What ended within the last so many seconds; None when figures do not tell whether the list shows it.

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
        sample = source.sample(seconds)
        stacks = _stacks(sample._replace(rows=narrowed(source.store, sample.rows, conditions).rows))
    else:
        stacks = source.of_sample(seconds, _stacks)
    address_of = asked.address_by_query()
    columns = {}
    for bar in stacks.bars.bars:
        if bar.total:
            first, last = iso_seconds(bar.at), iso_seconds(bar.at + stacks.step)
            address = address_of(f"{q} {_TERM}:{first}..{last}".strip())
            columns[bar.at] = Column(last, address, chosen[0] <= first and last <= chosen[2])
    return Strip(stacks, columns)


def _stacks(sample: Sample) -> Stacks:
    step = next((one for one in _STEPS if (sample.until - sample.since) / one <= _MOST_COLUMNS), _STEPS[-1])
    # Whole minutes and hours: columns stay where they are while time goes on.
    until = (math.floor(sample.until / step) + 1) * step
    since = math.floor(sample.since / step) * step
    if not sample.is_cut:
        # Of the first one a part is before the window.
        since += step
    parts = buckets(sample.rows, since, until, round((until - since) / step))
    return Stacks(throughput(parts), since, until, step, sample.is_cut)


def _is_window(node: Node) -> TypeGuard[Term]:
    return isinstance(node, Term) and node.name == _TERM and not node.negated
