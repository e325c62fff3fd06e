"""The texts of calls and outcomes: a line of JSON about it, then what a task is given or gave, as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pynenc.exceptions import CorruptDataError
from pynenc.values.operations import NewInvocation
from pynenc.values.records import Outcome, OutcomeKind

#: A call or an outcome of at most so many bytes is part of a packed record, and an outcome travels with the news of it.
SHORT = 1000
#: A request as JSON.
dump = json.JSONEncoder(separators=(",", ":")).encode
#: JSON of one text. An encoder for whole values is set up anew for each, which takes longer than the writing does.
_quote = json.encoder.encode_basestring_ascii
#: By what is written: to make one of its value is a call of Python more.
_KINDS = {kind.value: kind for kind in OutcomeKind}
#: Reads the JSON value at a position of a text, and says where it ends.
scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def call_text(call: NewInvocation) -> str:
    """What is stored of a call beside its record."""
    return (
        f"[{_quote(call.args_id)},{_family(call)},{_quote(call.queue)},{_quote(call.args_preview)},{call.args_bytes},"
        f"{_origin(call)},{'false' if call.arguments is None else 'true'}]\n"
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


def _origin(call: NewInvocation) -> str:
    """What it repeats, and the trigger that made it."""
    if call.rerun_of is None and call.trigger_id is None:
        return "null,null"
    return f"{_text(call.rerun_of)},{_text(call.trigger_id)}"


def split_call(text: str) -> tuple[list[Any], str | None]:
    """What ``call_text`` says of a call, and its arguments."""
    try:
        fields, end = scan(text, 0)
        return fields, text[end + 1 :] if fields[-1] else None
    except (ValueError, LookupError, TypeError, StopIteration) as error:
        raise CorruptDataError(f"a stored call is {text!r:.100}") from error


def outcome_text(outcome: Outcome) -> str:
    """What is stored of an outcome."""
    return (
        f"[{_quote(outcome.kind)},{_quote(outcome.preview)},{outcome.size_bytes},{_error(outcome)},"
        f"{'false' if outcome.data is None else 'true'}]\n"
        f"{outcome.data or ''}"
    )


def _error(outcome: Outcome) -> str:
    if outcome.error_type is None and outcome.error_msg is None and outcome.fingerprint is None:
        return "null,null,null"
    return f"{_text(outcome.error_type)},{_text(outcome.error_msg)},{_text(outcome.fingerprint)}"


def from_outcome(text: str) -> Outcome:
    """What an attempt produced."""
    try:
        (kind, preview, size, error_type, error_msg, fingerprint, has_data), end = scan(text, 0)
        data = text[end + 1 :] if has_data else None
        return Outcome(_KINDS[kind], data, preview, size, error_type, error_msg, fingerprint)
    except (LookupError, ValueError, TypeError, StopIteration) as error:
        raise CorruptDataError(f"a stored outcome is {text!r:.100}") from error


def _text(value: str | None) -> str:
    return "null" if value is None else _quote(value)


def instant(text: str | None) -> float | None:
    """A time that may be missing."""
    return float(text) if text else None
