"""Workflows from outside of their code: attempts, data, messages, events, and what goes on from another one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine import transitions
from pynenc.engine.components import Components
from pynenc.engine.current import ActiveInvocation, set_active
from pynenc.engine.patience import Advance
from pynenc.engine.payloads import Payloads
from pynenc.engine.workflow_journal import (
    PAGE,
    Journal,
    Recorded,
    WorkflowCodec,
    fields_of_call,
    read_journal,
)
from pynenc.engine.workflow_replay import (
    EndOfRecordError,
    WorkflowReplay,
    WorkflowUnwound,
    nobody_to_tell,
)
from pynenc.engine.workflow_waits import EVENT
from pynenc.exceptions import InvocationNotFoundError, OwnershipLostError, WorkflowError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, InvocationQuery, Step
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynenc.values.workflows import RecordedOperation, WorkflowIdentity, WorkflowMessage

_ENDED_BADLY = (InvocationStatus.FAILED, InvocationStatus.CANCELLED)


class Workflows:
    """The workflows of one app."""

    def __init__(self, components: Components, payloads: Payloads, advance: Advance) -> None:
        self._components = components
        self._orchestrator = components.orchestrator
        self._advance = advance
        self._codec = WorkflowCodec(components, payloads)

    # -- attempts -------------------------------------------------------------------------------------

    def replay(self, active: ActiveInvocation) -> WorkflowReplay | None:
        """What the operations of an attempt stand for; None when the invocation defines no workflow."""
        if active.claim.workflow_id != active.claim.invocation_id:
            return None
        journal = Journal(active.claim, self._components, self._advance, self._codec, active.engaged)
        return self._replay_on(journal)

    def check(self, record: InvocationRecord, body: Callable[[], object]) -> int:
        """Run the code of a workflow as far as it was recorded, without carrying anything out.

        Args:
            record: The workflow.
            body: Calls its function; what it raises is the code's own business.

        Returns:
            How many operations agree.

        Raises:
            NonDeterminismError: the code does something else than what was recorded.
        """
        active = ActiveInvocation(_claim_of(record), None)
        journal = Journal(active.claim, self._components, self._advance, self._codec, active.engaged)
        journal.read_only = True
        replay = active.workflow = self._replay_on(journal)
        set_active(active)
        try:
            replay.run(body, lambda error: isinstance(error, Exception))
        except (EndOfRecordError, WorkflowUnwound):
            pass
        except Exception:  # noqa: BLE001  # boundary: the user's function; what it raises was raised before, or will be
            replay.raise_failure()
        return replay.position

    def _replay_on(self, journal: Journal) -> WorkflowReplay:
        conf = self._components.conf
        return WorkflowReplay(journal, conf.max_workflow_operations, self._components.clock.now)

    # -- identity and data ----------------------------------------------------------------------------

    def identity(self, claim: Claim) -> WorkflowIdentity | None:
        """The workflow of an invocation; reads which one called it, if it was called."""
        return self._identity(claim.workflow_id, claim.workflow_type)

    def identity_of(self, record: InvocationRecord) -> WorkflowIdentity | None:
        """The workflow of an invocation."""
        return self._identity(record.workflow_id, record.workflow_type)

    def _identity(self, workflow_id: str | None, workflow_type: str | None) -> WorkflowIdentity | None:
        if workflow_id is None or workflow_type is None:
            return None
        own = self._find(workflow_id)
        above = self._find(own.parent_id) if own is not None and own.parent_id is not None else None
        return WorkflowIdentity(workflow_id, workflow_type, above.workflow_id if above else None)

    def _find(self, invocation_id: str) -> InvocationRecord | None:
        key = InvocationId(invocation_id)
        return self._orchestrator.get_records([key]).get(key)

    def set_value(self, active: ActiveInvocation, name: str, value: Any) -> None:
        """Set a value of the workflow that an invocation belongs to.

        Raises:
            OwnershipLostError: the attempt was replaced; nothing was written.
        """
        claim = active.claim
        text = self._codec.dump(value, f"workflow data '{name}'")
        stored = self._codec.pack(claim.workflow_id or "", f"={name}", {"v": text})
        with active.engaged():
            answer = self._advance(Step(moves=(transitions.record(claim, (), ((name, stored),)),)))
        if not answer.moves[0].accepted:
            raise OwnershipLostError(
                f"invocation '{claim.invocation_id}' was taken from this worker (recovered or cancelled): workflow "
                f"data '{name}' was not written"
            )

    def get_value(self, workflow_id: str, name: str, default: Any) -> Any:
        """A value of a workflow."""
        stored = self._orchestrator.get_workflow_values(workflow_id, [name]).get(name)
        if stored is None:
            return default
        text = self._codec.unpack(workflow_id, f"={name}", stored)["v"]
        return self._codec.load(workflow_id, f"={name}", text)

    # -- messages and events --------------------------------------------------------------------------

    def send(self, workflow_id: str, name: str, value: Any) -> None:
        """Send a message to a workflow.

        Raises:
            WorkflowNotFoundError: there is none of this id that is not final.
        """
        data = self._codec.dump(value, f"message '{name}'")
        message = WorkflowMessage(workflow_id=workflow_id, message_id=uuid.uuid4().hex, name=name, data=data)
        if not self._advance(Step(messages=(message,))).delivered[0]:
            raise nobody_to_tell(workflow_id, name)

    def emit(self, event_id: str, name: str, payload: Any) -> int:
        """Tell every workflow that waits for an event; telling it again under the same id changes nothing.

        Returns:
            How many were told.
        """
        data = self._codec.dump(payload, f"event '{name}'")
        told = 0
        for page in self._pages(InvocationQuery(awaits=EVENT + name, limit=PAGE)):
            messages = tuple(
                WorkflowMessage(
                    workflow_id=record.invocation_id, message_id=event_id, name=EVENT + name, data=data
                )
                for record in page
            )
            told += sum(self._advance(Step(messages=messages)).delivered)
        return told

    # -- what goes on from another one ----------------------------------------------------------------

    def get(self, workflow_id: str) -> InvocationRecord:
        """The record of a workflow.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            WorkflowError: it defines no workflow.
        """
        record = self._find(workflow_id)
        if record is None:
            raise InvocationNotFoundError(workflow_id)
        if record.workflow_id != workflow_id:
            belongs = f"it belongs to '{record.workflow_id}'" if record.workflow_id else "it belongs to none"
            raise WorkflowError(
                f"invocation '{workflow_id}' of task '{record.task_id}' is no workflow: {belongs}"
            )
        return record

    def operations(self, workflow_id: str) -> list[Recorded]:
        """Everything that a workflow recorded, in order."""
        recorded = read_journal(self._components, self._codec, InvocationId(workflow_id))
        return [recorded[seq] for seq in sorted(recorded)]

    def fields(self, workflow_id: str, recorded: Recorded) -> Mapping[str, Any]:
        """What was stored of an operation; for looking at."""
        stored = recorded.stored
        return self._codec.unpack(workflow_id, str(stored.seq), stored.data) if stored else {}

    def list_open(self) -> Iterator[InvocationRecord]:
        """Workflows that are not final and that have begun."""
        open_ = frozenset(status for status in InvocationStatus if not status.is_final())
        for page in self._pages(InvocationQuery(workflows=True, statuses=open_, limit=PAGE)):
            yield from (record for record in page if record.epoch)

    def copy_operations(self, source: str, target: str, first: int) -> tuple[RecordedOperation, ...]:
        """The first so many operations of a workflow, as another one may begin with them."""
        copied = []
        for one in self.operations(source)[:first]:
            fields = self._fields_for_copy(source, one)
            copied.append(
                RecordedOperation(one.seq, one.name, self._codec.pack(target, str(one.seq), fields))
            )
        return tuple(copied)

    def before_failure(self, record: InvocationRecord) -> int:
        """How many operations a workflow did before the first one that failed.

        Raises:
            WorkflowError: it has not ended badly.
        """
        if record.status not in _ENDED_BADLY:
            raise WorkflowError(
                f"workflow '{record.invocation_id}' is {record.status}: only one that failed or was cancelled is "
                "resumed; an open one goes on by itself"
            )
        operations = self.operations(record.invocation_id)
        for count, one in enumerate(operations):
            if self._failed(record.invocation_id, one):
                return count
        return len(operations)

    def _failed(self, workflow_id: str, one: Recorded) -> bool:
        if one.child_id is not None:
            return one.state is None or one.state.status is not InvocationStatus.SUCCESS
        return self.fields(workflow_id, one).get("e") is not None

    def _fields_for_copy(self, source: str, one: Recorded) -> dict[str, Any]:
        if one.child_id is not None:
            if one.state is not None and not one.state.status.is_final():
                # It belongs to the source, with which it may be cancelled and deleted.
                raise WorkflowError(
                    f"operation {one.seq} ('{one.name}') of workflow '{source}' is {one.state.status}: go on from an "
                    "operation before it, or once it is final"
                )
            return fields_of_call(self._with_outcome(one))
        fields = dict(self.fields(source, one))
        if fields.get("e") is not None:
            error = self._codec.payloads.decode_exception(fields["e"], InvocationId(source))
            raise WorkflowError(
                f"operation {one.seq} ('{one.name}') of workflow '{source}' failed ({error!r}): go on from an "
                "operation before it"
            )
        # Messages stay with the workflow that they were sent to.
        fields.pop("r", None)
        if "c" in fields:
            fields["c"] = 0
        return fields

    def _with_outcome(self, one: Recorded) -> Recorded:
        """With the payload of an outcome that is kept elsewhere: the child may be deleted before the copy ends."""
        state = one.state
        if state is None or state.outcome is None or state.outcome.data is not None:
            return one
        key = PayloadKey(state.invocation_id, state.epoch, PayloadKind.OUTCOME)
        data = self._components.state_backend.get_payloads([key]).get(key)
        if data is None:
            return one
        return replace(one, state=replace(state, outcome=replace(state.outcome, data=data)))

    def _pages(self, query: InvocationQuery) -> Iterator[list[InvocationRecord]]:
        after: InvocationId | None = None
        while True:
            page = self._orchestrator.list_records(replace(query, after=after))
            if page:
                yield page
            if len(page) < query.limit:
                return
            after = page[-1].invocation_id


def _claim_of(record: InvocationRecord) -> Claim:
    """A claim of nobody, for looking at what a workflow would do."""
    return Claim(
        invocation_id=record.invocation_id,
        task_id=record.task_id,
        args_id=record.args_id,
        token="",
        epoch=record.epoch,
        status=record.status,
        arguments=record.arguments,
        parent_id=record.parent_id,
        root_id=record.root_id,
        depth=record.depth,
        workflow_id=record.workflow_id,
        workflow_type=record.workflow_type,
        retries=record.retries,
        recoveries=record.recoveries,
        created_at=record.created_at,
    )
