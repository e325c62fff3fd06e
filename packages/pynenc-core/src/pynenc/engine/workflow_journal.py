"""The record of one workflow: read once per attempt, in pages; written operation by operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from pynenc.engine import transitions
from pynenc.engine.components import Components
from pynenc.engine.patience import Advance
from pynenc.engine.payloads import Payloads
from pynenc.exceptions import CorruptDataError, OwnershipLostError, SerializationError
from pynenc.values.ids import InvocationId, seq_of_child
from pynenc.values.operations import Claim, InvocationQuery, Step, StepAnswer
from pynenc.values.records import InvocationRecord, InvocationState, Outcome, OutcomeKind
from pynenc.values.status import InvocationStatus
from pynenc.values.workflows import RecordedOperation, WorkflowMessage

#: So many operations are read at once.
PAGE = 500

#: What is stored of an operation: names of one or two letters, because there are many.
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One operation of a workflow as it was recorded."""

    seq: int
    #: For a call: ``call`` and the task.
    name: str
    #: Not for a call that was registered under the id derived from its position: its record says it all.
    stored: RecordedOperation | None = None
    child_id: InvocationId | None = None
    args_id: str | None = None
    #: Of the child; how it stood when the record was read.
    state: InvocationState | None = None


@dataclass(slots=True)
class WorkflowCodec:
    """Values and exceptions of operations ↔ text, signed for their place."""

    components: Components
    payloads: Payloads

    def dump(self, value: Any, what: str) -> str:
        """One value as text.

        Raises:
            SerializationError: it cannot be written; the message begins with ``what``.
        """
        try:
            return self.components.serializer.serialize(value)
        except SerializationError as error:
            raise SerializationError(f"{what}: {error}") from error

    def pack(self, owner: str, place: str, fields: Fields) -> str:
        """Fields as the text to store under a place of a workflow."""
        text = json.dumps(fields, separators=(",", ":"))
        return self.components.signer.sign(text, kind="workflow", invocation_id=owner, field=place)

    def unpack(self, owner: str, place: str, text: str) -> dict[str, Any]:
        """What ``pack`` was given.

        Raises:
            SignatureError: it was not signed with a known key for this place.
            CorruptDataError: it is not what ``pack`` makes.
        """
        verified = self.components.signer.verify(text, kind="workflow", invocation_id=owner, field=place)
        try:
            fields = json.loads(verified)
        except ValueError as error:
            raise CorruptDataError(f"what workflow '{owner}' stored as '{place}' is unreadable") from error
        if not isinstance(fields, dict):
            raise CorruptDataError(f"what workflow '{owner}' stored as '{place}' is unreadable")
        return fields

    def load(self, owner: str, place: str, text: str) -> Any:
        """A value that ``dump`` wrote."""
        try:
            return self.components.serializer.deserialize(text)
        except SerializationError as error:
            raise CorruptDataError(
                f"what workflow '{owner}' stored as '{place}' is unreadable: {error}"
            ) from error


@dataclass(slots=True)
class Journal:
    """What one attempt of a workflow reads and writes.

    Args:
        claim: The attempt.
        components: Of the app.
        advance: Carries out a step, however long the store is away.
        codec: Writes values.
        engaged: Keeps the attempt from being interrupted.
    """

    claim: Claim
    components: Components
    advance: Advance
    codec: WorkflowCodec
    #: Inside of it the attempt cannot be interrupted.
    engaged: Callable[[], AbstractContextManager[None]]
    #: Whether nothing may be carried out: the code is only compared with the record.
    read_only: bool = field(default=False, init=False)

    @property
    def workflow_id(self) -> InvocationId:
        """The workflow."""
        return self.claim.invocation_id

    def load(self) -> dict[int, Recorded]:
        """Everything that earlier attempts recorded, by position."""
        # The first attempt has no children yet; but it may go on from another workflow.
        children = self.read_only or self.claim.epoch > 1
        with self.engaged():
            return read_journal(self.components, self.codec, self.workflow_id, children=children)

    def fields(self, operation: RecordedOperation) -> dict[str, Any]:
        """What was stored of an operation."""
        return self.codec.unpack(self.workflow_id, str(operation.seq), operation.data)

    def operation(self, seq: int, name: str, fields: Fields) -> RecordedOperation:
        """An operation to record."""
        return RecordedOperation(seq, name, self.codec.pack(self.workflow_id, str(seq), fields))

    def write(self, *operations: RecordedOperation) -> None:
        """Record operations: one write.

        Raises:
            OwnershipLostError: the attempt was replaced; nothing was written.
        """
        self._send(Step(moves=(transitions.record(self.claim, operations),)))

    def deliver(self, message: WorkflowMessage) -> bool:
        """Send a message as this attempt; whether there is a workflow that it can reach."""
        answer = self._send(Step(moves=(transitions.record(self.claim),), messages=(message,)))
        return answer.delivered[0]

    def messages(self, name: str, after: int) -> list[str]:
        """The data of what arrived under a name, except for the first so many."""
        with self.engaged():
            return self.components.orchestrator.list_messages(self.workflow_id, name, after, PAGE)

    def now(self) -> float:
        """The time by the store's clock, which decides when a pause is over."""
        return self.components.orchestrator.store.now()

    def _send(self, step: Step) -> StepAnswer:
        with self.engaged():
            answer = self.advance(step)
        if not answer.moves[0].accepted:
            raise OwnershipLostError(
                f"workflow '{self.workflow_id}' was taken from this worker (recovered or cancelled): nothing "
                "that this attempt still does is kept"
            )
        return answer


