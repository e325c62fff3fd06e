"""``app.trigger``: events, and the triggers as people see and handle them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pynenc.engine.components import Components
from pynenc.engine.contexts import load
from pynenc.engine.current import get_active
from pynenc.engine.declarations import PAUSED, Declarations
from pynenc.engine.patience import until_answered
from pynenc.engine.payloads import Payloads
from pynenc.engine.submit import new_id
from pynenc.exceptions import TriggerError
from pynenc.trigger.conditions.cron import CronCondition
from pynenc.trigger.trigger_info import TriggerInfo, Waiting
from pynenc.values.triggers import Occurrence, OccurrenceKind, TriggerRun


class Triggers:
    """The triggers of one app."""

    def __init__(
        self,
        components: Components,
        payloads: Payloads,
        declarations: Declarations,
        tell_workflows: Callable[[str, str, Any], object],
    ) -> None:
        self._components = components
        self._payloads = payloads
        self._declarations = declarations
        self._tell_workflows = tell_workflows

    # -- events ---------------------------------------------------------------------------------------

    def emit_event(self, event_code: str, payload: Mapping[str, Any] | None = None) -> str:
        """Tell all triggers, and workflows that wait for it, that something happened; returns the event's id.

        Once this returned the event is stored, and whatever reacts to it will, whatever dies. It may be called
        from anywhere: programs, tasks, several threads.

        Args:
            event_code: What ``on_event`` names.
            payload: Values by name.

        Raises:
            TriggerError: the code is no text, or the payload no mapping.
            SerializationError: a value cannot be stored; nothing was emitted.
            StoreError: the store did not take it within ``publish_timeout_seconds``.
        """
        if not isinstance(event_code, str) or not event_code:
            raise TriggerError(f"an event has a code, a text that is not empty, not {event_code!r:.80}")
        if payload is not None and not isinstance(payload, Mapping):
            raise TriggerError(f"the payload of an event is a dict of values by name, not {payload!r:.80}")
        self._declarations.check_shared()
        values = dict(payload or {})
        active = get_active()
        event_id = str(new_id())
        event = Occurrence(
            occurrence_id=event_id,
            kind=OccurrenceKind.EVENT,
            source=event_code,
            invocation_id=active.invocation_id if active else None,
            payload=self._payloads.encode_event(values, event_id),
        )
        self._put(event)
        self._tell_workflows(event_id, event_code, values)
        return event_id

    def list_events(self, limit: int = 100) -> list[Occurrence]:
        """The latest events, newest first."""
        return self._components.trigger.list_events(limit)

    def payload_of(self, event: Occurrence) -> dict[str, Any]:
        """What an event was emitted with."""
        return self._payloads.decode_event(event.payload, event.occurrence_id)

    # -- triggers -------------------------------------------------------------------------------------

    def list_triggers(self) -> list[TriggerInfo]:
        """The triggers of this process's code and those that runners have, by id."""
        scene, own = self._declarations.read(), self._declarations.own()
        infos = []
        for trigger_id in sorted({*own, *scene.in_force}):
            declared, trigger = scene.in_force.get(trigger_id), own.get(trigger_id)
            spec = declared.spec if declared else own[trigger_id].spec
            infos.append(
                TriggerInfo(
                    trigger_id=trigger_id,
                    task_id=str(spec["task"]),
                    text=str(spec["text"]),
                    conditions=tuple(map(str, spec.get("texts", ()))),
                    in_force=declared is not None,
                    same_version=bool(declared and trigger and declared.version == trigger.version),
                    paused=trigger_id in scene.paused,
                    schedules=tuple(
                        (str(one["cron"]), str(one["zone"]))
                        for one in spec["conditions"]
                        if one["kind"] == CronCondition.kind
                    ),
                    runner_id=declared.runner_id if declared else None,
                )
            )
        return infos

    def get(self, trigger_id: str) -> TriggerInfo:
        """One trigger.

        Raises:
            TriggerError: there is none with this id.
        """
        infos = {info.trigger_id: info for info in self.list_triggers()}
        if trigger_id not in infos:
            known = ", ".join(infos) or "none"
            raise TriggerError(f"there is no trigger '{trigger_id}'; there are: {known}")
        return infos[trigger_id]

    def list_runs(self, trigger_id: str | None = None, limit: int = 100) -> list[TriggerRun]:
        """The latest runs, and what failed, newest first."""
        return self._components.trigger.list_runs(trigger_id, limit)

    def list_halves(self, trigger_id: str, limit: int = 100) -> list[Waiting]:
        """What has happened of a trigger that needs several things, and waits for the others; newest first."""
        found = self._components.trigger.list_halves(f"{trigger_id} ", limit)
        # Ids may hold spaces, what follows them does not.
        own = [one for one in found if one.scope.rpartition(" ")[0] == trigger_id]
        return sorted(
            (Waiting(load(one.data), one.slot, one.key, one.at) for one in own), key=lambda one: -one.since
        )

    def pause(self, trigger_id: str) -> None:
        """Have a trigger leave alone whatever happens from now on, in every runner, until it is resumed.

        Raises:
            TriggerError: there is none with this id.
        """
        self.get(trigger_id)
        self._components.trigger.set_values(PAUSED, {trigger_id: "1"})

    def resume(self, trigger_id: str) -> None:
        """Have a paused trigger react again; what happened meanwhile is not made up for.

        Raises:
            TriggerError: there is none with this id.
        """
        self.get(trigger_id)
        self._components.trigger.set_values(PAUSED, {trigger_id: None})

    def fire(
        self, trigger_id: str, arguments: Mapping[str, Any] | None = None, request_id: str | None = None
    ) -> str:
        """Ask for one run now; a runner that has the trigger makes it. Returns the id of the request.

        Args:
            trigger_id: Paused ones do not run either.
            arguments: Of the task; those of the argument providers otherwise.
            request_id: An id of one's own: asked for twice with the same one, it is run once.

        Raises:
            TriggerError: there is none with this id, or it is paused.
        """
        if self.get(trigger_id).paused:
            raise TriggerError(f"trigger '{trigger_id}' is paused: resume it first")
        self._declarations.check_shared()
        request_id = request_id or str(new_id())
        self._put(
            Occurrence(
                occurrence_id=request_id,
                kind=OccurrenceKind.FIRE,
                source=trigger_id,
                payload="" if arguments is None else self._payloads.encode_event(dict(arguments), request_id),
                trigger_id=trigger_id,
            )
        )
        return request_id

    def next_times(self, trigger_id: str, count: int = 5) -> list[float]:
        """When the schedules of a trigger are due next: seconds since 1970, without jitter.

        Raises:
            TriggerError: there is none with this id, or it has no schedule.
        """
        info = self.get(trigger_id)
        if not info.schedules:
            raise TriggerError(f"trigger '{trigger_id}' has no schedule: {info.text}")
        return info.next_times(self._components.trigger.store.now(), count)

    def purge(self) -> None:
        """Remove events, runs, waiting halves and cursors; triggers go on, and so do pauses."""
        with self._declarations.kept():
            self._components.trigger.purge()

    def _put(self, occurrence: Occurrence) -> None:
        """Store it; sent again while nobody knows, which stores nothing twice."""
        deadline = time.monotonic() + self._components.conf.publish_timeout_seconds
        until_answered(
            lambda: self._components.trigger.put_occurrences([occurrence]),
            give_up=lambda: time.monotonic() > deadline,
        )
