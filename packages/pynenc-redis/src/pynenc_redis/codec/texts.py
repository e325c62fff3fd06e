"""The texts of calls and outcomes: a line of JSON about it, then what a task is given or gave, as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pynenc.exceptions import CorruptDataError
from pynenc.values.operations import NewInvocation
from pynenc.values.records import Outcome, OutcomeKind

#: A request as JSON.
dump = json.JSONEncoder(separators=(",", ":")).encode
#: JSON of one text. An encoder for whole values is set up anew for each, which takes longer than the writing does.
_quote = json.encoder.encode_basestring_ascii
_decoder: Any = json.JSONDecoder()
#: Reads the JSON value at a position of a text, and says where it ends.
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once


def call_text(call: NewInvocation) -> str:
    """What is stored of a call beside its record."""
    return (
        f"[{_quote(call.args_id)},{_family(call)},{_quote(call.queue)},{_quote(call.args_preview)},{call.args_bytes},"
        f"{_text(call.rerun_of)},{_text(call.trigger_id)},{_truth(call.arguments is not None)}]\n"
        f"{call.arguments or ''}"
    )


def _family(call: NewInvocation) -> str:
    """Parent, root if it is another one, depth and workflow."""
    root_id = None if call.root_id == call.invocation_id else call.root_id
    if not (call.parent_id or root_id or call.depth or call.workflow_id or call.workflow_type):
        return "null,null,0,null,null"
    return (
        f"{_text(call.parent_id)},{_text(root_id)},{call.depth},{_text(call.workflow_id)},"
        f"{_text(call.workflow_type)}"
    )


def split_call(text: str) -> tuple[list[Any], str | None]:
    """What ``call_text`` says of a call, and its arguments."""
    try:
        fields, end = _scan(text, 0)
        return fields, text[end + 1 :] if fields[-1] else None
    except (ValueError, LookupError, TypeError, StopIteration) as error:
        raise CorruptDataError(f"a stored call is {text!r:.100}") from error


def outcome_text(outcome: Outcome) -> str:
    """What is stored of an outcome."""
    return (
        f"[{_quote(outcome.kind.value)},{_quote(outcome.preview)},{outcome.size_bytes},{_text(outcome.error_type)},"
        f"{_text(outcome.error_msg)},{_text(outcome.fingerprint)},{_truth(outcome.data is not None)}]\n"
        f"{outcome.data or ''}"
    )


def from_outcome(text: str) -> Outcome:
    """What an attempt produced."""
    try:
        (kind, preview, size, error_type, error_msg, fingerprint, has_data), end = _scan(text, 0)
        data = text[end + 1 :] if has_data else None
        return Outcome(OutcomeKind(kind), data, preview, size, error_type, error_msg, fingerprint)
    except (ValueError, TypeError, StopIteration) as error:
        raise CorruptDataError(f"a stored outcome is {text!r:.100}") from error


def _text(value: str | None) -> str:
    return "null" if value is None else _quote(value)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def instant(text: str | None) -> float | None:
    """A time that may be missing."""
    return float(text) if text else None
