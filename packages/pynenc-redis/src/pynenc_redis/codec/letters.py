"""Statuses as the scripts and the stored texts name them."""

from __future__ import annotations

from collections.abc import Iterable

from pynenc.exceptions import CorruptDataError
from pynenc.values.status import InvocationStatus
from pynenc.values.status_letters import LETTERS


class _Statuses(dict[str, InvocationStatus]):
    def __missing__(self, letter: str) -> InvocationStatus:
        raise CorruptDataError(
            f"a stored invocation has the status {letter!r}, which this version does not know"
        )


STATUSES = _Statuses((letter, status) for status, letter in LETTERS.items())


def to_letters(statuses: Iterable[InvocationStatus]) -> str:
    """Statuses as the scripts name them."""
    return "".join(LETTERS[status] for status in statuses)
