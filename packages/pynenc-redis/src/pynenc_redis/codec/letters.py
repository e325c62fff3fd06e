"""Statuses as the scripts and the stored texts name them."""

from __future__ import annotations

from collections.abc import Iterable

from pynenc.exceptions import CorruptDataError
from pynenc.values.status import InvocationStatus

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


class _Statuses(dict[str, InvocationStatus]):
    def __missing__(self, letter: str) -> InvocationStatus:
        raise CorruptDataError(
            f"a stored invocation has the status {letter!r}, which this version does not know"
        )


STATUSES = _Statuses((letter, status) for status, letter in LETTERS.items())


def to_letters(statuses: Iterable[InvocationStatus]) -> str:
    """Statuses as the scripts name them."""
    return "".join(LETTERS[status] for status in statuses)
