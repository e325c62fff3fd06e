"""Conditions on invocations, as data: what a monitor store looks for, and what each of them means.

A condition holds or does not; there is no third case. What a record does not have fulfils none, so that its
opposite holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from operator import attrgetter

from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus


class TextField(StrEnum):
    """A text of a record. One that is empty counts as not there."""

    INVOCATION_ID = "invocation_id"
    TASK_ID = "task_id"
    ARGS_ID = "args_id"
    WORKFLOW_ID = "workflow_id"
    WORKFLOW_TYPE = "workflow_type"
    PARENT_ID = "parent_id"
    ROOT_ID = "root_id"
    RUNNER_ID = "runner_id"
    HOST = "host"
    TRIGGER_ID = "trigger_id"
    RERUN_OF = "rerun_of"
    ARGS_PREVIEW = "args_preview"
    #: The following are those of its outcome.
    PREVIEW = "preview"
    ERROR_TYPE = "error_type"
    ERROR_MSG = "error_msg"
    FINGERPRINT = "fingerprint"


class NumberField(StrEnum):
    """A number of a record: a count, an instant, or the seconds between two instants."""

    RETRIES = "retries"
    REROUTES = "reroutes"
    RECOVERIES = "recoveries"
    CREATED_AT = "created_at"
    AVAILABLE_AT = "available_at"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"
    #: From claimable to its last start.
    WAIT_SECONDS = "wait_seconds"
    #: From its last start to its end.
    RUN_SECONDS = "run_seconds"


#: Those that are differences: from what to what.
SPANS = {
    NumberField.WAIT_SECONDS: (NumberField.AVAILABLE_AT, NumberField.STARTED_AT),
    NumberField.RUN_SECONDS: (NumberField.STARTED_AT, NumberField.ENDED_AT),
}
#: Those that are kept with the outcome.
OF_OUTCOME = frozenset({TextField.PREVIEW, TextField.ERROR_TYPE, TextField.ERROR_MSG, TextField.FINGERPRINT})


@dataclass(frozen=True, slots=True)
class Like:
    """A text is made of these pieces in this order, with anything between them; upper case matters.

    ``("a",)`` is exactly ``a``, ``("a", "")`` begins so, ``("", "a", "")`` contains it, ``("", "")`` is any text.
    """

    field: TextField
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A number is at least ``low`` and at most ``high``; None is no bound."""

    field: NumberField
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class RestsIn:
    """The status is one of these."""

    statuses: frozenset[InvocationStatus]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these holds."""

    parts: tuple[RecordFilter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    parts: tuple[RecordFilter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    part: RecordFilter


RecordFilter = Like | Between | RestsIn | AllOf | AnyOf | Not
#: Whether a record fulfils a condition.
Matcher = Callable[[InvocationRecord], bool]


def matcher_of(condition: RecordFilter) -> Matcher:
    """What the condition means, for stores that cannot ask their server: a record in, yes or no out."""
    match condition:
        case Like(field, pieces):
            return partial(_has_text, _text_of(field), pieces)
        case Between(field, low, high):
            return partial(_has_number, _number_of(field), low, high)
        case RestsIn(statuses):
            return lambda record: record.status in statuses
        case AllOf((part,)) | AnyOf((part,)):
            return matcher_of(part)
        case AllOf(parts):
            return partial(_all_hold, [matcher_of(part) for part in parts])
        case AnyOf(parts):
            if (told_apart := _told_apart(parts)) is not None:
                return told_apart
            return partial(_any_holds, [matcher_of(part) for part in parts])
        case Not(part):
            denied = matcher_of(part)
            return lambda record: not denied(record)


# Of thousands of records; what Python has for it takes twice as long.
def _all_hold(matchers: list[Matcher], record: InvocationRecord) -> bool:
    for matches in matchers:  # noqa: SIM110
        if not matches(record):
            return False
    return True


def _any_holds(matchers: list[Matcher], record: InvocationRecord) -> bool:
    for matches in matchers:  # noqa: SIM110
        if matches(record):
            return True
    return False


def _told_apart(parts: tuple[RecordFilter, ...]) -> Matcher | None:
    """Alternatives that each ask for a text of the same field, found by it however many they are; None of others."""
    fields: set[TextField] = set()
    rests: dict[str, list[RecordFilter]] = {}
    for part in parts:
        match part:
            case Like(field, (text,)):
                rest: tuple[RecordFilter, ...] = ()
            case AllOf((Like(field, (text,)), *others)):
                rest = tuple(others)
            case _:
                return None
        fields.add(field)
        rests.setdefault(text, []).append(AllOf(rest))
    if len(fields) != 1:
        return None
    text_of = _text_of(fields.pop())
    by_text = {text: matcher_of(AnyOf(tuple(found))) for text, found in rests.items() if text}

    def matches(record: InvocationRecord) -> bool:
        of_text = by_text.get(text_of(record) or "")
        return of_text is not None and of_text(record)

    return matches


def is_made_of(text: str, pieces: tuple[str, ...]) -> bool:
    """Whether a text is made of pieces, as ``Like`` says; one pass over the text."""
    first, *others = pieces
    if not others:
        return text == first
    *middle, last = others
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _has_text(
    text_of: Callable[[InvocationRecord], str | None], pieces: tuple[str, ...], record: InvocationRecord
) -> bool:
    text = text_of(record)
    return bool(text) and is_made_of(str(text), pieces)


def _has_number(
    number_of: Callable[[InvocationRecord], float | None],
    low: float | None,
    high: float | None,
    record: InvocationRecord,
) -> bool:
    number = number_of(record)
    return number is not None and (low is None or number >= low) and (high is None or number <= high)


def _text_of(field: TextField) -> Callable[[InvocationRecord], str | None]:
    read = attrgetter(field.value)
    if field in OF_OUTCOME:
        return lambda record: read(record.outcome) if record.outcome is not None else None
    return read


def _number_of(field: NumberField) -> Callable[[InvocationRecord], float | None]:
    if field not in SPANS:
        return attrgetter(field.value)
    begin_of, end_of = (attrgetter(edge.value) for edge in SPANS[field])

    def span(record: InvocationRecord) -> float | None:
        begin, end = begin_of(record), end_of(record)
        return None if begin is None or end is None else float(end - begin)

    return span
