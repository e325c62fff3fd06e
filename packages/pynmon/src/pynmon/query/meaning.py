"""Terms → conditions of the store, as far as possible along one of its indexes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import (
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
from pynenc.values.status import OWNED, InvocationStatus
from pynmon.query import quantities
from pynmon.query.grammar import Group, Node, QueryError, Term, Value, parse
from pynmon.query.quantities import Bounds

C = TypeVar("C")
_S, _T, _N = InvocationStatus, TextField, NumberField
#: More stars are not looked for: each makes the search longer.
_MOST_PIECES = 6
#: Names of terms that look into payloads; the empty one is that of words.
INTO_PAYLOADS = ("", "args", "result")
_FINAL = frozenset(status for status in _S if status.is_final())
#: Somebody works on them; what is paused only waits.
_IN_HAND = OWNED - {_S.PAUSED}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a query may refer to without saying it."""

    now: float
    #: The runners that are dead or have ended; asked for only where it matters, as all of the following.
    gone: Callable[[], Iterable[str]] = tuple
    #: By task: longer than these seconds takes a run that is slow.
    slow: Callable[[], Mapping[str, float]] = dict
    #: Whether payloads may be looked into: what is found tells what is in them.
    sees_payloads: bool = True


@dataclass(frozen=True, slots=True)
class Qualifier:
    """One name that may stand before a colon."""

    example: str
    meaning: Callable[[Value, Scene], RecordFilter]


def conditions_of(text: str, scene: Scene) -> list[RecordFilter]:
    """What a text asks for: all of it has to hold.

    Args:
        text: As ``grammar`` says.
        scene: What holds now.

    Raises:
        QueryError: naming the word that is wrong, and the nearest one that is not.
    """
    return [condition_of(node, scene) for node in parse(text)]


def along_indexes(conditions: Iterable[RecordFilter]) -> RecordQuery:
    """All of them together: what the store has a list of is asked for by that list."""
    task_id: str | None = None
    root_id: str | None = None
    statuses: frozenset[InvocationStatus] | None = None
    rest: list[RecordFilter] = []
    for condition in flat(conditions):
        match condition:
            case Like(TextField.TASK_ID, (exact,)) if task_id in (None, exact):
                task_id = exact
            case Like(TextField.ROOT_ID, (exact,)) if root_id in (None, exact):
                root_id = exact
            case RestsIn(some) if some and (statuses is None or some & statuses):
                statuses = some if statuses is None else some & statuses
            case _:
                rest.append(condition)
    where = None if not rest else rest[0] if len(rest) == 1 else AllOf(tuple(rest))
    root = None if root_id is None else InvocationId(root_id)
    return RecordQuery(task_id=task_id, root_id=root, statuses=statuses, where=where)


def flat(conditions: Iterable[RecordFilter]) -> Iterator[RecordFilter]:
    """The conditions that hold together, each by itself."""
    for condition in conditions:
        if isinstance(condition, AllOf):
            yield from flat(condition.parts)
        else:
            yield condition


def condition_of(node: Node, scene: Scene) -> RecordFilter:
    """What a term or a group says.

    Raises:
        QueryError: it says nothing.
    """
    if isinstance(node, Group):
        condition = _any_of([_all_of([condition_of(one, scene) for one in each]) for each in node.branches])
    else:
        qualifier = _qualifier(node)
        if not scene.sees_payloads and node.name.partition(".")[0] in INTO_PAYLOADS:
            what = f"{node.name}:" if node.name else "a word"
            raise QueryError(
                f"{what} is looked for in payloads, which your role does not see; task:, error: and others work",
                node.at,
                node.end,
            )
        condition = _any_of([_meaning(node, qualifier, value, scene) for value in node.values])
    return Not(condition) if node.negated else condition


def _qualifier(term: Term) -> Qualifier:
    if term.name in QUALIFIERS:
        return QUALIFIERS[term.name]
    name, dot, argument = term.name.partition(".")
    if name == "args" and dot:
        return Qualifier("args.customer_id:42", partial(_argument, argument))
    raise QueryError(
        f"there is no {term.name!r} to ask for{_nearest(term.name, QUALIFIERS)}. There are "
        f"{', '.join(name for name in QUALIFIERS if name)}; in quotes it is looked for as a text",
        term.at,
        term.end,
    )


def _meaning(term: Term, qualifier: Qualifier, value: Value, scene: Scene) -> RecordFilter:
    if len(value.pieces) > _MOST_PIECES:
        raise QueryError(f"a text has at most {_MOST_PIECES - 1} stars", term.at, term.end)
    try:
        return qualifier.meaning(value, scene)
    except ValueError as error:
        raise QueryError(
            f"{term.name}:{value.text} cannot be looked for{error}, for example {qualifier.example}",
            term.at,
            term.end,
        ) from error


