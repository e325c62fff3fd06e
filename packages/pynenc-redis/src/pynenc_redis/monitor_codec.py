"""The part of the storage format that only people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Failed, Finished, RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynenc_redis.codec import STATUSES, from_outcome, from_record, index_of, to_letters


def to_search(query: RecordQuery) -> dict[str, Any]:
    """The part of the argument of ``list`` that stays the same while a page is searched for."""
    request: dict[str, Any] = {"index": index_of(query), "oldest_first": query.oldest_first}
    if query.root_id is not None:
        request["root"] = query.root_id
    # What the index says already is not asked for again.
    if query.task_id is not None and request["index"] != f"task:{query.task_id}":
        request["task"] = query.task_id
    if query.workflows and request["index"] != "workflows":
        request["workflows"] = True
    if query.statuses is not None:
        request["statuses"] = to_letters(query.statuses)
    return request


def from_slim(
    invocation_id: str, fields: list[str], call: str, outcome: str, first_entry: str
) -> InvocationRecord:
    """A record whose texts end with their first line, without token and payloads."""
    record = from_record(invocation_id, fields, call, outcome, first_entry)
    shown = replace(record.outcome, data=None) if record.outcome else None
    return replace(record, token=None, arguments=None, outcome=shown)


def from_figures(row: list[Any]) -> Finished:
    """The figures of a final invocation."""
    ended, letter, task_id, runner_id, started, available, invocation_id = row
    return Finished(
        float(ended),
        STATUSES[letter],
        task_id,
        InvocationId(invocation_id),
        runner_id or None,
        float(started) if started else None,
        float(available),
    )


def from_failure(row: list[str]) -> Failed:
    """What tells kinds of failures apart."""
    invocation_id, ended, task_id, text = row
    outcome = from_outcome(text) if text else None
    return Failed(
        float(ended),
        task_id,
        InvocationId(invocation_id),
        outcome.error_type if outcome else None,
        outcome.fingerprint if outcome else None,
    )


def from_counts_by_task(counts: Mapping[str, str]) -> dict[str, dict[InvocationStatus, int]]:
    """How many of each task rest in each status."""
    by_task: dict[str, dict[InvocationStatus, int]] = {}
    for key, number in counts.items():
        by_task.setdefault(key[1:], {})[STATUSES[key[0]]] = int(number)
    return by_task
