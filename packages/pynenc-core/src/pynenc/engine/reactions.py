"""What happened → triggers that it concerns → runs. Idempotent: whatever is done again is done once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pynenc.engine.components import Components
from pynenc.engine.contexts import Contexts, dump, load
from pynenc.engine.declarations import Scene
from pynenc.engine.firing import Firing, Plan
from pynenc.engine.patience import PASSING
from pynenc.engine.payloads import Payloads
from pynenc.engine.registry import TaskRegistry
from pynenc.trigger.conditions.base import Spec, concerns
from pynenc.trigger.definition import TriggerDefinition
from pynenc.values.triggers import Occurrence, OccurrenceKind, PairRequest, TriggerRun

#: Whoever takes an occurrence has to deal with it within so many seconds, else somebody else does.
LEASE_SECONDS = 5.0


@dataclass(slots=True)
class Pass:
    """What one look at what happened leads to."""

    contexts: Contexts
    plans: list[Plan] = field(default_factory=list)
    #: Occurrences that wait for others.
    halves: list[tuple[TriggerDefinition, PairRequest]] = field(default_factory=list)
    #: For runners that have the version in force.
    deferred: list[Occurrence] = field(default_factory=list)
    runs: list[TriggerRun] = field(default_factory=list)


class Reactions:
    """Evaluates the triggers of this process."""

    def __init__(
        self, components: Components, payloads: Payloads, registry: TaskRegistry, firing: Firing
    ) -> None:
        self._components = components
        self._payloads = payloads
        self._registry = registry
        self._firing = firing

    def react(self, scene: Scene, own: Mapping[str, TriggerDefinition]) -> int:
        """Deal with some of what happened; returns with how much.

        Args:
            scene: What is in force.
            own: The triggers that are in force here.

        Raises:
            StoreError: a store is away; what was taken is dealt with again.
        """
        parts = self._components
        limit = parts.trigger_conf.max_events_batch_size
        recorded = parts.orchestrator.take_occurrences(limit, LEASE_SECONDS)
        others = parts.trigger.take_occurrences(limit, LEASE_SECONDS, list(own))
        if not recorded and not others:
            return 0
        work = self.new_pass()
        concerned = {
            trigger_id: declared.spec["conditions"]
            for trigger_id, declared in scene.in_force.items()
            if trigger_id not in scene.paused
        }
        for occurrence in (*recorded, *others):
            self._match(work, occurrence, concerned, own)
        self.complete(work, others)
        if recorded:
            parts.orchestrator.acknowledge_occurrences([each.occurrence_id for each in recorded])
        return len(recorded) + len(others)

    def new_pass(self) -> Pass:
        """An empty one."""
        return Pass(Contexts(self._components, self._payloads, self._registry))

    def add(self, work: Pass, trigger: TriggerDefinition, slot: int, occurrence: Occurrence) -> None:
        """An occurrence satisfies a condition: it is a run, or a part of one."""
        if not trigger.condition.needs_all:
            work.plans.append(Plan(trigger, ((trigger.conditions[slot], occurrence),)))
            return
        key = occurrence.invocation_id if trigger.pairs_by_invocation else None
        request = PairRequest(
            scope=trigger.scope,
            key=key or "",
            slot=slot,
            slots=len(trigger.conditions),
            occurrence_id=occurrence.occurrence_id,
            data=dump(replace(occurrence, trigger_id=None)),
            ttl_seconds=trigger.ttl_seconds,
        )
        work.halves.append((trigger, request))

    def complete(self, work: Pass, settled: Iterable[Occurrence]) -> None:
        """Make the runs, then settle what led to them."""
        trigger = self._components.trigger
        if work.deferred:
            trigger.put_occurrences(work.deferred)
        if work.halves:
            answers = trigger.pair([request for _, request in work.halves])
            for (definition, _), data in zip(work.halves, answers, strict=True):
                if data is not None:
                    matches = zip(definition.conditions, map(load, data), strict=True)
                    work.plans.append(Plan(definition, tuple(matches)))
        if work.plans:
            work.runs += self._firing.fire(work.plans, work.contexts)
        done = list(settled)
        if done or work.runs:
            trigger.settle(done, work.runs)

    def _match(
        self,
        work: Pass,
        occurrence: Occurrence,
        concerned: Mapping[str, list[Spec]],
        own: Mapping[str, TriggerDefinition],
    ) -> None:
        for trigger_id, specs in concerned.items():
            if occurrence.trigger_id not in (None, trigger_id):
                continue
            by_hand = occurrence.kind is OccurrenceKind.FIRE and occurrence.trigger_id == trigger_id
            if not (by_hand or any(concerns(spec, occurrence) for spec in specs)):
                continue
            if trigger_id not in own:
                work.deferred.append(replace(occurrence, trigger_id=trigger_id))
            elif by_hand:
                work.plans.append(Plan(own[trigger_id], ((None, occurrence),)))
            else:
                self._evaluate(work, own[trigger_id], occurrence)

    def _evaluate(self, work: Pass, trigger: TriggerDefinition, occurrence: Occurrence) -> None:
        try:
            for slot, condition in enumerate(trigger.conditions):
                if not concerns(condition.spec, occurrence):
                    continue
                if condition.is_satisfied_by(work.contexts.of(condition, occurrence)):
                    self.add(work, trigger, slot, occurrence)
                    if not trigger.condition.needs_all:
                        return
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001  # boundary: filters and data of users
            work.runs.append(self._firing.failed(trigger.trigger_id, [occurrence.occurrence_id], error))
