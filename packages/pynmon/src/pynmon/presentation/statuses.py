"""The statuses in the words, groups and glyphs of the pages; their colours are in ``app.css``."""

from __future__ import annotations

from typing import NamedTuple

from pynenc.values.status import InvocationStatus

_S = InvocationStatus


class Look(NamedTuple):
    """How one status is shown: never by colour alone."""

    word: str
    #: Id in the sprite of glyphs.
    glyph: str
    #: Class of its colours.
    css: str


LOOKS = {
    _S.REGISTERED: Look("Registered", "g-reg", "st-registered"),
    _S.PENDING: Look("Pending", "g-pen", "st-pending"),
    _S.RUNNING: Look("Running", "g-run", "st-running"),
    _S.PAUSED: Look("Paused", "g-pau", "st-paused"),
    _S.RESUMED: Look("Resumed", "g-res", "st-resumed"),
    _S.RETRY: Look("Retry", "g-ret", "st-retry"),
    _S.REROUTED: Look("Rerouted", "g-rer", "st-rerouted"),
    _S.KILLED: Look("Killed", "g-kil", "st-killed"),
    _S.SUCCESS: Look("Success", "g-suc", "st-success"),
    _S.FAILED: Look("Failed", "g-fai", "st-failed"),
    _S.CANCELLED: Look("Cancelled", "g-can", "st-cancelled"),
    _S.CONCURRENCY_CONTROLLED: Look("Blocked (will retry)", "g-ccd", "st-concurrency-controlled"),
    _S.CONCURRENCY_CONTROLLED_FINAL: Look("Blocked (final)", "g-ccf", "st-concurrency-controlled-final"),
    _S.PENDING_RECOVERY: Look("Recovering (pending)", "g-prc", "st-pending-recovery"),
    _S.RUNNING_RECOVERY: Look("Recovering (running)", "g-rrc", "st-running-recovery"),
}

#: The tiles of the dashboard, from the entrance to the exits.
GROUPS = {
    "Waiting": (_S.REGISTERED, _S.REROUTED, _S.RETRY),
    "Active": (_S.PENDING, _S.RUNNING, _S.PAUSED, _S.RESUMED),
    "Blocked": (_S.CONCURRENCY_CONTROLLED, _S.CONCURRENCY_CONTROLLED_FINAL),
    "Passing": (_S.PENDING_RECOVERY, _S.RUNNING_RECOVERY, _S.KILLED),
    "Final": (_S.SUCCESS, _S.FAILED, _S.CANCELLED),
}
