"""The part of the storage format that only people read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordQuery, Registered
from pynenc.values.record_filter import (
    SPANS,
    AllOf,
    AnyOf,
    Between,
    Like,
    Not,
    NumberField,
    RecordFilter,
    RestsIn,
    TextField,
)
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynenc_redis.codec.letters import STATUSES, to_letters
from pynenc_redis.codec.queries import index_of
from pynenc_redis.codec.records import from_record
from pynenc_redis.codec.texts import from_outcome

#: A condition of ``condition.lua``: its kind, and what it is about.
Words = list[Any]
#: Where each text and each number of a record is, as ``condition.lua`` names it.
_TEXTS = {
    TextField.INVOCATION_ID: "id",
    TextField.TASK_ID: "t",
    TextField.ARGS_ID: "c1",
    TextField.PARENT_ID: "c2",
    TextField.ROOT_ID: "root",
    TextField.WORKFLOW_ID: "c5",
    TextField.WORKFLOW_TYPE: "c6",
    TextField.ARGS_PREVIEW: "c8",
    TextField.RERUN_OF: "c10",
    TextField.TRIGGER_ID: "c11",
    TextField.RUNNER_ID: "r",
    TextField.HOST: "ho",
    TextField.PREVIEW: "o2",
    TextField.ERROR_TYPE: "o4",
    TextField.ERROR_MSG: "o5",
    TextField.FINGERPRINT: "o6",
}
_NUMBERS = {
    NumberField.RETRIES: "rt",
    NumberField.REROUTES: "rr",
    NumberField.RECOVERIES: "rc",
    NumberField.CREATED_AT: "created",
    NumberField.AVAILABLE_AT: "v",
    NumberField.STARTED_AT: "st",
    NumberField.ENDED_AT: "f",
}


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
    if query.where is not None:
        request["where"] = to_condition(query.where)
    return request


def to_condition(condition: RecordFilter) -> Words:
    """The same condition as ``condition.lua`` reads it."""
    match condition:
        case Like(field, pieces):
            # The server's JSON has no halves of characters.
            return ["like", _TEXTS[field], *pieces] if _is_whole("".join(pieces)) else ["unknown"]
        case Between(field, low, high):
            columns = [_NUMBERS[edge] for edge in SPANS.get(field, (field,))]
            return ["between", low is not None and low, high is not None and high, *columns]
        case RestsIn(statuses):
            return ["in", to_letters(sorted(statuses))]
        case AllOf(parts):
            return ["all", *map(to_condition, parts)]
        case AnyOf(parts):
            return _by_text(parts) or ["any", *map(to_condition, parts)]
        case Not(part):
            return ["not", to_condition(part)]


def _by_text(parts: Sequence[RecordFilter]) -> Words | None:
    """What differs only by a text, such as a limit for each task, is looked up by it rather than tried in turn."""
    found: dict[str, Words] = {}
    fields: set[TextField] = set()
    for part in parts:
        match part:
            case AllOf((Like(field, (text,)), *others)) if text not in found and _is_whole(text):
                fields.add(field)
                found[text] = to_condition(AllOf(tuple(others)))
            case _:
                return None
    return ["by", _TEXTS[fields.pop()], found] if len(fields) == 1 else None


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_merges(text: str) -> Merges:
    """What was merged into an invocation, as ``submit.lua`` writes it."""
    calls, dropped, last_at, recent = json.loads(text)
    return Merges(calls, dropped, float(last_at), tuple(recent))


def size_of(condition: Words) -> int:
    """How many conditions are tried for one record, at most."""
    kind, *rest = condition
    if kind == "by":
        return 1 + max(map(size_of, rest[1].values()))
    return 1 + sum(size_of(part) for part in rest if isinstance(part, list))


def from_slim(invocation_id: str, fields: list[str | int], call: str, outcome: str) -> InvocationRecord:
    """A record whose texts end with their first line, without token and payloads."""
    record = from_record(invocation_id, fields, call, outcome)
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


def from_registered(row: list[str]) -> Registered:
    """The figures of an invocation, wherever it stands."""
    created, letter, task_id, invocation_id, runner_id, started, available, ended = row
    return Registered(
        float(created),
        STATUSES[letter],
        task_id,
        InvocationId(invocation_id),
        runner_id or None,
        float(started) if started else None,
        float(available),
        float(ended) if ended else None,
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


def from_counts_by_task(counts: Sequence[str]) -> dict[str, dict[InvocationStatus, int]]:
    """How many of each task rest in each status."""
    by_task: dict[str, dict[InvocationStatus, int]] = {}
    for key, number in zip(counts[::2], counts[1::2], strict=True):
        by_task.setdefault(key[1:], {})[STATUSES[key[0]]] = int(number)
    return by_task
