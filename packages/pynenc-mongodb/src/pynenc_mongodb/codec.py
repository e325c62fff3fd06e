"""Documents ↔ values: the only place that knows the storage format of invocations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson import Timestamp

from pynenc.exceptions import CorruptDataError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.merges import Merges
from pynenc.values.operations import Claim, NewInvocation, OwnedInvocation
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState, Outcome, OutcomeKind
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import INITIAL, InvocationStatus
from pynenc.values.status_letters import LETTERS
from pynenc_mongodb.schema import DELAYED, READY, Document

_STATUSES = {letter: status for status, letter in LETTERS.items()}
#: In a history: the runner of the entry before.
SAME_RUNNER = "="

#: Of a call: stored as they are, and left out when they say nothing.
_CALL_FIELDS = (
    "parent_id",
    "workflow_id",
    "workflow_type",
    "reg_key",
    "cc_key",
    "arguments",
    "rerun_of",
    "trigger_id",
)
_FIELDS_WITH_DEFAULTS: dict[str, Any] = {
    "depth": 0,
    "cc_limit": 0,
    "cc_park": False,
    "priority": 0,
    "queue": "default",
    "args_preview": "",
    "args_bytes": 0,
    "caches_result": False,
}
_OUTCOME_FIELDS = ("data", "preview", "size_bytes", "error_type", "error_msg", "fingerprint")
_OUTCOME_DEFAULTS: dict[str, Any] = {"preview": "", "size_bytes": 0}
_RECORD_FIELDS = (
    *("task_id", "args_id", "seq", "status_at", "epoch", "created_at", "available_at", "dependents"),
    *("token", "runner_id", "host", "runner_cls", "pending_at", "started_at", "ended_at"),
    *_CALL_FIELDS,
)
_COUNTERS = ("retries", "reroutes", "recoveries")

#: What moves and claims have to know.
HOT: dict[str, int] = dict.fromkeys(
    (
        *("n", "task_id", "status", "seq", "status_at", "q", "epoch", "token", "released_token", "runner_id"),
        *("available_at", "ended_at", "retries", "reroutes", "recoveries", "priority", "dependents", "waits"),
        *("cc_key", "cc_limit", "cc_park", "fence", "written_by", "workflow_id", "awaits", "arrived"),
    ),
    1,
)
#: What a worker is told, and what its first move has to know.
CLAIM: dict[str, int] = HOT | dict.fromkeys(
    (
        *("args_id", "arguments", "parent_id", "root_id", "depth", "workflow_type", "created_at"),
        "outcome.data",
    ),
    1,
)
STATE: dict[str, int] = {"status": 1, "epoch": 1, "outcome": 1}
#: Everything but what grows.
RECORD: dict[str, int] = dict.fromkeys(("history", "operations", "values", "messages", "outbox", "merges"), 0)
#: What people are shown: no tokens, no payloads.
SLIM: dict[str, int] = {**RECORD, **dict.fromkeys(("token", "arguments", "outcome.data"), 0)}


def status_of(document: Mapping[str, Any]) -> InvocationStatus:
    """Where a stored invocation stands.

    Raises:
        CorruptDataError: nobody here wrote that.
    """
    text = str(document.get("status"))
    try:
        return InvocationStatus(text)
    except ValueError:
        raise CorruptDataError(
            f"the stored invocation {document.get('_id')!r} has the status {text!r}, which this version does not know"
        ) from None


def to_document(key: str, app: str, call: NewInvocation, at: float, written_by: str) -> Document:
    """A new invocation. The server gives it a place in the order of submission: an empty timestamp is filled in."""
    document: Document = {
        "_id": key,
        "a": app,
        "n": Timestamp(0, 0),
        "task_id": call.task_id,
        "args_id": call.args_id,
        "status": INITIAL.value,
        "seq": 1,
        "status_at": at,
        "q": DELAYED if call.delay_seconds > 0 else READY,
        "epoch": 0,
        "dependents": 0,
        "priority": call.priority,
        "created_at": at,
        "available_at": at + call.delay_seconds,
        "written_by": written_by,
    }
    for name in _CALL_FIELDS:
        value = getattr(call, name)
        if value is not None:
            document[name] = value
    for name, default in _FIELDS_WITH_DEFAULTS.items():
        value = getattr(call, name)
        if value != default:
            document[name] = value
    if call.root_id != call.invocation_id:
        document["root_id"] = call.root_id
    if call.reg_key is not None:
        # Of those that were never claimed one per key: there is a unique index.
        document["reg"] = call.reg_key
    if call.operations:
        document["recorded"] = True
        document["operations"] = [[one.seq, one.name, one.data] for one in call.operations]
    entry = [LETTERS[INITIAL], at]
    document["history"] = [[*entry, call.registered_by] if call.registered_by else entry]
    return document


def entry(status: InvocationStatus, at: float, runner: str, reason: str = "") -> list[Any]:
    """One entry of a history; ``runner`` may be empty, or ``SAME_RUNNER``."""
    if reason:
        return [LETTERS[status], at, runner, reason]
    return [LETTERS[status], at, runner] if runner else [LETTERS[status], at]


def to_history(entries: Sequence[Sequence[Any]]) -> list[HistoryEntry]:
    """The history of one invocation."""
    history = []
    runner = ""
    for seq, stored in enumerate(entries, 1):
        try:
            letter, at, who, reason, *_ = (*stored, "", "")
            status = _STATUSES[letter]
        except (ValueError, LookupError, TypeError) as error:
            raise CorruptDataError(f"a stored history has the entry {stored!r}") from error
        runner = runner if who == SAME_RUNNER else who
        history.append(HistoryEntry(seq, status, at, RunnerId(runner) if runner else None, reason))
    return history


def from_outcome(outcome: Outcome | None) -> Document | None:
    """What is stored of an outcome."""
    if outcome is None:
        return None
    document: Document = {"kind": outcome.kind.value}
    for name in _OUTCOME_FIELDS:
        value = getattr(outcome, name)
        if value != _OUTCOME_DEFAULTS.get(name):
            document[name] = value
    return document


def to_outcome(document: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a stored invocation."""
    stored = document.get("outcome")
    if stored is None:
        return None
    try:
        kind = OutcomeKind(stored["kind"])
    except (ValueError, LookupError, TypeError) as error:
        raise CorruptDataError(
            f"the stored invocation {document.get('_id')!r} has an unknown outcome"
        ) from error
    return Outcome(kind, *(stored.get(name, _OUTCOME_DEFAULTS.get(name)) for name in _OUTCOME_FIELDS))


