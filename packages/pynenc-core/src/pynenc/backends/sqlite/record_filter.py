"""Conditions on invocations as SQL: an expression that is 1 or 0, and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pynenc.backends.sqlite import codec
from pynenc.values.record_filter import (
    SPANS,
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

#: Where a column is called otherwise than the field.
_TEXT = {TextField.PREVIEW: "result_preview", TextField.ROOT_ID: "coalesce(root_id, invocation_id)"}
#: What ``GLOB`` would take for more than a character.
_SPECIAL = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})


class Sql(NamedTuple):
    """A part of a statement."""

    text: str
    parameters: tuple[Any, ...] = ()


def sql_of(condition: RecordFilter) -> Sql:
    """The expression; it is never NULL, so that its opposite is as good."""
    match condition:
        case Like(field, (exact,)):
            return (
                Sql(f"({_TEXT.get(field, field.value)} = ?) IS TRUE", (exact,)) if exact else _constant(False)
            )
        case Like(field, pieces):
            column = _TEXT.get(field, field.value)
            pattern = "*".join(piece.translate(_SPECIAL) for piece in pieces)
            return Sql(f"(nullif({column}, '') GLOB ?) IS TRUE", (pattern,))
        case Between(field, low, high):
            number = _number(field)
            bounds = [(sign, bound) for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
            text = " AND ".join([f"{number} IS NOT NULL", *(f"{number} {sign} ?" for sign, _ in bounds)])
            return Sql(f"({text}) IS TRUE", tuple(bound for _, bound in bounds))
        case RestsIn(statuses):
            names = sorted(status.value for status in statuses)
            return Sql(f"status IN ({codec.marks(len(names))})", tuple(names)) if names else _constant(False)
        case AllOf(parts):
            return _joined("AND", parts)
        case AnyOf(parts):
            return _joined("OR", parts)
        case Not(part):
            denied = sql_of(part)
            return Sql(f"NOT ({denied.text})", denied.parameters)


def _constant(holds: bool) -> Sql:
    """As a parameter: SQLite would drop what can never hold, and then miss the index that it was told to use."""
    return Sql("?", (int(holds),))


def _joined(word: str, parts: Sequence[RecordFilter]) -> Sql:
    found = [sql_of(part) for part in parts]
    if not found:
        return _constant(word == "AND")
    text = f" {word} ".join(f"({each.text})" for each in found)
    return Sql(text, tuple(parameter for each in found for parameter in each.parameters))


def _number(field: NumberField) -> str:
    if field not in SPANS:
        return field.value
    begin, end = SPANS[field]
    return f"({end.value} - {begin.value})"
