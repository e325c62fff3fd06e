"""Rows ↔ values: the only place that knows the storage format."""

from __future__ import annotations

from functools import cache
from typing import Any

from pynenc.exceptions import CorruptDataError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Move, NewInvocation
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState, Outcome, OutcomeKind
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import INITIAL, InvocationStatus
from pynenc.values.status_letters import LETTERS

_STATUSES = {letter: status for status, letter in LETTERS.items()}
#: Instead of a runner's id: the same as in the entry before.
SAME = "="

#: What a move and a claim need of a row, and what they write back.
HOT = (
    "n, invocation_id, task_id, status, seq, status_at, queued, epoch, token, released_token, runner_id, host, "
    "runner_cls, available_at, pending_at, started_at, ended_at, retries, reroutes, recoveries, priority, "
    "dependents, cc_key, cc_limit, cc_park"
)
#: What the end of an attempt writes when nobody else is concerned: no concurrency place is freed, no wait ends.
END = (
    "UPDATE inv_{t} SET status = ?, seq = seq + 1, status_at = ?, token = NULL, released_token = token, ended_at = ?, "
    "outcome_kind = ?, outcome = ?, result_preview = ?, result_bytes = ?, error_type = ?, error_msg = ?, "
    "fingerprint = ?, history = history || ? "
    "WHERE invocation_id = ? AND token = ? AND status = 'running' AND cc_key IS NULL"
)
#: Everything that a move may change, except for the outcome.
UPDATE = (
    "UPDATE inv_{t} SET status = ?, seq = ?, status_at = ?, queued = ?, epoch = ?, token = ?, released_token = ?, "
    "runner_id = ?, host = ?, runner_cls = ?, available_at = ?, pending_at = ?, started_at = ?, ended_at = ?, "
    "retries = ?, reroutes = ?, recoveries = ?, history = history || ? WHERE n = ?"
)
UPDATE_OUTCOME = (
    "UPDATE inv_{t} SET outcome_kind = ?, outcome = ?, result_preview = ?, result_bytes = ?, error_type = ?, "
    "error_msg = ?, fingerprint = ? WHERE n = ?"
)
INSERT = (
    "INSERT INTO inv_{t} (invocation_id, task_id, args_id, status, seq, status_at, queued, parent_id, root_id, "
    "depth, workflow_id, workflow_type, created_at, available_at, priority, queue, cc_key, cc_limit, cc_park, "
    "reg_key, arguments, args_preview, args_bytes, rerun_of, trigger_id, caches_result, history) "
    "VALUES (?, ?, ?, 'registered', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_ADD = "ON CONFLICT (task_id, status) DO UPDATE SET n = n + excluded.n"
#: So many more invocations of a task rest in a status.
COUNT = f"INSERT INTO tallies_{{t}} VALUES (?, ?, ?) {_ADD}"
#: Settle what was submitted since the last time.
SETTLE = (
    f"INSERT INTO tallies_{{t}} SELECT task_id, '{INITIAL.value}', count(*) FROM inv_{{t}} "
    f"WHERE n > (SELECT n FROM settled_{{t}}) GROUP BY task_id {_ADD}",
    "INSERT INTO calls_{t} SELECT task_id, n FROM inv_{t} WHERE n > (SELECT n FROM settled_{t})",
    "UPDATE settled_{t} SET n = coalesce((SELECT max(n) FROM inv_{t}), 0)",
)
#: That is done when the position of a submission is a multiple of this.
SETTLED_EVERY = 256
#: The invocations of a task: those to which ``calls`` leads, and the few for which the second condition holds.
THROUGH_CALLS, CALLED = "calls_{t} CROSS JOIN inv_{t} USING (n)", "task = ?"
CALLED_SINCE = "n IN (SELECT n FROM inv_{t} WHERE n > (SELECT n FROM settled_{t}) AND task_id = ?)"


class Row:
    """One invocation inside of a transaction: loaded, changed, written back."""

    __slots__ = (
        "available_at",
        "cc_key",
        "cc_limit",
        "cc_park",
        "dependents",
        "ended_at",
        "epoch",
        "has_outcome",
        "history",
        "host",
        "invocation_id",
        "n",
        "outcome",
        "pending_at",
        "priority",
        "queued",
        "recoveries",
        "released_token",
        "reroutes",
        "retries",
        "runner_cls",
        "runner_id",
        "seq",
        "started_at",
        "status",
        "status_at",
        "stored_status",
        "task_id",
        "token",
    )

    def __init__(self, columns: tuple[Any, ...]) -> None:
        (
            self.n,
            self.invocation_id,
            self.task_id,
            self.stored_status,
            self.seq,
            self.status_at,
            self.queued,
            self.epoch,
            self.token,
            self.released_token,
            self.runner_id,
            self.host,
            self.runner_cls,
            self.available_at,
            self.pending_at,
            self.started_at,
            self.ended_at,
            self.retries,
            self.reroutes,
            self.recoveries,
            self.priority,
            self.dependents,
            self.cc_key,
            self.cc_limit,
            self.cc_park,
        ) = columns
        self.status: InvocationStatus = BY_TEXT[self.stored_status]
        #: Whether ``outcome`` replaces the stored one.
        self.has_outcome = False
        #: Entries to append.
        self.history = ""
        self.outcome: Outcome | None = None

    def enter(self, status: InvocationStatus, now: float, runner: str, reason: str = "") -> None:
        """Append an entry and rest in its status."""
        self.seq += 1
        self.status = status
        self.status_at = now
        self.history += to_entry(status, now, runner, reason)

    def to_update(self) -> tuple[Any, ...]:
        """Parameters of ``UPDATE``."""
        return (
            TEXT[self.status],
            self.seq,
            self.status_at,
            self.queued,
            self.epoch,
            self.token,
            self.released_token,
            self.runner_id,
            self.host,
            self.runner_cls,
            self.available_at,
            self.pending_at,
            self.started_at,
            self.ended_at,
            self.retries,
            self.reroutes,
            self.recoveries,
            self.history,
            self.n,
        )

    def to_outcome_update(self) -> tuple[Any, ...]:
        """Parameters of ``UPDATE_OUTCOME``."""
        return (*_outcome_columns(self.outcome), self.n)


class _Statuses(dict[str, InvocationStatus]):
    def __missing__(self, text: str) -> InvocationStatus:
        raise CorruptDataError(
            f"a stored invocation has the status {text!r}, which this version does not know"
        )


#: Status → stored text; quicker than ``value``.
TEXT = {status: status.value for status in InvocationStatus}
#: Stored text → status.
BY_TEXT = _Statuses((text, status) for status, text in TEXT.items())


def to_entry(status: InvocationStatus, now: float, runner: str, reason: str = "") -> str:
    """An entry of a packed history; ``runner`` is an id, ``SAME``, or empty."""
    return f"{LETTERS[status]}{now!r}|{runner}|{_line(reason) if reason else ''}\n"


def to_end(move: Move, now: float) -> tuple[Any, ...]:
    """Parameters of ``END``."""
    return (
        TEXT[move.to],
        now,
        now,
        *_outcome_columns(move.outcome),
        to_entry(move.to, now, SAME, move.reason),
        move.invocation_id,
        move.token,
    )


def to_insert(call: NewInvocation, now: float) -> tuple[Any, ...]:
    """Parameters of ``INSERT``."""
    return (
        call.invocation_id,
        call.task_id,
        call.args_id,
        now,
        2 if call.delay_seconds > 0 else 1,
        call.parent_id,
        None if call.root_id == call.invocation_id else call.root_id,
        call.depth,
        call.workflow_id,
        call.workflow_type,
        now,
        now + call.delay_seconds,
        call.priority,
        call.queue,
        call.cc_key,
        call.cc_limit,
        call.cc_park,
        call.reg_key,
        call.arguments,
        call.args_preview,
        call.args_bytes,
        call.rerun_of,
        call.trigger_id,
        call.caches_result or None,
        to_entry(INITIAL, now, call.registered_by or ""),
    )


def to_history(packed: str) -> list[HistoryEntry]:
    """Unpack the entries of one invocation."""
    entries = []
    runner = ""
    for seq, line in enumerate(packed.splitlines(), 1):
        try:
            head, who, reason = line.split("|", 2)
            status, at = _STATUSES[head[0]], float(head[1:])
        except (ValueError, LookupError) as error:
            raise CorruptDataError(f"a stored history has the entry {line!r}") from error
        runner = runner if who == SAME else who
        entries.append(HistoryEntry(seq, status, at, RunnerId(runner) if runner else None, reason))
    return entries


_OUTCOME = "outcome_kind, outcome, result_preview, result_bytes, error_type, error_msg, fingerprint"
STATE = f"invocation_id, status, epoch, {_OUTCOME}"
RECORD = (
    "invocation_id, task_id, args_id, status, seq, status_at, epoch, token, runner_id, host, runner_cls, "
    "parent_id, root_id, depth, workflow_id, workflow_type, created_at, available_at, pending_at, started_at, "
    "ended_at, retries, reroutes, recoveries, priority, queue, dependents, cc_key, cc_limit, cc_park, reg_key, "
    f"arguments, args_preview, args_bytes, rerun_of, trigger_id, caches_result, {_OUTCOME}"
)
#: The same without tokens and payloads.
SLIM_RECORD = RECORD.replace("token,", "NULL,").replace("arguments,", "NULL,").replace(" outcome,", " NULL,")
_RECORD_NAMES = tuple(name.strip() for name in RECORD.removesuffix(_OUTCOME).split(",") if name.strip())
_OUTCOME_AT = len(_RECORD_NAMES)
_ID_AT, _STATUS_AT, _ROOT_AT, *_BOOLEANS_AT = map(
    _RECORD_NAMES.index, ("invocation_id", "status", "root_id", "cc_park", "caches_result")
)
#: What sets each field, in the order of the columns.
_SET_FIELDS = tuple(vars(InvocationRecord)[name].__set__ for name in (*_RECORD_NAMES, "outcome"))


def to_state(columns: tuple[Any, ...]) -> InvocationState:
    """From the columns of ``STATE``."""
    return InvocationState(columns[0], BY_TEXT[columns[1]], columns[2], _to_outcome(columns[3:]))


def to_record(columns: tuple[Any, ...]) -> InvocationRecord:
    """From the columns of ``RECORD``."""
    values = [*columns[:_OUTCOME_AT], _to_outcome(columns[_OUTCOME_AT:])]
    values[_STATUS_AT] = BY_TEXT[values[_STATUS_AT]]
    values[_ROOT_AT] = values[_ROOT_AT] or values[_ID_AT]
    for at in _BOOLEANS_AT:
        values[at] = bool(values[at])
    # Pages of the monitor read a thousand of them: a record that cannot be changed takes five times as long to make by
    # calling its class, which looks up each of its fields anew.
    record = object.__new__(InvocationRecord)
    for set_field, value in zip(_SET_FIELDS, values, strict=True):
        set_field(record, value)
    return record


RUNNER = (
    "runner_id, runner_cls, host, pid, parent_id, started_at, beats, last_beat_at, stopped_at, stop_reason, "
    "runner_id IN (SELECT runner_id FROM drains_{t}), "
    "(SELECT n FROM runner_slots_{t} AS s WHERE s.runner_id = runners_{t}.runner_id)"
)


def to_runner(columns: tuple[Any, ...]) -> RunnerRecord:
    """From the columns of ``RUNNER``."""
    runner_id, runner_cls, host, pid, parent_id, started_at, beats, last_beat_at, *rest = columns
    stopped_at, reason, drains, slots = rest
    return RunnerRecord(
        identity=RunnerIdentity(
            runner_id=runner_id,
            runner_cls=runner_cls,
            host=host,
            pid=pid,
            parent_id=parent_id,
            slots=slots or 0,
        ),
        started_at=started_at,
        beats=beats,
        last_beat_at=last_beat_at,
        stopped_at=stopped_at,
        stop_reason=reason,
        drains=bool(drains),
    )


def ids_of(rows: list[tuple[str]]) -> list[InvocationId]:
    """The first column as ids."""
    return [InvocationId(row[0]) for row in rows]


@cache
def by_ids(columns: str, number: int) -> str:
    """A statement for rows by so many ids."""
    return f"SELECT {columns} FROM inv_{{t}} WHERE invocation_id IN ({marks(number)})"


def marks(number: int) -> str:
    """So many parameters."""
    return ",".join("?" * number)


def _outcome_columns(outcome: Outcome | None) -> tuple[Any, ...]:
    if outcome is None:
        return (None,) * 7
    return (
        outcome.kind.value,
        outcome.data,
        outcome.preview,
        outcome.size_bytes,
        outcome.error_type,
        outcome.error_msg,
        outcome.fingerprint,
    )


def _to_outcome(columns: tuple[Any, ...]) -> Outcome | None:
    kind, data, preview, size, error_type, error_msg, fingerprint = columns
    if kind is None:
        return None
    return Outcome(OutcomeKind(kind), data, preview, size, error_type, error_msg, fingerprint)


def _line(text: str) -> str:
    """One line: the entries are separated by what ``splitlines`` splits at."""
    return " ".join(text.splitlines())