def to_state(invocation_id: InvocationId, document: Document) -> InvocationState:
    """From a document with ``STATE``."""
    return InvocationState(invocation_id, status_of(document), document["epoch"], to_outcome(document))


def to_record(invocation_id: InvocationId, document: Document) -> InvocationRecord:
    """From a document with ``RECORD``."""
    fields: dict[str, Any] = {name: document.get(name) for name in _RECORD_FIELDS}
    fields |= {name: document.get(name, default) for name, default in _FIELDS_WITH_DEFAULTS.items()}
    fields |= {name: document.get(name, 0) for name in _COUNTERS}
    try:
        return InvocationRecord(
            invocation_id=invocation_id,
            status=status_of(document),
            root_id=document.get("root_id", invocation_id),
            outcome=to_outcome(document),
            **fields,
        )
    except TypeError as error:
        raise CorruptDataError(
            f"the stored invocation {document.get('_id')!r} is not complete: {error}"
        ) from error


def to_merges(document: Mapping[str, Any]) -> Merges:
    """What was merged into a stored invocation."""
    stored = document["merges"]
    return Merges(stored["calls"], stored["dropped"], stored["last_at"], tuple(stored["recent"]))


def to_claim(invocation_id: InvocationId, document: Document) -> Claim:
    """From a document with ``CLAIM``."""
    return Claim(
        invocation_id=invocation_id,
        task_id=document["task_id"],
        args_id=document["args_id"],
        token=document["token"],
        epoch=document["epoch"],
        status=status_of(document),
        arguments=document.get("arguments"),
        parent_id=document.get("parent_id"),
        root_id=document.get("root_id", invocation_id),
        depth=document.get("depth", 0),
        workflow_id=document.get("workflow_id"),
        workflow_type=document.get("workflow_type"),
        retries=document.get("retries", 0),
        recoveries=document.get("recoveries", 0),
        created_at=document["created_at"],
        last_error=(document.get("outcome") or {}).get("data"),
    )


def to_owned(invocation_id: InvocationId, document: Document) -> OwnedInvocation:
    """What recovery has to know."""
    return OwnedInvocation(
        invocation_id,
        document["task_id"],
        status_of(document),
        document["seq"],
        document["epoch"],
        document.get("recoveries", 0),
        document["runner_id"],
    )


def to_runner(document: Document) -> RunnerRecord:
    """A stored runner."""
    return RunnerRecord(
        identity=RunnerIdentity(
            runner_id=RunnerId(document["runner_id"]),
            runner_cls=document["runner_cls"],
            host=document["host"],
            pid=document["pid"],
            parent_id=document.get("parent_id"),
            slots=document.get("slots", 0),
        ),
        started_at=document["started_at"],
        beats=document["beats"],
        last_beat_at=document["last_beat_at"],
        stopped_at=document.get("stopped_at"),
        stop_reason=document.get("stop_reason", ""),
        drains=document.get("drains", False),
    )
