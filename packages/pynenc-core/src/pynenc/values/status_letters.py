"""One letter per status, for stores that pack histories into text."""

from __future__ import annotations

from pynenc.values.status import InvocationStatus

_S = InvocationStatus
#: Letters are never used again for something else: stored histories are read by later versions.
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