def _nearest(word: str, words: Iterable[str]) -> str:
    found = get_close_matches(word, [one for one in words if one], 1, 0.5)
    return f" (did you mean '{found[0]}'?)" if found else ""


def _any_of(conditions: Sequence[RecordFilter]) -> RecordFilter:
    if len(conditions) == 1:
        return conditions[0]
    statuses = [one.statuses for one in conditions if isinstance(one, RestsIn)]
    if len(statuses) == len(conditions):
        return RestsIn(frozenset[InvocationStatus]().union(*statuses))
    return AnyOf(tuple(conditions))


def _all_of(conditions: Sequence[RecordFilter]) -> RecordFilter:
    return conditions[0] if len(conditions) == 1 else AllOf(tuple(conditions))


# -- what the names mean ----------------------------------------------------------------------------------


def _text(field: TextField, value: Value, _: Scene) -> RecordFilter:
    """The whole text, but for stars."""
    return Like(field, value.pieces)


def _id(field: TextField, value: Value, _: Scene) -> RecordFilter:
    """An id, its beginning or its end, whichever is shown somewhere."""
    if len(value.text) >= 36 or len(value.pieces) > 1:
        return Like(field, value.pieces)
    return AnyOf((Like(field, (value.text, "")), Like(field, ("", value.text))))


def _part(field: TextField, value: Value, _: Scene) -> RecordFilter:
    """A part of a text."""
    return Like(field, ("", *value.pieces, ""))


def _module(value: Value, _: Scene) -> RecordFilter:
    *pieces, last = value.pieces
    return Like(_T.TASK_ID, (*pieces, f"{last}.", ""))


def _call(value: Value, _: Scene) -> RecordFilter:
    task_id, colon, args_id = value.text.rpartition(":")
    if not colon:
        raise ValueError(": it is a task, a colon, and the hash of its arguments")
    return AllOf((Like(_T.TASK_ID, (task_id,)), Like(_T.ARGS_ID, (args_id,))))


def _error(value: Value, _: Scene) -> RecordFilter:
    """The name of a class, with or without its module."""
    first, *others = value.pieces
    return AnyOf((Like(_T.ERROR_TYPE, value.pieces), Like(_T.ERROR_TYPE, ("", f".{first}", *others))))


def _argument(name: str, value: Value, _: Scene) -> RecordFilter:
    """A whole argument in the preview of the call: a number, or a text without its quotes."""
    shown = (f"{name}={value.text}", f'{name}="{value.text}"')
    return AnyOf(
        tuple(
            Like(_T.ARGS_PREVIEW, pieces)
            for text in shown
            for pieces in ((text,), (f"{text}, ", ""), ("", f", {text}"), ("", f", {text}, ", ""))
        )
    )


def _word(value: Value, scene: Scene) -> RecordFilter:
    """Wherever people would look for it."""
    parts = [
        _part(field, value, scene) for field in (_T.TASK_ID, _T.ARGS_PREVIEW, _T.ERROR_TYPE, _T.ERROR_MSG)
    ]
    return AnyOf((*parts, _id(_T.INVOCATION_ID, value, scene)))


def _status(value: Value, _: Scene) -> RecordFilter:
    text = value.text.lower().replace("-", "_")
    try:
        return RestsIn(frozenset({InvocationStatus(text)}))
    except ValueError:
        raise ValueError(_nearest(text, list(_S)) or f": it is one of {', '.join(_S)}") from None


def _number(field: NumberField, value: Value, _: Scene) -> RecordFilter:
    return Between(field, *_read(quantities.number_bounds, quantities.NUMBERS, value.text))


def _duration(field: NumberField, value: Value, _: Scene) -> RecordFilter:
    return Between(field, *_read(quantities.duration_bounds, quantities.DURATIONS, value.text))


def _instant(field: NumberField, value: Value, scene: Scene) -> RecordFilter:
    read = partial(quantities.instant_bounds, now=scene.now)
    return Between(field, *_read(read, quantities.INSTANTS, value.text))


def _read(read: Callable[[str], Bounds], forms: str, text: str) -> Bounds:
    try:
        return read(text)
    except (ValueError, OverflowError):
        raise ValueError(f": write {forms}") from None


def _stuck(scene: Scene) -> RecordFilter:
    """In the hands of somebody who is gone."""
    owners = AnyOf(tuple(Like(_T.RUNNER_ID, (one,)) for one in sorted(scene.gone())))
    return AllOf((RestsIn(_IN_HAND), owners))


