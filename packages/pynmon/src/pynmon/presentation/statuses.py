"""The statuses in the words, groups and glyphs of the pages; their colours are in ``app.css``, their glyphs in
``glyphs.css``."""

from __future__ import annotations

from typing import NamedTuple

from pynenc.values.status import InvocationStatus

_S = InvocationStatus


class Look(NamedTuple):
    """How one status is shown: never by colour alone."""

    word: str
    #: Class of its colours and of its glyph.
    css: str


LOOKS = {
    _S.REGISTERED: Look("Registered", "st-registered"),
    _S.PENDING: Look("Pending", "st-pending"),
    _S.RUNNING: Look("Running", "st-running"),
    _S.PAUSED: Look("Paused", "st-paused"),
    _S.RESUMED: Look("Resumed", "st-resumed"),
    _S.RETRY: Look("Retry", "st-retry"),
    _S.REROUTED: Look("Rerouted", "st-rerouted"),
    _S.KILLED: Look("Killed", "st-killed"),
    _S.SUCCESS: Look("Success", "st-success"),
    _S.FAILED: Look("Failed", "st-failed"),
    _S.CANCELLED: Look("Cancelled", "st-cancelled"),
    _S.CONCURRENCY_CONTROLLED: Look("Blocked (will retry)", "st-concurrency-controlled"),
    _S.CONCURRENCY_CONTROLLED_FINAL: Look("Blocked (final)", "st-concurrency-controlled-final"),
    _S.PENDING_RECOVERY: Look("Recovering (pending)", "st-pending-recovery"),
    _S.RUNNING_RECOVERY: Look("Recovering (running)", "st-running-recovery"),
}

#: The tiles of the dashboard, from the entrance to the exits.
GROUPS = {
    "Waiting": (_S.REGISTERED, _S.REROUTED, _S.RETRY),
    "Active": (_S.PENDING, _S.RUNNING, _S.PAUSED, _S.RESUMED),
    "Blocked": (_S.CONCURRENCY_CONTROLLED, _S.CONCURRENCY_CONTROLLED_FINAL),
    "Passing": (_S.PENDING_RECOVERY, _S.RUNNING_RECOVERY, _S.KILLED),
    "Final": (_S.SUCCESS, _S.FAILED, _S.CANCELLED),
}
