"""Schedules that are due. No lease is needed: the run of a tick is registered once, by whoever comes first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pynenc.engine.components import Components
from pynenc.engine.declarations import Scene
from pynenc.engine.reactions import Reactions
from pynenc.trigger.conditions.cron import CronCondition, Misfire, Overlap
from pynenc.trigger.definition import TriggerDefinition
from pynenc.trigger.schedule import to_text
from pynenc.values.triggers import Occurrence, OccurrenceKind


@dataclass(frozen=True, slots=True)
class _Timer:
    """One schedule of one trigger."""

    trigger: TriggerDefinition
    slot: int
    condition: CronCondition

    @property
    def cursor(self) -> str:
        """Names the instant up to which it is dealt with."""
        return f"{self.trigger.trigger_id} {self.condition.schedule_key}"

    def due_at(self, tick: float) -> float:
        """When the run of a tick is due: the same in every runner."""
        jitter = self.condition.jitter_seconds
        if not jitter:
            return tick
        digest = hashlib.sha256(f"{self.trigger.trigger_id} {to_text(tick)}".encode()).digest()
        return tick + jitter * int.from_bytes(digest[:4], "big") / 2**32

    def grace_from(self, cursor: float, now: float) -> float:
        """Ticks behind this instant are not missed."""
        return max(cursor, now - self.condition.misfire_grace_seconds - self.condition.jitter_seconds)

    def due_ticks(self, cursor: float, now: float) -> list[float]:
        """The ticks behind the cursor whose runs are to be made now, as the misfire policy wants it."""
        condition, schedule = self.condition, self.condition.schedule
        grace_from = self.grace_from(cursor, now)
        missed: list[float] = []
        if condition.misfire is not Misfire.SKIP:
            limit = condition.max_missed if condition.misfire is Misfire.ALL else 1
            missed = schedule.last_between(cursor, grace_from, limit)
        on_time = []
        for tick in schedule.after(grace_from):
            if self.due_at(tick) > now:
                break
            on_time.append(tick)
        return missed + on_time


class Clockwork:
    """Fires the schedules of this process."""

    def __init__(self, components: Components, reactions: Reactions) -> None:
        self._components = components
        self._reactions = reactions
        #: By cursor name: the cursor as it was last read, and when the tick behind it is due.
        self._next: dict[str, tuple[float, float]] = {}

    def next_due(self, own: Mapping[str, TriggerDefinition]) -> float | None:
        """When something may be due next; schedules that were not seen before are read at once."""
        instants = [
            self._next[timer.cursor][1] if timer.cursor in self._next else 0.0 for timer in _timers(own)
        ]
        return min(instants, default=None)

    def fire_due(self, scene: Scene, own: Mapping[str, TriggerDefinition]) -> int:
        """Make the runs that are due; returns how many ticks were dealt with.

        Raises:
            StoreError: a store is away; what is due is dealt with again.
        """
        now = self._components.trigger.store.now()
        timers = [t for t in _timers(own) if self._next.get(t.cursor, (0.0, 0.0))[1] <= now]
        if not timers:
            return 0
        trigger = self._components.trigger
        cursors = trigger.get_cursors({timer.cursor: now for timer in timers})
        work = self._reactions.new_pass()
        reached: dict[str, float] = {}
        ticks = 0
        for timer in timers:
            cursor = cursors[timer.cursor]
            due = timer.due_ticks(cursor, now)
            if timer.condition.overlap is Overlap.SKIP:
                due = due[-1:]
            last = cursor
            if timer.trigger.trigger_id in scene.paused:
                last = now
            else:
                for tick in due:
                    if timer.condition.overlap is Overlap.ALLOW or not self._overlaps(timer.trigger, tick):
                        self._reactions.add(work, timer.trigger, timer.slot, _occurrence(timer, tick, last))
                        ticks += 1
                    last = tick
                # Ticks that the policy leaves out are behind us as well.
                last = max(last, timer.grace_from(cursor, now))
            if last > cursor:
                reached[timer.cursor] = last
            self._next[timer.cursor] = (last, timer.due_at(timer.condition.schedule.next_after(last)))
        self._reactions.complete(work, ())
        if reached:
            trigger.advance_cursors(reached)
        return ticks

    def _overlaps(self, trigger: TriggerDefinition, tick: float) -> bool:
        """Whether the run before has not ended; a run of this tick is not one before it."""
        latest = [
            run for run in self._components.trigger.list_runs(trigger.trigger_id, 2) if run.invocation_id
        ]
        ids = [
            run.invocation_id
            for run in latest
            if to_text(tick) not in run.occurrence_ids and run.invocation_id
        ]
        states = self._components.orchestrator.get_states(ids)
        return any(not state.status.is_final() for state in states.values())


def _timers(own: Mapping[str, TriggerDefinition]) -> Iterator[_Timer]:
    for trigger in own.values():
        for slot, condition in trigger.cron_conditions():
            yield _Timer(trigger, slot, condition)


def _occurrence(timer: _Timer, tick: float, before: float) -> Occurrence:
    return Occurrence(
        occurrence_id=to_text(tick),
        kind=OccurrenceKind.TICK,
        source=timer.condition.schedule_key,
        at=tick,
        payload=repr(before),
    )
