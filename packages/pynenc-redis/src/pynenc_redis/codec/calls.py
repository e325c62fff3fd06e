"""New calls, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation, SubmitAnswer
from pynenc.values.status import InvocationStatus
from pynenc.values.status_letters import LETTERS
from pynenc.values.workflows import RecordedOperation
from pynenc_redis.codec.texts import SHORT, call_text, dump, split_call

_REGISTERED = LETTERS[InvocationStatus.REGISTERED]


def to_submit(
    batch: Sequence[NewInvocation], data: Mapping[str, str], enqueue: bool
) -> list[str | int | float]:
    """Arguments of ``submit``, or the fewer ones of a single call without anything unusual."""
    queue, unusual = "1" if enqueue else "0", [_unusual(call) for call in batch]
    if len(batch) == 1 and not unusual[0] and not data:
        call = batch[0]
        return [queue + call.invocation_id, call.task_id, call_text(call)]
    words: list[str | int | float] = [queue, len(batch), *[call.invocation_id for call in batch]]
    for call, named in zip(batch, unusual, strict=True):
        words += (call.task_id, call_text(call), len(named), *named)
    for pair in data.items():
        words += pair
    return words


def to_entry(call: NewInvocation, at: float) -> tuple[str, str, str] | None:
    """What is appended of a usual call that was registered at a time, as ``lua/new.lua`` says; None of any other."""
    if _unusual(call):
        return None
    text = call_text(call)
    if len(text) > SHORT or "\0" in text:
        return None
    return call.invocation_id, call.task_id, f"{text}\0{_REGISTERED}{at:.6f}||"


def _unusual(call: NewInvocation) -> list[str | int | float]:
    """Name and value of what most calls lack: each word is packed here, and read by the server."""
    words = _descent(call)
    if call.delay_seconds > 0:
        words += ("delay", call.delay_seconds)
    if call.priority:
        words += ("p", call.priority)
    if call.cc_key:
        words += ("ck", call.cc_key, "ci", call.cc_limit)
        if call.cc_park:
            words += ("cp", 1)
    if call.reg_key:
        words += ("g", call.reg_key)
    if call.caches_result:
        words += ("ca", call.args_id)
    return words


def _descent(call: NewInvocation) -> list[str | int | float]:
    words: list[str | int | float] = []
    if call.parent_id:
        words += ("pa", call.parent_id)
    if call.root_id != call.invocation_id:
        words += ("ro", call.root_id)
    if call.workflow_id:
        words += ("wf", call.workflow_id)
        if call.operations:
            words += ("operations", dump(operation_rows(call.operations)))
    if call.rerun_of:
        words += ("re", call.rerun_of)
    if call.registered_by:
        words += ("runner", call.registered_by)
    return words


def operation_rows(operations: Sequence[RecordedOperation]) -> list[tuple[int, str, str]]:
    """Recorded operations as the scripts take them."""
    return [(one.seq, one.name, one.data) for one in operations]


def from_submit(batch: Sequence[NewInvocation], existing: list[Any]) -> list[SubmitAnswer]:
    """What became of each call."""
    answers = [SubmitAnswer(call.invocation_id, True, call.args_id) for call in batch]
    for position, invocation_id, text in existing:
        head, arguments = split_call(text)
        answers[position] = SubmitAnswer(InvocationId(invocation_id), False, head[0], arguments)
    return answers