def read_journal(
    components: Components, codec: WorkflowCodec, workflow_id: InvocationId, *, children: bool = True
) -> dict[int, Recorded]:
    """Everything that a workflow recorded, by position; read in pages."""
    recorded: dict[int, Recorded] = {}
    if children:
        for record in _children(components, workflow_id):
            seq = seq_of_child(record.invocation_id)
            if seq is not None:
                recorded[seq] = _of_child(seq, record)
    for operation in _operations(components, workflow_id):
        # In place of a child at the same position: a stale attempt may have called it.
        recorded[operation.seq] = _of_operation(codec, workflow_id, operation)
    return recorded


def call_name(task_key: str) -> str:
    """The name of a call among operations."""
    return f"call {task_key}"


def fields_of_call(child: Recorded) -> dict[str, Any]:
    """What to store of a call whose id is not derived from its position, or belongs to another workflow."""
    fields: dict[str, Any] = {"id": child.child_id, "args": child.args_id}
    state = child.state
    if state is not None and state.status.is_final():
        fields |= {"st": state.status, "ep": state.epoch}
        if state.outcome is not None:
            fields |= {"k": state.outcome.kind, "o": state.outcome.data}
    return fields


def final_states(
    recorded: Collection[Recorded],
) -> Iterator[tuple[InvocationId, InvocationState]]:
    """The children that were final when the record was read."""
    for one in recorded:
        if one.child_id is not None and one.state is not None and one.state.status.is_final():
            yield one.child_id, one.state


def _children(components: Components, workflow_id: InvocationId) -> Iterator[InvocationRecord]:
    def read(after: InvocationRecord | None) -> list[InvocationRecord]:
        behind = after.invocation_id if after is not None else None
        query = InvocationQuery(parent_id=workflow_id, after=behind, limit=PAGE)
        return components.orchestrator.list_records(query)

    return _pages(read)


def _operations(components: Components, workflow_id: str) -> Iterator[RecordedOperation]:
    def read(after: RecordedOperation | None) -> list[RecordedOperation]:
        return components.orchestrator.list_operations(workflow_id, after.seq if after else 0, PAGE)

    return _pages(read)


def _pages(read: Callable[[Any], list[Any]]) -> Iterator[Any]:
    last = None
    while page := read(last):
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]


def _of_child(seq: int, record: InvocationRecord) -> Recorded:
    state = InvocationState(record.invocation_id, record.status, record.epoch, record.outcome)
    return Recorded(seq, call_name(record.task_id), None, record.invocation_id, record.args_id, state)


def _of_operation(codec: WorkflowCodec, workflow_id: str, operation: RecordedOperation) -> Recorded:
    if not operation.name.startswith("call "):
        return Recorded(operation.seq, operation.name, operation)
    fields = codec.unpack(workflow_id, str(operation.seq), operation.data)
    child = InvocationId(fields["id"])
    state = None
    if "st" in fields:
        outcome = Outcome(OutcomeKind(fields["k"]), fields["o"]) if "k" in fields else None
        state = InvocationState(child, InvocationStatus(fields["st"]), fields["ep"], outcome)
    return Recorded(operation.seq, operation.name, operation, child, fields["args"], state)
