"""What a list of invocations can be narrowed to, with numbers; nothing is read for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from pynenc.values.monitor import RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.presentation.texts import error_name, short_id
from pynmon.query.grammar import Term, Value, text_of
from pynmon.source import Counts

#: Of each kind the most frequent.
_MOST = 8
_ALL, _PAGE = "of all", "on this page"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value."""

    value: str
    text: str
    number: int
    #: The query string of the list with this value, or without it once it is chosen.
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one kind."""

    name: str
    #: What is counted.
    scope: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list says already."""

    q: str
    statuses: Sequence[str]
    task: str
    #: Of the strip, and the number of rows; empty for the usual ones.
    range: str = ""
    size: str = ""

    def address(self, **changes: object) -> str:
        """The same with something else in it."""
        said = {
            "q": self.q,
            "status": self.statuses,
            "task": self.task,
            "range": self.range,
            "size": self.size,
            **changes,
        }
        return urlencode({name: value for name, value in said.items() if value}, doseq=True)

    def address_by_query(self) -> Callable[[str], str]:
        """From other queries to the address of the same with them; the rest is written once."""
        rest = self.address(q="")
        return lambda q: f"q={quote_plus(q)}{'&' if rest else ''}{rest}"


def facets_of(
    asked: Asked, query: RecordQuery, records: Sequence[InvocationRecord], counts: Counts
) -> list[Facet]:
    """Those of which there is something.

    Args:
        asked: What is chosen already.
        query: What the store was asked.
        records: What the page shows of it.
        counts: By task and status, of all there is.
    """
    if query.where is None and query.root_id is None:
        scope = _ALL
        by_status, by_task = _exact(query, counts)
    else:
        scope = _PAGE
        by_status = Counter(one.status.value for one in records)
        by_task = Counter(one.task_id for one in records)
    found = [
        Facet("Status", scope, _choices(by_status, str, lambda value: _toggled(asked, "status", value))),
        Facet(
            "Task",
            scope,
            _choices(
                by_task, lambda value: value.rpartition(".")[2], lambda value: _toggled(asked, "task", value)
            ),
        ),
        Facet(
            "Error",
            _PAGE,
            _choices(
                _counted(one.outcome.error_type for one in records if one.outcome),
                error_name,
                lambda value: _with_term(asked, "error", value),
            ),
        ),
        Facet(
            "Runner",
            _PAGE,
            _choices(
                _counted(one.runner_id for one in records),
                short_id,
                lambda value: _with_term(asked, "runner", value),
            ),
        ),
    ]
    return [facet for facet in found if facet.choices]


def _exact(query: RecordQuery, counts: Counts) -> tuple[Counter[str], Counter[str]]:
    """By status of the chosen task, and by task in the chosen statuses."""
    by_status: Counter[InvocationStatus] = Counter()
    by_task: Counter[str] = Counter()
    for task_id, of_task in counts.items():
        if query.task_id is None or query.task_id == task_id:
            by_status.update(of_task)
        by_task[task_id] = sum(
            n for status, n in of_task.items() if not query.statuses or status in query.statuses
        )
    return Counter({status.value: n for status, n in by_status.items()}), by_task


def _counted(values: Iterable[str | None]) -> Counter[str]:
    return Counter(value for value in values if value)


def _choices(
    numbers: Counter[str], text: Callable[[str], str], address: Callable[[str], tuple[str, bool]]
) -> list[Choice]:
    return [Choice(value, text(value), n, *address(value)) for value, n in numbers.most_common(_MOST) if n]


def _toggled(asked: Asked, name: str, value: str) -> tuple[str, bool]:
    is_chosen = value in asked.statuses if name == "status" else value == asked.task
    return asked.address(**{name: "" if is_chosen else value}), is_chosen


def _with_term(asked: Asked, name: str, value: str) -> tuple[str, bool]:
    term = text_of((Term(name, (Value(value, is_literal=True),)),))
    is_chosen = term in asked.q
    q = asked.q.replace(term, "") if is_chosen else f"{asked.q} {term}"
    return asked.address(q=" ".join(q.split())), is_chosen