def ran_longer(seconds: float, now: float) -> RecordFilter:
    """Took longer than so many seconds, or goes on for longer already."""
    return AnyOf(
        (
            Between(_N.RUN_SECONDS, low=math.nextafter(seconds, math.inf)),
            AllOf((RestsIn(frozenset({_S.RUNNING})), Between(_N.STARTED_AT, high=now - seconds))),
        )
    )


def _slow(scene: Scene) -> RecordFilter:
    """Took longer than nearly all of its task, or goes on for longer already."""
    return AnyOf(
        tuple(
            AllOf((Like(_T.TASK_ID, (task_id,)), ran_longer(seconds, scene.now)))
            for task_id, seconds in sorted(scene.slow().items())
        )
    )


_IS: dict[str, Callable[[Scene], RecordFilter]] = {
    "final": lambda _: RestsIn(_FINAL),
    "open": lambda _: RestsIn(frozenset(_S) - _FINAL),
    "blocked": lambda _: RestsIn(frozenset({_S.CONCURRENCY_CONTROLLED, _S.CONCURRENCY_CONTROLLED_FINAL})),
    "stuck": _stuck,
    "slow": _slow,
    "recovered": lambda _: Between(_N.RECOVERIES, low=1),
    "retried": lambda _: Between(_N.RETRIES, low=1),
    "rerun": lambda _: Like(_T.RERUN_OF, ("", "")),
}
_HAS = {
    "args": _T.ARGS_PREVIEW,
    "result": _T.PREVIEW,
    "error": _T.ERROR_TYPE,
    "parent": _T.PARENT_ID,
    "workflow": _T.WORKFLOW_ID,
    "trigger": _T.TRIGGER_ID,
    "runner": _T.RUNNER_ID,
}


def _is(value: Value, scene: Scene) -> RecordFilter:
    return _chosen(_IS, value)(scene)


def _has(value: Value, _: Scene) -> RecordFilter:
    return Like(_chosen(_HAS, value), ("", ""))


def _chosen(choices: dict[str, C], value: Value) -> C:
    text = value.text.lower()
    if text not in choices:
        raise ValueError(_nearest(text, choices) or f": it is one of {', '.join(choices)}")
    return choices[text]


#: What may stand before a colon: what may follow it, for example, and what that means.
_MEANINGS: dict[str, tuple[str, Callable[[Value, Scene], RecordFilter]]] = {
    "": ("timeout", _word),
    "status": ("failed,retry", _status),
    "is": ("stuck", _is),
    "has": ("error", _has),
    "task": ("billing.*", partial(_text, _T.TASK_ID)),
    "module": ("billing", _module),
    "error": ("TimeoutError", _error),
    "fingerprint": ("0123456789abcdef", partial(_text, _T.FINGERPRINT)),
    "args": ("customer", partial(_part, _T.ARGS_PREVIEW)),
    "result": ("paid", partial(_part, _T.PREVIEW)),
    "wait": (">1m", partial(_duration, _N.WAIT_SECONDS)),
    "duration": (">5s", partial(_duration, _N.RUN_SECONDS)),
    "retries": (">2", partial(_number, _N.RETRIES)),
    "reroutes": (">2", partial(_number, _N.REROUTES)),
    "created": ("1h", partial(_instant, _N.CREATED_AT)),
    "queued": (">1h", partial(_instant, _N.AVAILABLE_AT)),
    "started": ("5m", partial(_instant, _N.STARTED_AT)),
    "ended": ("2026-01-31", partial(_instant, _N.ENDED_AT)),
    "id": ("9c2d41aa", partial(_id, _T.INVOCATION_ID)),
    "call": ("billing.pay:no_args", _call),
    "workflow": ("9c2d41aa", partial(_id, _T.WORKFLOW_ID)),
    "wftype": ("billing.nightly", partial(_text, _T.WORKFLOW_TYPE)),
    "parent": ("9c2d41aa", partial(_id, _T.PARENT_ID)),
    "root": ("9c2d41aa", partial(_id, _T.ROOT_ID)),
    "runner": ("3b6e1eb", partial(_id, _T.RUNNER_ID)),
    "host": ("worker-*", partial(_text, _T.HOST)),
    "trigger": ("*nightly", partial(_text, _T.TRIGGER_ID)),
}
QUALIFIERS = {
    name: Qualifier(f"{name}:{example}" if name else example, meaning)
    for name, (example, meaning) in _MEANINGS.items()
}
