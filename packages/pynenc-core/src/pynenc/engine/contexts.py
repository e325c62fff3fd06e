"""What filters and providers are given, read from the records when they ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime

from pynenc.arguments import Arguments
from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine.components import Components
from pynenc.engine.payloads import Payloads
from pynenc.engine.registry import TaskRegistry
from pynenc.exceptions import InvocationNotFoundError, OutcomeLostError
from pynenc.trigger.conditions import (
    ConditionContext,
    CronContext,
    EventContext,
    ExceptionCondition,
    ExceptionContext,
    ResultCondition,
    ResultContext,
    StatusContext,
    TriggerCondition,
)
from pynenc.values.ids import CallId, InvocationId, TaskId
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynenc.values.triggers import Occurrence, OccurrenceKind


class Contexts:
    """Contexts of the occurrences of one pass; each record is read once, many together."""

    def __init__(self, components: Components, payloads: Payloads, registry: TaskRegistry) -> None:
        self._components = components
        self._payloads = payloads
        self._registry = registry
        self._records: dict[InvocationId, InvocationRecord | None] = {}

    def load(self, occurrences: Iterable[Occurrence]) -> None:
        """Read the records of these occurrences ahead."""
        ids = {each.invocation_id for each in occurrences if each.invocation_id is not None}
        missing = [found for found in ids if found not in self._records]
        if missing:
            records = self._components.orchestrator.get_records(missing)
            self._records.update({found: records.get(found) for found in missing})

    def root_of(self, occurrence: Occurrence) -> InvocationId | None:
        """The outermost ancestor of the invocation that an occurrence comes from."""
        if occurrence.invocation_id is None:
            return None
        self.load([occurrence])
        record = self._records[occurrence.invocation_id]
        return occurrence.invocation_id if record is None else record.root_id

    def of(self, condition: TriggerCondition, occurrence: Occurrence) -> ConditionContext:
        """The context of an occurrence that concerns a condition.

        Raises:
            InvocationNotFoundError: the invocation is deleted.
        """
        if occurrence.kind is OccurrenceKind.EVENT:
            payload = self._payloads.decode_event(occurrence.payload, occurrence.occurrence_id)
            return EventContext(occurrence.occurrence_id, occurrence.source, payload)
        if occurrence.kind is OccurrenceKind.TICK:
            return CronContext(tick_of(occurrence), float(occurrence.payload))
        return self._of_invocation(condition, occurrence)

    def _of_invocation(self, condition: TriggerCondition, occurrence: Occurrence) -> ConditionContext:
        assert occurrence.invocation_id is not None
        assert occurrence.status is not None
        self.load([occurrence])
        record = self._records[occurrence.invocation_id]
        if record is None:
            raise InvocationNotFoundError(occurrence.invocation_id)
        task_id = TaskId.from_key(record.task_id)
        task = self._registry.tasks.get(record.task_id)
        inline = task.conf.disable_cache_args if task else ()
        call_id = CallId(task_id, record.args_id)

        def arguments() -> Arguments:
            stored = self._payloads.stored_arguments(record)
            return Arguments(self._payloads.decode_arguments(self._registry.get(record.task_id), stored))

        if isinstance(condition, ResultCondition):
            return ResultContext(
                call_id, record.invocation_id, arguments, lambda: self._result_of(record), inline
            )
        if isinstance(condition, ExceptionCondition):
            outcome = record.outcome
            return ExceptionContext(
                call_id,
                record.invocation_id,
                arguments,
                (outcome.error_type if outcome else None) or "",
                (outcome.error_msg if outcome else None) or "",
                inline,
            )
        return StatusContext(call_id, record.invocation_id, occurrence.status, arguments, inline)

    def _result_of(self, record: InvocationRecord) -> object:
        outcome = record.outcome
        if outcome is None or record.status is not InvocationStatus.SUCCESS:
            raise OutcomeLostError(f"invocation '{record.invocation_id}' has no result")
        if outcome.data is None and not self._components.record_holds_payloads:
            key = PayloadKey(record.invocation_id, record.epoch, PayloadKind.OUTCOME)
            data = self._components.state_backend.get_payloads([key]).get(key)
            outcome = replace(outcome, data=data)
        expected = self._registry.get(record.task_id).hint("return")
        return self._payloads.decode_outcome(outcome, record.invocation_id, expected)


def tick_of(occurrence: Occurrence) -> float:
    """The instant that is the occurrence of a schedule."""
    return datetime.fromisoformat(occurrence.occurrence_id).timestamp()


def dump(occurrence: Occurrence) -> str:
    """An occurrence as text, to wait for others."""
    return json.dumps({name: value for name, value in asdict(occurrence).items() if value not in (None, "")})


def load(text: str) -> Occurrence:
    """Read back what ``dump`` wrote."""
    fields = json.loads(text)
    status = fields.pop("status", None)
    return Occurrence(
        **{**fields, "kind": OccurrenceKind(fields["kind"])},
        status=InvocationStatus(status) if status else None,
    )
