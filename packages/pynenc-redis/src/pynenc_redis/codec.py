"""Values ↔ what Redis stores: the only Python that knows the storage format. The scripts know the rest of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from pynenc.contracts.state_backend import PayloadKind
from pynenc.exceptions import CorruptDataError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import (
    Claim,
    ClaimRequest,
    InvocationQuery,
    Move,
    MoveAnswer,
    MoveResult,
    NewInvocation,
    OwnedInvocation,
    Step,
    StepAnswer,
    SubmitAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState, Outcome, OutcomeKind
from pynenc.values.runners import Beat, RunnerIdentity, RunnerRecord
from pynenc.values.status import AVAILABLE, FINAL, InvocationStatus, sources_of
from pynenc.values.triggers import Occurrence, OccurrenceKind, TriggerRun, status_occurrence_id
from pynenc.values.workflows import RecordedOperation

_S = InvocationStatus

#: One letter per status; letters are never used again for something else.
LETTERS = {
    _S.REGISTERED: "r",
    _S.CONCURRENCY_CONTROLLED: "c",
    _S.CONCURRENCY_CONTROLLED_FINAL: "C",
    _S.REROUTED: "o",
    _S.PENDING: "p",
    _S.PENDING_RECOVERY: "P",
    _S.RUNNING: "u",
    _S.RUNNING_RECOVERY: "U",
    _S.PAUSED: "a",
    _S.RESUMED: "e",
    _S.KILLED: "k",
    _S.SUCCESS: "s",
    _S.FAILED: "f",
    _S.RETRY: "y",
    _S.CANCELLED: "x",
}
#: What entering a status means to the scripts.
_KINDS = {
    **dict.fromkeys(_S, "other"),
    **dict.fromkeys(FINAL, "final"),
    **dict.fromkeys(AVAILABLE, "available"),
    _S.RUNNING: "running",
    _S.PAUSED: "paused",
}
_UNSUCCESSFUL = FINAL - {_S.SUCCESS}
#: Instead of a runner's id: the same as in the entry before.
_SAME = "="

_dumps = json.JSONEncoder(separators=(",", ":")).encode
#: JSON of one text. An encoder for whole values is set up anew for each, which takes longer than the writing does.
_quote = json.encoder.encode_basestring_ascii
_decoder: Any = json.JSONDecoder()
#: Reads the JSON value at a position of a text, and says where it ends.
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once


class _Statuses(dict[str, InvocationStatus]):
    def __missing__(self, letter: str) -> InvocationStatus:
        raise CorruptDataError(
            f"a stored invocation has the status {letter!r}, which this version does not know"
        )


STATUSES = _Statuses((letter, status) for status, letter in LETTERS.items())


# -- requests -----------------------------------------------------------------------------------------


def to_submit(
    batch: Sequence[NewInvocation], data: Mapping[str, str], enqueue: bool
) -> list[str | int | float]:
    """Arguments of ``submit``."""
    words: list[str | int | float] = [int(enqueue), len(batch), *[call.invocation_id for call in batch]]
    for call in batch:
        unusual = _unusual(call)
        words += (call.task_id, _call_text(call), len(unusual), *unusual)
    for pair in data.items():
        words += pair
    return words


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
            words += ("operations", _dumps(_operations(call.operations)))
    if call.rerun_of:
        words += ("re", call.rerun_of)
    if call.registered_by:
        words += ("runner", call.registered_by)
    return words


def _call_text(call: NewInvocation) -> str:
    root_id = None if call.root_id == call.invocation_id else call.root_id
    return (
        f"[{_quote(call.args_id)},{_text(call.parent_id)},{_text(root_id)},{call.depth},{_text(call.workflow_id)},"
        f"{_text(call.workflow_type)},{_quote(call.queue)},{_quote(call.args_preview)},{call.args_bytes},"
        f"{_text(call.rerun_of)},{_text(call.trigger_id)},{_truth(call.arguments is not None)}]\n"
        f"{call.arguments or ''}"
    )


def _text(value: str | None) -> str:
    return "null" if value is None else _quote(value)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def to_step(step: Step) -> list[str | int]:
    """Arguments of ``advance``."""
    return _to_usual_step(step) or _to_any_step(step)


def _to_usual_step(step: Step) -> list[str | int]:
    """Words instead of JSON for what ``lua/usual_step.lua`` does; none for any other step."""
    claim = step.claim
    if (
        claim is None
        or claim.ids is not None
        or claim.exclude_tasks
        or claim.repeated
        or not (claim.recovered and 1 <= claim.limit <= _MOST_USUAL)
        or step.messages
        or step.read
        or len(step.moves) > _MOST_USUAL
    ):
        return []
    runner = claim.runner
    words: list[str | int] = [
        "",
        runner.runner_id,
        runner.host,
        runner.runner_cls,
        claim.token,
        claim.limit - 1,
    ]
    words += (str(claim.start_seconds), str(claim.ahead_seconds), 2 * len(claim.ahead))
    for task_id, seconds in claim.ahead.items():
        words += (task_id, str(seconds))
    for move in step.moves:
        if move.token is None or move.outcome is None or _besides(move) != _SUCCESS:
            return []
        words += (1, move.invocation_id, move.token, _outcome_text(move.outcome))
    return words


def _to_any_step(step: Step) -> list[str | int]:
    demands: list[dict[str, Any]] = []
    words: list[str | int] = []
    previous = None
    for move in step.moves:
        demanded = _demanded(move)
        if demanded != previous:
            previous = demanded
            demands.append(_to_demand(move))
        outcome = _outcome_text(move.outcome) if move.outcome is not None else ""
        words += (len(demands), move.invocation_id, move.token or "", outcome)
    request: dict[str, Any] = {"moves": demands, "read": step.read}
    if step.messages:
        request["messages"] = [(one.workflow_id, one.message_id, one.name, one.data) for one in step.messages]
    if step.claim is not None:
        request["claim"] = _to_claim_request(step.claim)
    return [_dumps(request), *words]


#: All of a move but what is its own: most moves of a step are alike.
_OWN = ("invocation_id", "token", "outcome")
_demanded = attrgetter(*(field.name for field in dataclasses.fields(Move) if field.name not in _OWN))


#: What a success demands, and how many records a usual step may be about: their keys are the words of one command.
_besides = attrgetter(
    *(field.name for field in dataclasses.fields(Move) if field.name not in (*_OWN, "task_id"))
)
_SUCCESS = _besides(
    Move(invocation_id=InvocationId(""), to=_S.SUCCESS, sources=sources_of((_S.SUCCESS,)), releases=True)
)
_MOST_USUAL = 100


def _to_demand(move: Move) -> dict[str, Any]:
    to = move.to
    # What is empty is left out: most moves say little, and each word is read by the server.
    request: dict[str, Any] = {"to": LETTERS[to], "kind": _KINDS[to], "from": _letters(move.sources)}
    if move.seq is not None:
        request["seq"] = move.seq
    if move.via:
        request["via"] = _letters(move.via)
    if move.waits_on:
        request["on"] = move.waits_on
        request["enough"] = move.enough
    if to is _S.PAUSED and move.delay_seconds is not None:
        request["delay"] = move.delay_seconds
    for name, value in (
        ("releases", move.releases),
        ("reason", move.reason and " ".join(move.reason.splitlines())),
        ("delay", move.delay_seconds),
        ("awaits", move.awaits),
        ("received", move.received),
        ("operations", move.operations and _operations(move.operations)),
        ("values", move.values and dict(move.values)),
        ("rt", move.retries),
        ("rr", move.reroutes),
        ("rc", move.recoveries),
    ):
        if value:
            request[name] = value
    return request


def _operations(operations: Sequence[RecordedOperation]) -> list[tuple[int, str, str]]:
    return [(one.seq, one.name, one.data) for one in operations]


@cache
def _letters(statuses: frozenset[InvocationStatus] | tuple[InvocationStatus, ...]) -> str:
    return "".join([LETTERS[status] for status in statuses])


def _to_claim_request(claim: ClaimRequest) -> dict[str, Any]:
    request: dict[str, Any] = {
        "runner": claim.runner.runner_id,
        "host": claim.runner.host,
        "cls": claim.runner.runner_cls,
        "token": claim.token,
        "limit": claim.limit,
        "start_seconds": claim.start_seconds,
        "chain": claim.chain,
        "recovered": claim.recovered,
        "exclude": dict.fromkeys(claim.exclude_tasks, True),
        "repeated": claim.repeated,
        "ahead": dict(claim.ahead),
        "ahead_seconds": claim.ahead_seconds,
    }
    if claim.ids is not None:
        request["ids"] = list(dict.fromkeys(claim.ids))
    return request


def to_query(query: InvocationQuery, looks: int) -> dict[str, Any]:
    """The argument of ``list``."""
    request: dict[str, Any] = {"limit": query.limit, "looks": looks, "oldest_first": query.oldest_first}
    request["index"] = (
        f"children:{query.parent_id}"
        if query.parent_id is not None
        else "workflows"
        if query.awaits is not None
        else index_of(query)
    )
    for name, value in (
        ("after", query.after),
        ("task", query.task_id),
        ("root", query.root_id),
        ("runner", query.runner_id),
        ("awaits", query.awaits),
    ):
        if value is not None:
            request[name] = value
    if query.workflows:
        request["workflows"] = True
    if query.statuses is not None:
        request["statuses"] = to_letters(query.statuses)
    return request


def index_of(query: InvocationQuery | RecordQuery) -> str:
    """The shortest index by order of submission that holds every answer."""
    if isinstance(query, RecordQuery) and query.rerun_of is not None:
        return f"reruns:{query.rerun_of}"
    if query.root_id is not None:
        return f"family:{query.root_id}"
    if query.workflows:
        return "workflows"
    if query.statuses is not None and query.statuses <= _UNSUCCESSFUL:
        return "unsuccessful"
    return "all" if query.task_id is None else f"task:{query.task_id}"


def to_letters(statuses: Iterable[InvocationStatus]) -> str:
    """Statuses as the scripts name them."""
    return "".join(LETTERS[status] for status in statuses)


def to_beat(beat: Beat) -> str:
    """The argument of ``beat``."""
    alive = [
        (one.runner_id, one.runner_cls, one.host, one.pid, one.parent_id or "", one.slots)
        for one in beat.alive
    ]
    request: dict[str, Any] = {"alive": alive, "stopped": beat.stopped}
    if beat.lease is not None:
        request["lease"] = (beat.lease.name, beat.lease.holder, beat.lease.seconds)
    return dump(request)


def dump(request: dict[str, Any]) -> str:
    """A request as JSON."""
    return _dumps(request)


# -- answers ------------------------------------------------------------------------------------------


def from_submit(batch: Sequence[NewInvocation], existing: list[Any]) -> list[SubmitAnswer]:
    """What became of each call."""
    answers = [SubmitAnswer(call.invocation_id, True, call.args_id) for call in batch]
    for position, invocation_id, text in existing:
        head, arguments = _split_call(text)
        answers[position] = SubmitAnswer(InvocationId(invocation_id), False, head[0], arguments)
    return answers


def from_step(step: Step, answer: list[Any]) -> StepAnswer:
    """What became of a step."""
    others, claims, unparked, due, states, delivered = answer
    answers = [_DONE] * len(step.moves)
    for position, result, ids in others:
        answers[position] = MoveAnswer(MoveResult(result), tuple(ids))
    token = step.claim.token if step.claim is not None else ""
    return StepAnswer(
        moves=tuple(answers),
        delivered=tuple([number == 1 for number in delivered]),
        claims=tuple([_from_claim(one, token) for one in claims]),
        unparked=tuple(unparked),
        next_due_seconds=float(due) if due else None,
        states=from_states(states),
    )


_DONE = MoveAnswer(MoveResult.DONE)


#: Outcome, epoch, retries, recoveries.
_FIRST_ATTEMPT = ("", 1, 0, 0)


def _from_claim(claim: list[Any], token: str) -> Claim:
    invocation_id, task_id, letter, registered_at, call, *later = claim
    outcome, epoch, retries, recoveries = later or _FIRST_ATTEMPT
    head, arguments = _split_call(call)
    last = from_outcome(outcome) if outcome else None
    return Claim(
        invocation_id=invocation_id,
        task_id=task_id,
        args_id=head[0],
        token=token,
        epoch=epoch,
        status=STATUSES[letter],
        arguments=arguments,
        parent_id=head[1],
        root_id=head[2] or invocation_id,
        depth=head[3],
        workflow_id=head[4],
        workflow_type=head[5],
        retries=retries,
        recoveries=recoveries,
        created_at=float(registered_at),
        last_error=last.data if last else None,
    )


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
    head, arguments = _split_call(call)
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
        pending_at=_instant(v.get("pe") or v.get("st")),
        started_at=_instant(v.get("st")),
        ended_at=_instant(v.get("f")),
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
    _, arguments = _split_call(call)
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


def from_entered(at: str, text: str) -> Occurrence:
    """An occurrence that a step recorded."""
    invocation_id, task_id, letter, seq = json.loads(text)
    return Occurrence(
        occurrence_id=status_occurrence_id(invocation_id, seq),
        kind=OccurrenceKind.STATUS,
        source=task_id,
        at=float(at),
        invocation_id=invocation_id,
        status=STATUSES[letter],
    )


def to_occurrence(occurrence: Occurrence) -> list[str | int]:
    """Key, whether it stays as an event, content."""
    content = (
        occurrence.occurrence_id,
        occurrence.kind.value,
        occurrence.source,
        occurrence.invocation_id,
        LETTERS[occurrence.status] if occurrence.status else None,
        occurrence.payload,
        occurrence.trigger_id,
    )
    is_event = occurrence.kind is OccurrenceKind.EVENT and occurrence.trigger_id is None
    return [occurrence_key(occurrence), int(is_event), _dumps(content)]


def occurrence_key(occurrence: Occurrence) -> str:
    """What makes two occurrences the same one; one for a single trigger has the trigger on a second line."""
    own = "" if occurrence.trigger_id is None else f"\n{occurrence.trigger_id}"
    return f"{occurrence.occurrence_id}{own}"


def from_occurrence(at: str, text: str) -> Occurrence:
    """An occurrence of the trigger component."""
    occurrence_id, kind, source, invocation_id, letter, payload, trigger_id = json.loads(text)
    return Occurrence(
        occurrence_id=occurrence_id,
        kind=OccurrenceKind(kind),
        source=source,
        at=float(at),
        invocation_id=invocation_id,
        status=STATUSES[letter] if letter else None,
        payload=payload,
        trigger_id=trigger_id,
    )


def to_run(run: TriggerRun) -> list[str]:
    """Id, trigger, content."""
    content = (run.run_id, run.trigger_id, run.occurrence_ids, run.invocation_id, run.error, run.chain)
    return [run.run_id, run.trigger_id, _dumps(content)]


def from_run(text: str) -> TriggerRun:
    """A run with its time."""
    at, _, content = text.partition("\n")
    run_id, trigger_id, occurrence_ids, invocation_id, error, chain = json.loads(content)
    return TriggerRun(
        run_id=run_id,
        trigger_id=trigger_id,
        at=float(at),
        occurrence_ids=tuple(occurrence_ids),
        invocation_id=invocation_id,
        error=error,
        chain=tuple(chain),
    )


def from_counts(counts: dict[str, str], task_id: str | None) -> dict[InvocationStatus, int]:
    """Sums by status, of one task or of all."""
    sums: dict[InvocationStatus, int] = {}
    for key, number in counts.items():
        if task_id in (None, key[1:]):
            status = STATUSES[key[0]]
            sums[status] = sums.get(status, 0) + int(number)
    return sums


def from_runner(runner_id: str, fields: list[str]) -> RunnerRecord:
    """A runner's row."""
    v = dict(zip(fields[::2], fields[1::2], strict=True))
    return RunnerRecord(
        identity=RunnerIdentity(
            runner_id=RunnerId(runner_id),
            runner_cls=v["cls"],
            host=v["host"],
            pid=int(v["pid"]),
            parent_id=RunnerId(v["parent"]) if v["parent"] else None,
            slots=int(v.get("slots") or 0),
        ),
        started_at=float(v["started"]),
        beats=int(v["beats"]),
        last_beat_at=float(v["last"]),
        stopped_at=_instant(v.get("stopped")),
        stop_reason=v.get("reason", ""),
        drains="drains" in v,
    )


def _instant(text: str | None) -> float | None:
    return float(text) if text else None


def _split_call(text: str) -> tuple[list[Any], str | None]:
    try:
        fields, end = _scan(text, 0)
        return fields, text[end + 1 :] if fields[-1] else None
    except (ValueError, LookupError, TypeError, StopIteration) as error:
        raise CorruptDataError(f"a stored call is {text!r:.100}") from error


def _outcome_text(outcome: Outcome) -> str:
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
