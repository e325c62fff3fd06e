"""Runs of triggers: what is to be run is registered once, and what became of it is recorded."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pynenc.engine.components import Components
from pynenc.engine.contexts import Contexts
from pynenc.engine.patience import PASSING
from pynenc.engine.payloads import Payloads
from pynenc.engine.registry import TaskRegistry
from pynenc.engine.submit import NewCall, Submitter
from pynenc.exceptions import StoreError, TriggerCycleError
from pynenc.trigger.arguments.argument_providers import arguments_of
from pynenc.trigger.conditions import TriggerCondition, ValidCondition
from pynenc.trigger.definition import TriggerDefinition
from pynenc.trigger.trigger_context import TriggerContext
from pynenc.values.ids import InvocationId
from pynenc.values.triggers import Occurrence, OccurrenceKind, TriggerRun

logger = logging.getLogger(__name__)

_NAMESPACE = uuid.UUID("6a3d4bd1-0f5e-5f7e-9d1c-4f4a3f0a7c11")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that is to be made."""

    trigger: TriggerDefinition
    #: With the conditions that they satisfy, in their order; an occurrence by hand satisfies none.
    matches: tuple[tuple[TriggerCondition | None, Occurrence], ...]

    @property
    def occurrence_ids(self) -> tuple[str, ...]:
        """What it is made of."""
        return tuple(occurrence.occurrence_id for _, occurrence in self.matches)


class Firing:
    """Makes runs."""

    def __init__(
        self, components: Components, payloads: Payloads, registry: TaskRegistry, submitter: Submitter
    ) -> None:
        self._components = components
        self._payloads = payloads
        self._registry = registry
        self._submitter = submitter

    def run_id(self, trigger_id: str, occurrence_ids: Sequence[str]) -> InvocationId:
        """The id of the invocation of a run: the same one, whoever makes it and how often."""
        text = "\n".join((self._components.conf.app_id, trigger_id, *occurrence_ids))
        return InvocationId(str(uuid.uuid5(_NAMESPACE, text)))

    def failed(self, trigger_id: str, occurrence_ids: Sequence[str], error: Exception) -> TriggerRun:
        """The record of a run that cannot be made."""
        logger.error("trigger '%s' cannot be fired: %s: %s", trigger_id, type(error).__name__, error)
        return TriggerRun(
            run_id=self.run_id(trigger_id, occurrence_ids),
            trigger_id=trigger_id,
            occurrence_ids=tuple(occurrence_ids),
            error="".join(traceback.format_exception(error)),
        )

    def fire(self, plans: Sequence[Plan], contexts: Contexts) -> list[TriggerRun]:
        """Register the runs, each once, together where that works; returns what became of each.

        Raises:
            StoreError: one that passes; the same plans may be fired again.
        """
        unique = {self.run_id(plan.trigger.trigger_id, plan.occurrence_ids): plan for plan in plans}
        chains = self._chains(list(unique.values()), contexts)
        runs: dict[InvocationId, TriggerRun] = {}
        calls: list[NewCall] = []
        for run_id, plan in unique.items():
            trigger_id = plan.trigger.trigger_id
            chain = (*chains.get(run_id, ()), trigger_id)
            try:
                self._check_depth(chain)
                calls.append(self._call(plan, run_id, contexts))
                runs[run_id] = TriggerRun(
                    run_id=run_id,
                    trigger_id=trigger_id,
                    occurrence_ids=plan.occurrence_ids,
                    invocation_id=run_id,
                    chain=chain,
                )
            except PASSING:
                raise
            except Exception as error:  # noqa: BLE001  # boundary: functions and data of users
                runs[run_id] = replace(self.failed(trigger_id, plan.occurrence_ids, error), chain=chain)
        if any(len(runs[call.invocation_id or InvocationId("")].chain) > 1 for call in calls):
            # What it sets off may come before this is settled, and has to know how deep it is.
            self._components.trigger.settle([], list(runs.values()))
        self._register(calls, runs)
        return list(runs.values())

    def _register(self, calls: list[NewCall], runs: dict[InvocationId, TriggerRun]) -> None:
        if not calls:
            return
        try:
            answers = self._submitter.submit(calls)
        except PASSING:
            raise
        except StoreError as error:
            if len(calls) > 1:
                for call in calls:
                    self._register([call], runs)
                return
            run = runs[_id_of(calls[0])]
            runs[_id_of(calls[0])] = replace(
                self.failed(run.trigger_id, run.occurrence_ids, error), chain=run.chain
            )
            return
        for call, answer in zip(calls, answers, strict=True):
            run = runs[_id_of(call)]
            runs[_id_of(call)] = replace(run, invocation_id=answer.invocation_id)
            logger.info("trigger '%s' fired invocation:%s", run.trigger_id, answer.invocation_id)

    def _call(self, plan: Plan, run_id: InvocationId, contexts: Contexts) -> NewCall:
        task = self._registry.get(plan.trigger.task_id)
        by_hand = [each for _, each in plan.matches if each.kind is OccurrenceKind.FIRE and each.payload]
        if by_hand:
            arguments = self._payloads.decode_event(by_hand[0].payload, by_hand[0].occurrence_id)
        else:
            valid = tuple(
                ValidCondition(condition, contexts.of(condition, occurrence))
                for condition, occurrence in plan.matches
                if condition is not None
            )
            context = TriggerContext(valid, self._components.trigger.store.now())
            arguments = arguments_of(plan.trigger.providers, context)
        values = task.bind((), arguments)
        return NewCall(
            task,
            self._payloads.serialize_arguments(task, values),
            invocation_id=run_id,
            trigger_id=plan.trigger.trigger_id,
        )

    def _chains(self, plans: Sequence[Plan], contexts: Contexts) -> dict[InvocationId, tuple[str, ...]]:
        """The longest chain of triggers that led to each plan."""
        contexts.load([occurrence for plan in plans for _, occurrence in plan.matches])
        roots = {
            self.run_id(plan.trigger.trigger_id, plan.occurrence_ids): {
                root for _, each in plan.matches if (root := contexts.root_of(each)) is not None
            }
            for plan in plans
        }
        wanted = sorted({root for each in roots.values() for root in each})
        known = self._components.trigger.find_runs(wanted) if wanted else {}
        chains = {}
        for run_id, each in roots.items():
            led = [known[root].chain for root in each if root in known]
            chains[run_id] = max(led, key=len, default=())
        return chains

    def _check_depth(self, chain: Sequence[str]) -> None:
        limit = self._components.trigger_conf.max_trigger_depth
        if len(chain) > limit:
            shown = " → ".join(chain if len(chain) <= 12 else (*chain[:4], "…", *chain[-7:]))
            raise TriggerCycleError(
                f"triggers set each other off {len(chain)} times in a row, max_trigger_depth is {limit}: {shown}; "
                "have one of them react to less, or raise the limit"
            )


def _id_of(call: NewCall) -> InvocationId:
    assert call.invocation_id is not None
    return call.invocation_id
