"""Conditions on invocations as MongoDB's: what a document has to match."""

from __future__ import annotations

import re
from collections.abc import Callable

from pynenc.values.record_filter import (
    OF_OUTCOME,
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
from pynenc_mongodb.schema import Document

#: Left out of a document while they are 0.
_COUNTERS = (NumberField.RETRIES, NumberField.REROUTES, NumberField.RECOVERIES)
_ALL: Document = {}
_NONE: Document = {"$nor": [{}]}


def match_of(condition: RecordFilter, key: Callable[[str], str]) -> Document:
    """The same condition.

    Args:
        condition: What has to hold.
        key: From the id of an invocation, or its beginning, to that of its document.
    """
    match condition:
        case Like():
            return _like(condition, key)
        case Between(field, low, high):
            return _between(field, low, high)
        case RestsIn(statuses):
            return {"status": {"$in": sorted(status.value for status in statuses)}}
        case AllOf(parts):
            return {"$and": [match_of(part, key) for part in parts]} if parts else _ALL
        case AnyOf(parts):
            return {"$or": [match_of(part, key) for part in parts]} if parts else _NONE
        case Not(part):
            return {"$nor": [match_of(part, key)]}


def _like(condition: Like, key: Callable[[str], str]) -> Document:
    field, pieces = condition.field, condition.pieces
    of_key = _pattern((key(pieces[0]), *pieces[1:]))
    if field is TextField.INVOCATION_ID:
        return {"_id": of_key}
    if field is TextField.ROOT_ID:
        # Of an invocation without a parent it is left out: its own.
        return {"$or": [{"root_id": _pattern(pieces)}, {"root_id": {"$exists": False}, "_id": of_key}]}
    name = f"outcome.{field.value}" if field in OF_OUTCOME else field.value
    # An empty text is none.
    return {name: {**_pattern(pieces), "$ne": ""}}


def _pattern(pieces: tuple[str, ...]) -> Document:
    return {"$regex": r"\A" + ".*?".join(map(re.escape, pieces)) + r"\z", "$options": "s"}


def _between(field: NumberField, low: float | None, high: float | None) -> Document:
    bounds = [(sign, bound) for sign, bound in (("$gte", low), ("$lte", high)) if bound is not None]
    if field in SPANS:
        begin, end = (edge.value for edge in SPANS[field])
        span = {"$subtract": [f"${end}", f"${begin}"]}
        there = [{name: {"$type": "number"}} for name in (begin, end)]
        return {"$and": [*there, {"$expr": {"$and": [{sign: [span, bound]} for sign, bound in bounds]}}]}
    inside: Document = {field.value: {"$type": "number", **dict(bounds)}}
    if field in _COUNTERS and (low is None or low <= 0) and (high is None or high >= 0):
        return {"$or": [inside, {field.value: {"$exists": False}}]}
    return inside
