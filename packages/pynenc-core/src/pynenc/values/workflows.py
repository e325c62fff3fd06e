"""What a store keeps about workflows besides their invocations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordedOperation:
    """One operation of a workflow's code, recorded so that a later attempt is given the same value.

    Calls of tasks are not among them: the id of a child says that it is one (see ``child_id``).
    """

    #: Position among the operations of the workflow, from 1; a position that a child has is missing.
    seq: int
    #: What was done.
    name: str
    #: What came of it; text that only the engine reads.
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowMessage:
    """A message to a workflow. Messages of one name are received in the order of their arrival."""

    #: The workflow that is to receive it.
    workflow_id: str
    #: Given by the sender; a message that arrived is not stored a second time.
    message_id: str
    #: What a receiver waits for.
    name: str
    data: str
