"""Removes what has ended, or everything of an app, in the background."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
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
    """What is removed: some invocations, everything, or what one component keeps."""

    #: Invocations that ended long enough ago, as retention does it.
    ENDED = "ended"
    #: What all of the components keep.
    EVERYTHING = "everything"
    BROKER = "broker"
    ORCHESTRATOR = "orchestrator"
    STATE_BACKEND = "state_backend"
    CLIENT_DATA_STORE = "client_data_store"
    TRIGGER = "trigger"

    @property
    def components(self) -> tuple[str, ...]:
        """The one, as the engine names it; none of what is about more."""
        return () if self in (Scope.ENDED, Scope.EVERYTHING) else (self.value,)


class Stage(StrEnum):
    """How far a removal is."""

    #: It can be called off.
    WAITING = "waiting"
    REMOVING = "removing"
    DONE = "done"
    FAILED = "failed"
    CALLED_OFF = "called off"


#: Something follows.
GOES_ON = frozenset({Stage.WAITING, Stage.REMOVING})


@dataclass(slots=True)
class Removal:
    """One removal and how far it is. Written by its own thread; everybody may read it."""

    actor: Actor
    scope: Scope
    days: int
    #: When it begins, by the monotonic clock.
    begins_at: float
    stage: Stage = Stage.WAITING
    #: Invocations; of anything else nobody counts.
    removed: int = 0
    problem: str = ""
    #: Ends the waiting.
    is_called_off: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self.stage not in GOES_ON

    @property
    def begins_in(self) -> float:
        """Seconds in which it can still be called off."""
        return max(0.0, self.begins_at - time.monotonic())

    @property
    def text(self) -> str:
        """What it is about."""
        if self.scope is Scope.ENDED:
            return f"what ended more than {self.days} days ago"
        (name,) = self.scope.components or ("",)
        return f"what the {name.replace('_', ' ')} keeps" if name else "everything"


class Maintenance:
    """The removals of one monitor, one at a time.

    Args:
        app: Whose records are removed.
        actions: Judges who may, and keeps the record of it.
        is_allowed: Whether anything may be removed.
        undo_seconds: A removal begins so much later than it was confirmed.
    """

    def __init__(self, app: Pynenc, actions: Actions, *, is_allowed: bool, undo_seconds: float) -> None:
        self._app = app
        self._actions = actions
        self.is_allowed = is_allowed
        self.undo_seconds = undo_seconds
        self._lock = threading.Lock()
        #: The present one or the last one.
        self.latest: Removal | None = None  # replaced under self._lock

    def count(self, days: int) -> int:
        """How many invocations ended so long ago; at most one more than are counted."""
        return len(self._app.orchestrator.find_expired(days * _DAY_SECONDS, COUNTED_AT_MOST + 1))

    def components(self) -> dict[Scope, int | None]:
        """What can be removed by component, and how much each keeps, where that can be counted."""
        parts = self._app.engine.components
        found: dict[Scope, int | None] = {
            Scope.ORCHESTRATOR: sum(parts.orchestrator.count_by_status().values()),
            Scope.STATE_BACKEND: None,
            Scope.CLIENT_DATA_STORE: parts.client_data_store.count(),
            Scope.TRIGGER: None,
        }
        # A queue that is the records goes with them.
        return found if parts.record_is_queue else {Scope.BROKER: parts.broker.count(), **found}

    def start(self, actor: Actor, scope: Scope, days: int, typed: str) -> Removal:
        """Begin to remove, once the time to call it off is over.

        Args:
            actor: Who wants it; an admin.
            scope: What is removed.
            days: How long ago it ended, at least.
            typed: The id of the app, so that nobody does that by mistake.

        Raises:
            ActionRefusedError: it is off, not confirmed, or not for this role, or one goes on.
        """
        removal = Removal(actor, scope, days, time.monotonic() + self.undo_seconds)
        app_id = self._app.app_id
        with self._lock:
            why_not = "" if self.is_allowed else PURGE_IS_OFF
            if not why_not and typed != app_id:
                why_not = f"It was not confirmed: type {app_id}."
            if not why_not and self.latest is not None and not self.latest.is_over:
                why_not = "Another removal goes on: wait for its end."
            self._actions.require(actor, "purge", app_id, why_not, Role.ADMIN)
            self.latest = removal
        self._note(actor, "ordered", removal)
        threading.Thread(target=self._run, args=(removal,), name="pynmon-purge", daemon=True).start()
        return removal

    def call_off(self, actor: Actor) -> None:
        """Have the present removal never begin.

        Raises:
            ActionRefusedError: none waits for its beginning, or it is not for this role.
        """
        with self._lock:
            removal = self.latest
            waits = removal is not None and removal.stage is Stage.WAITING
            why_not = "" if waits else "No removal waits for its beginning: what has begun is not called off."
            self._actions.require(actor, "purge", self._app.app_id, why_not, Role.ADMIN)
            assert removal is not None
            self._note(actor, "called off", removal)
            removal.stage = Stage.CALLED_OFF
        removal.is_called_off.set()

    def _run(self, removal: Removal) -> None:
        removal.is_called_off.wait(self.undo_seconds)
        with self._lock:
            if removal.stage is Stage.CALLED_OFF:
                return
            removal.stage = Stage.REMOVING
        self._note(removal.actor, "begun", removal)
        try:
            self._remove(removal)
        except StoreError as error:
            logger.warning("a removal ends: %s", error)
            removal.problem = "the store did not answer, so that not all is removed"
        except Exception:  # boundary: whoever looks has to learn that it does not go on
            logger.exception("a removal failed")
            removal.problem = "the monitor's log says why"
        # Its last word is noted before anybody sees that it has ended.
        stage = Stage.FAILED if removal.problem else Stage.DONE
        self._note(removal.actor, stage, removal)
        removal.stage = stage

    def _note(self, actor: Actor, result: str, removal: Removal) -> None:
        number = f": {removal.removed} invocations" if removal.removed else ""
        self._actions.note(actor, "purge", self._app.app_id, result, f"{removal.text}{number}")

    def _remove(self, removal: Removal) -> None:
        if removal.scope is not Scope.ENDED:
            self._app.engine.purge(*removal.scope.components)
            return
        pause = threading.Event()
        while number := self._app.engine.delete_ended(removal.days * _DAY_SECONDS):
            removal.removed += number
            pause.wait(_PAUSE_SECONDS)
