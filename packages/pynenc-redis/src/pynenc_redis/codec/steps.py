"""Steps of workers, and what became of them."""

from __future__ import annotations

import dataclasses
from functools import cache
from operator import attrgetter
from typing import Any

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, ClaimRequest, Move, MoveAnswer, MoveResult, Step, StepAnswer
from pynenc.values.status import AVAILABLE, FINAL, InvocationStatus, sources_of
from pynenc.values.status_letters import LETTERS
from pynenc_redis.codec.calls import operation_rows
from pynenc_redis.codec.letters import STATUSES
from pynenc_redis.codec.records import from_states
from pynenc_redis.codec.texts import dump, from_outcome, outcome_text, split_call

_S = InvocationStatus

#: What entering a status means to the scripts.
_KINDS = {
    **dict.fromkeys(_S, "other"),
    **dict.fromkeys(FINAL, "final"),
    **dict.fromkeys(AVAILABLE, "available"),
    _S.RUNNING: "running",
    _S.PAUSED: "paused",
}
#: A usual step may be about so many records: their keys are the words of one command.
_MOST_USUAL = 100
#: The words of a step that claims nothing, where others say what they claim.
_NO_CLAIM: tuple[str | int, ...] = ("-", "", "", "", "", 0, "0", "0", 0)
#: All of a move but what is its own: most moves of a step are alike.
_OWN = ("invocation_id", "token", "outcome")
_demanded = attrgetter(*(field.name for field in dataclasses.fields(Move) if field.name not in _OWN))
#: What a success demands.
_besides = attrgetter(
    *(field.name for field in dataclasses.fields(Move) if field.name not in (*_OWN, "task_id"))
)
_SUCCESS = _besides(
    Move(invocation_id=InvocationId(""), to=_S.SUCCESS, sources=sources_of((_S.SUCCESS,)), releases=True)
)
_DONE = MoveAnswer(MoveResult.DONE)
#: Outcome, epoch, retries, recoveries.
_FIRST_ATTEMPT = ("", 1, 0, 0)


def to_step(step: Step) -> list[str | int]:
    """Arguments of ``advance``."""
    return _to_usual_step(step) or _to_any_step(step)


def _to_usual_step(step: Step) -> list[str | int]:
    """Words instead of JSON for what ``lua/usual_step.lua`` does; none for any other step."""
    if step.messages or step.read or len(step.moves) > _MOST_USUAL:
        return []
    words = _to_usual_claim(step.claim) if step.claim is not None else list(_NO_CLAIM)
    if not words or (step.claim is None and not step.moves):
        return []
    for move in step.moves:
        if move.token is None or move.outcome is None or _besides(move) != _SUCCESS:
            return []
        words += (1, move.invocation_id, move.token, outcome_text(move.outcome))
    return words


def _to_usual_claim(claim: ClaimRequest) -> list[str | int]:
    named = claim.ids
    if (
        claim.exclude_tasks
        or claim.repeated
        or claim.chain
        or not (claim.recovered and 1 <= claim.limit <= _MOST_USUAL)
        or (named is not None and len(named) != 1)
    ):
        return []
    runner = claim.runner
    words: list[str | int] = [
        f"+{named[0]}" if named else "",
        runner.runner_id,
        runner.host,
        runner.runner_cls,
        claim.token,
        claim.limit - 1,
    ]
    words += (str(claim.start_seconds), str(claim.ahead_seconds), 2 * len(claim.ahead))
    for task_id, seconds in claim.ahead.items():
        words += (task_id, str(seconds))
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
        outcome = outcome_text(move.outcome) if move.outcome is not None else ""
        words += (len(demands), move.invocation_id, move.token or "", outcome)
    request: dict[str, Any] = {"moves": demands, "read": step.read}
    if step.messages:
        request["messages"] = [(one.workflow_id, one.message_id, one.name, one.data) for one in step.messages]
    if step.claim is not None:
        request["claim"] = _to_claim_request(step.claim)
    return [dump(request), *words]


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
        ("operations", move.operations and operation_rows(move.operations)),
        ("values", move.values and dict(move.values)),
        ("rt", move.retries),
        ("rr", move.reroutes),
        ("rc", move.recoveries),
    ):
        if value:
            request[name] = value
    return request


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
        states=from_states(states) if states else {},
    )


def _from_claim(claim: list[Any], token: str) -> Claim:
    invocation_id, task_id, letter, registered_at, call, *later = claim
    outcome, epoch, retries, recoveries = later or _FIRST_ATTEMPT
    head, arguments = split_call(call)
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
