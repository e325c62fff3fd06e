"""Reactor: lets the triggers of a runner's process react, within milliseconds, to what happened and to the time."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Mapping

from pynenc.contracts.store import BaseStore
from pynenc.engine.components import Components
from pynenc.engine.cron import Clockwork
from pynenc.engine.declarations import Declarations, Scene
from pynenc.engine.reactions import Reactions
from pynenc.exceptions import StoreError
from pynenc.trigger.definition import TriggerDefinition
from pynenc.values.ids import RunnerId

logger = logging.getLogger(__name__)

#: Looks at least this often: what a dead one had taken comes back so, and a lost wake-up costs this much.
_RECHECK_SECONDS = 1.0
#: Says again what this runner has this often, in the store's time.
_DECLARE_SECONDS = 60.0
#: With several runners each tries a tick up to so much later than due, so that mostly one finds it undone.
_SPREAD_SECONDS = 0.05
_PAUSE_AFTER_ERROR_SECONDS = 0.5


class Reactor:
    """Reacts on behalf of one runner. Without triggers in its code it does nothing at all.

    Args:
        components: Of the app.
        declarations: What this process's code has.
        reactions: Evaluates what happened.
        runner_id: The runner, whose row must exist before the start.
    """

    def __init__(
        self, components: Components, declarations: Declarations, reactions: Reactions, runner_id: RunnerId
    ) -> None:
        self._components = components
        self._declarations = declarations
        self._reactions = reactions
        self._clockwork = Clockwork(components, reactions)
        self._runner_id = runner_id
        self._declared: dict[str, TriggerDefinition] = {}
        self._versions: dict[str, str] = {}
        self._declare_at = 0.0
        self._alone = True
        self._scene_of_last_pass: Mapping[str, TriggerDefinition] = {}
        self._rung = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    # -- passes ---------------------------------------------------------------------------------------

    def run_pass(self) -> int:
        """Deal with what happened and what is due at this moment; returns with how much.

        Raises:
            StoreError: a store is away; nothing is lost.
        """
        now = self._components.trigger.store.now()
        if now >= self._declare_at:
            self._declare()
            self._declare_at = now + _DECLARE_SECONDS
        if not self._declared:
            return 0
        scene = self._declarations.read()
        if self._runner_id not in scene.runners:
            # After a purge, until the next heartbeat: nobody may take what is meant for this runner's triggers.
            self._declare_at = now
            return 0
        own = self._in_force_here(scene)
        self._alone = len(scene.runners) == 1
        self._scene_of_last_pass = own
        reacted = self._reactions.react(scene, own)
        if not self._components.trigger_conf.enable_scheduler:
            return reacted
        return reacted + self._clockwork.fire_due(scene, own)

    def next_due(self) -> float | None:
        """When a schedule is due next, in the store's time."""
        if not self._components.trigger_conf.enable_scheduler:
            return None
        return self._clockwork.next_due(self._scene_of_last_pass)

    def _declare(self) -> None:
        own = self._declarations.own()
        if own or self._declared:
            self._declarations.declare(self._runner_id, own)
        self._declared = own
        self._versions = {trigger_id: trigger.version for trigger_id, trigger in own.items()}

    def _in_force_here(self, scene: Scene) -> dict[str, TriggerDefinition]:
        return {
            trigger_id: trigger
            for trigger_id, trigger in self._declared.items()
            if trigger_id in scene.in_force
            and scene.in_force[trigger_id].version == self._versions[trigger_id]
        }

    # -- threads --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Declare, then react in the background."""
        if not self._declarations.own():
            return
        parts = self._components
        stores = {id(store): store for store in (parts.orchestrator.store, parts.trigger.store)}
        for store in stores.values():
            self._threads.append(
                threading.Thread(target=self._listen, args=(store,), name="pynenc-occurrences", daemon=True)
            )
        self._threads.append(threading.Thread(target=self._run, name="pynenc-reactor", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the current pass, and withdraw."""
        if not self._threads:
            return
        self._stopping.set()
        self._rung.set()
        parts = self._components
        for store in (parts.orchestrator.store, parts.trigger.store):
            store.interrupt()
        for thread in self._threads:
            thread.join(5)
        try:
            self._declarations.withdraw(self._runner_id)
        except StoreError as error:
            logger.warning("could not withdraw the triggers of this runner (%s); its end does", error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._rung.clear()
            try:
                if self.run_pass():
                    continue
                self._rung.wait(self._patience())
            except StoreError as error:
                logger.warning("a store did not answer (%s); triggers go on", error)
                self._stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
            except Exception:  # boundary: no trigger may end the others
                logger.exception("reacting failed; it goes on")
                self._stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)

    def _patience(self) -> float:
        recheck = min(_RECHECK_SECONDS, self._components.trigger_conf.scheduler_interval_seconds)
        due = self.next_due()
        if due is None:
            return recheck
        spread = 0.0 if self._alone else random.uniform(0, _SPREAD_SECONDS)  # not a secret
        left = due - self._components.trigger.store.now()
        return max(left, 0.0) + spread if left < recheck else recheck

    def _listen(self, store: BaseStore) -> None:
        marker = store.occurrence_marker()
        while not self._stopping.is_set():
            try:
                heard = store.wait_for_occurrences(marker, _RECHECK_SECONDS)
                # Before ringing: what comes after this is heard by the next wait.
                marker = store.occurrence_marker()
            except StoreError as error:
                logger.warning("cannot listen for occurrences (%s), trying again", error)
                self._stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
                continue
            if heard:
                self._rung.set()
