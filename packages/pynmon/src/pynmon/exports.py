"""Invocations and the audit as files: lines of JSON, or a table for spreadsheets. Made while they are sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, replace
from typing import Any

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.monitor import RecordQuery
from pynmon.api.models import Invocation, Outcome
from pynmon.audit import Entry

#: More rows are not sent.
MOST_ROWS = 100_000
_PAGE = 500
#: With these a spreadsheet takes a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FACTS = [name for name in Invocation.model_fields if name != "outcome"]
_OUTCOME = list(Outcome.model_fields)


def as_ndjson(store: BaseMonitorStore, query: RecordQuery) -> Iterator[str]:
    """One JSON object per line."""
    for one in _found(store, query):
        yield one.model_dump_json() + "\n"


def as_csv(store: BaseMonitorStore, query: RecordQuery) -> Iterator[str]:
    """A line of names, then one per invocation; no cell is a formula, whatever a task was called with."""
    yield csv_line([*_FACTS, *(f"outcome_{name}" for name in _OUTCOME)])
    for one in _found(store, query):
        facts = one.model_dump(mode="json")
        outcome = facts["outcome"] or {}
        yield csv_line([*(facts[name] for name in _FACTS), *(outcome.get(name) for name in _OUTCOME)])


def audit_as_ndjson(entries: Iterable[Entry]) -> Iterator[str]:
    """One JSON object per line."""
    for entry in entries:
        yield json.dumps(asdict(entry)) + "\n"


def audit_as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A line of names, then one per entry; no cell is a formula."""
    yield csv_line([field.name for field in fields(Entry)])
    for entry in entries:
        yield csv_line(list(asdict(entry).values()))


def csv_line(cells: Iterable[Any]) -> str:
    """One line of a table, of which no cell is a formula."""
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in cells])
    return text.getvalue()


def _found(store: BaseMonitorStore, query: RecordQuery) -> Iterator[Invocation]:
    left = MOST_ROWS
    query = replace(query, limit=_PAGE)
    while left > 0:
        page = store.list_invocations(query)
        for record in page.records[:left]:
            yield Invocation.model_validate(record)
        left -= len(page.records)
        if page.next is None:
            return
        query = replace(query, cursor=page.next)


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
