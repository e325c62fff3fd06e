"""Removes what has ended, or everything of an app, in the background."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import StrEnum

from pynenc import Pynenc
from pynenc.exceptions import StoreError
from pynmon.actions import Actions, Actor
from pynmon.identity import Role

logger = logging.getLogger(__name__)
#: Why nothing can be removed.
PURGE_IS_OFF = "Removing is off here: start the monitor with --allow-purge."
#: No more are counted.
COUNTED_AT_MOST = 10_000
_DAY_SECONDS = 86_400.0
#: Between two batches, so that others get at the store.
_PAUSE_SECONDS = 0.02


class Scope(StrEnum):
    """What is removed."""

    #: Invocations that ended long enough ago, as retention does it.
    ENDED = "ended"
    #: All records, queues, payloads, events and runner rows of the app.
    EVERYTHING = "everything"


@dataclass(slots=True)
class Removal:
    """One removal and how far it is. Written by its own thread; everybody may read it."""

    actor: Actor
    scope: Scope
    days: int
    #: Invocations; of everything nobody counts.
    removed: int = 0
    problem: str = ""
    is_over: bool = False

    @property
    def text(self) -> str:
        """What it is about."""
        return (
            "everything" if self.scope is Scope.EVERYTHING else f"what ended more than {self.days} days ago"
        )


class Maintenance:
    """The removals of one monitor, one at a time.

    Args:
        app: Whose records are removed.
        actions: Judges who may, and keeps the record of it.
        is_allowed: Whether anything may be removed.
    """

    def __init__(self, app: Pynenc, actions: Actions, *, is_allowed: bool) -> None:
        self._app = app
        self._actions = actions
        self.is_allowed = is_allowed
        self._lock = threading.Lock()
        #: The present one or the last one.
        self.latest: Removal | None = None  # replaced under self._lock

    def count(self, days: int) -> int:
        """How many invocations ended so long ago; at most one more than are counted."""
        return len(self._app.orchestrator.find_expired(days * _DAY_SECONDS, COUNTED_AT_MOST + 1))

    def start(self, actor: Actor, scope: Scope, days: int, typed: str) -> Removal:
        """Begin to remove.

        Args:
            actor: Who wants it; an admin.
            scope: What is removed.
            days: How long ago it ended, at least.
            typed: The id of the app, so that nobody does that by mistake.

        Raises:
            ActionRefusedError: it is off, not confirmed, or not for this role, or one goes on.
        """
        removal = Removal(actor, scope, days)
        app_id = self._app.app_id
        with self._lock:
            why_not = "" if self.is_allowed else PURGE_IS_OFF
            if not why_not and typed != app_id:
                why_not = f"It was not confirmed: type {app_id}."
            if not why_not and self.latest is not None and not self.latest.is_over:
                why_not = "Another removal goes on: wait for its end."
            self._actions.require(actor, "purge", app_id, why_not, Role.ADMIN)
            self.latest = removal
        self._actions.note(actor, "purge", app_id, "begun", removal.text)
        threading.Thread(target=self._run, args=(removal,), name="pynmon-purge", daemon=True).start()
        return removal

    def _run(self, removal: Removal) -> None:
        try:
            self._remove(removal)
        except StoreError as error:
            logger.warning("a removal ends: %s", error)
            removal.problem = "the store did not answer, so that not all is removed"
        except Exception:  # boundary: whoever looks has to learn that it does not go on
            logger.exception("a removal failed")
            removal.problem = "the monitor's log says why"
        # Its last word is noted before anybody sees that it has ended.
        result = "failed" if removal.problem else "done"
        number = "" if removal.scope is Scope.EVERYTHING else f": {removal.removed} invocations"
        self._actions.note(removal.actor, "purge", self._app.app_id, result, f"{removal.text}{number}")
        removal.is_over = True

    def _remove(self, removal: Removal) -> None:
        if removal.scope is Scope.EVERYTHING:
            self._app.purge()
            return
        pause = threading.Event()
        while number := self._app.engine.delete_ended(removal.days * _DAY_SECONDS):
            removal.removed += number
            pause.wait(_PAUSE_SECONDS)
