"""Slim rows → those that a query asks for: by what they have themselves, and for the rest by their records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.monitor import Failed, Finished, Registered
from pynenc.values.record_filter import (
    OF_OUTCOME,
    SPANS,
    AllOf,
    AnyOf,
    Between,
    Like,
    Not,
    RecordFilter,
    RestsIn,
    matcher_of,
)
from pynmon.query.meaning import flat

R = TypeVar("R", Finished, Failed, Registered)
#: Records of so many rows are looked at: each of them is read.
MOST_RECORDS = 2_000


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """What was found among some rows."""

    rows: list[R]
    #: Whether there were more than were looked at.
    is_cut: bool


def narrowed(store: BaseMonitorStore, rows: Sequence[R], conditions: Sequence[RecordFilter]) -> Rows[R]:
    """The rows for which everything holds, in their order; those whose records are looked at are the first ones."""
    found = list(rows)
    if not found or not conditions:
        return Rows(found, is_cut=False)
    apart = list(flat(conditions))
    of_records = _beyond(type(found[0]), apart)
    told: Any = matcher_of(AllOf(tuple(one for one in apart if one not in of_records)))
    found = [row for row in found if told(row)]
    if not of_records:
        return Rows(found, is_cut=False)
    is_cut = len(found) > MOST_RECORDS
    found = found[:MOST_RECORDS]
    fitting = store.find_matching([row.invocation_id for row in found], AllOf(tuple(of_records)))
    return Rows([row for row in found if row.invocation_id in fitting], is_cut)


def figures_tell(conditions: Sequence[RecordFilter]) -> bool:
    """Whether no record is needed to know for which of what was registered conditions hold."""
    return not _beyond(Registered, flat(conditions))


def _beyond(
    kind: type[Finished | Failed | Registered], conditions: Iterable[RecordFilter]
) -> list[RecordFilter]:
    """The conditions of which rows of this kind do not tell whether they hold."""
    known = frozenset(kind._fields)
    return [one for one in conditions if not known.issuperset(_needs(one))]


def needs_records(kind: type[R], conditions: Sequence[RecordFilter]) -> bool:
    """Whether rows of a kind are too slim to tell."""
    known = frozenset(kind._fields)
    return any(not known.issuperset(_needs(one)) for one in flat(conditions))


def _needs(condition: RecordFilter) -> Iterator[str]:
    """What has to be known for a condition, by the names of a record."""
    match condition:
        case Like(field):
            yield "outcome" if field in OF_OUTCOME else field.value
        case Between(field):
            yield from (edge.value for edge in SPANS.get(field, (field,)))
        case RestsIn():
            yield "status"
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _needs(part)
        case Not(part):
            yield from _needs(part)
