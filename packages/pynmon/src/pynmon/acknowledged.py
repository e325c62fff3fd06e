"""Which kinds of failure are known to somebody: what the audit says about it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pynmon.audit import Audit, Entry

#: What was acknowledged and did not happen for so long is quiet.
QUIET_SECONDS = 86400.0


class KindState(StrEnum):
    """Whether somebody has to look at a kind of failure."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    #: It was acknowledged, and nothing failed so for a day: it may be mended.
    QUIET = "quiet"
    #: It was acknowledged, and something failed so afterwards.
    AGAIN = "again"


#: By what an address may ask for: the states that are meant.
STATES = {
    "": frozenset(KindState),
    "open": frozenset({KindState.NEW, KindState.AGAIN}),
    "acknowledged": frozenset({KindState.ACKNOWLEDGED, KindState.QUIET}),
    "quiet": frozenset({KindState.QUIET}),
}


class Acknowledged:
    """The latest acknowledgement of each kind.

    Args:
        audit: Where they are kept, and read from when the monitor starts.
    """

    def __init__(self, audit: Audit) -> None:
        self._latest: dict[str, Entry] = {}
        for entry in audit.every():
            if entry.action == "acknowledge" and entry.result == "done":
                self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take note of one."""
        self._latest[entry.subject] = entry

    def find(self, fingerprint: str) -> Entry | None:
        """Who acknowledged a kind last, when, and with which note."""
        return self._latest.get(fingerprint)

    def state_of(self, fingerprint: str, last_at: float | None, now: float) -> KindState:
        """Whether a kind is known.

        Args:
            fingerprint: The kind.
            last_at: When something failed so last; None when that is not kept any more.
            now: By the clock that wrote it.
        """
        entry = self._latest.get(fingerprint)
        if entry is None:
            return KindState.NEW
        if last_at is not None and last_at > datetime.fromisoformat(entry.at).timestamp():
            return KindState.AGAIN
        is_quiet = last_at is None or now - last_at > QUIET_SECONDS
        return KindState.QUIET if is_quiet else KindState.ACKNOWLEDGED
