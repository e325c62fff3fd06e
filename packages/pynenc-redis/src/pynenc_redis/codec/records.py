"""Records and their histories, as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pynenc.contracts.state_backend import PayloadKind
from pynenc.exceptions import CorruptDataError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import OwnedInvocation
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.status import FINAL, InvocationStatus
from pynenc.values.workflows import RecordedOperation
from pynenc_redis.codec.letters import STATUSES
from pynenc_redis.codec.texts import from_outcome, instant, split_call

#: Instead of a runner's id: the same as in the entry before.
_SAME = "="


def from_states(states: Iterable[list[Any]]) -> dict[InvocationId, InvocationState]:
    """By id."""
    return {
        one[0]: InvocationState(
            one[0], STATUSES[one[1]], int(one[2]), from_outcome(one[3]) if one[3] else None
        )
        for one in states
    }


def from_record(invocation_id: str, fields: list[str | int], call: str, outcome: str) -> InvocationRecord:
    """A whole record."""
    v: dict[Any, Any] = dict(zip(fields[::2], fields[1::2], strict=True))
    status = STATUSES[v["s"]]
    head, arguments = split_call(call)
    (
        args_id,
        parent_id,
        root_id,
        depth,
        workflow_id,
        workflow_type,
        queue,
        preview,
        size,
        rerun_of,
        trigger_id,
        _,
    ) = head
    return InvocationRecord(
        invocation_id=InvocationId(invocation_id),
        task_id=v["t"],
        args_id=args_id,
        status=status,
        seq=v["q"],
        status_at=float(v["a"]),
        epoch=int(v.get("e") or bool(v.get("r"))),
        token=None if status in FINAL else v.get("k") or None,
        runner_id=RunnerId(v["r"]) if v.get("r") else None,
        host=v.get("ho") or None,
        runner_cls=v.get("cl") or None,
        parent_id=parent_id,
        root_id=root_id or InvocationId(invocation_id),
        depth=depth,
        workflow_id=workflow_id,
        workflow_type=workflow_type,
        created_at=float(v["c"]),
        available_at=float(v["v"]),
        pending_at=instant(v.get("pe") or v.get("st")),
        started_at=instant(v.get("st")),
        ended_at=instant(v.get("f")),
        retries=int(v.get("rt") or 0),
        reroutes=int(v.get("rr") or 0),
        recoveries=int(v.get("rc") or 0),
        priority=int(v.get("p") or 0),
        queue=queue,
        dependents=int(v.get("d") or 0),
        cc_key=v.get("ck") or None,
        cc_limit=int(v.get("ci") or 0),
        cc_park=bool(v.get("cp")),
        reg_key=v.get("g") or None,
        arguments=arguments,
        args_preview=preview,
        args_bytes=size,
        outcome=from_outcome(outcome) if outcome else None,
        rerun_of=rerun_of,
        trigger_id=trigger_id,
        caches_result=bool(v.get("ca")),
    )


def from_beginnings(call: str, outcome: str) -> dict[PayloadKind, str]:
    """The payloads that a record holds, as far as its texts go."""
    _, arguments = split_call(call)
    data = from_outcome(outcome).data if outcome else None
    found = {PayloadKind.ARGUMENTS: arguments, PayloadKind.OUTCOME: data}
    return {kind: text for kind, text in found.items() if text is not None}


def from_history(entries: list[str]) -> list[HistoryEntry]:
    """The entries of one invocation."""
    history = []
    runner = ""
    for seq, entry in enumerate(entries, 1):
        try:
            head, who, reason = entry.split("|", 2)
            status, at = STATUSES[head[0]], float(head[1:])
        except (ValueError, LookupError) as error:
            raise CorruptDataError(f"a stored history has the entry {entry!r}") from error
        runner = runner if who == _SAME else who
        history.append(HistoryEntry(seq, status, at, RunnerId(runner) if runner else None, reason))
    return history


def from_owned(row: list[Any]) -> OwnedInvocation:
    """What recovery needs to know."""
    invocation_id, task_id, letter, seq, epoch, recoveries, runner_id = row
    return OwnedInvocation(
        InvocationId(invocation_id),
        task_id,
        STATUSES[letter],
        seq,
        int(epoch),
        int(recoveries),
        runner_id,
    )


def from_operation(text: str) -> RecordedOperation:
    """One recorded operation."""
    return RecordedOperation(*json.loads(text))


def from_counts(counts: Sequence[str], task_id: str | None) -> dict[InvocationStatus, int]:
    """Sums by status, of one task or of all."""
    sums: dict[InvocationStatus, int] = {}
    for key, number in zip(counts[::2], counts[1::2], strict=True):
        if task_id in (None, key[1:]):
            status = STATUSES[key[0]]
            sums[status] = sums.get(status, 0) + int(number)
    return sums
