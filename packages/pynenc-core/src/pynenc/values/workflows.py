"""What a store keeps about workflows besides their invocations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkflowIdentity:
    """Which workflow an invocation belongs to."""

    #: The invocation that defines it.
    workflow_id: str
    #: The task of that invocation, ``module.function``.
    workflow_type: str
    #: The workflow that called this one; None for one that nobody called.
    parent_workflow_id: str | None = None

    @property
    def is_subworkflow(self) -> bool:
        """Whether another workflow called it."""
        return self.parent_workflow_id is not None

    @classmethod
    def new_workflow(cls, workflow_id: str, workflow_type: str) -> WorkflowIdentity:
        """One that nobody called."""
        return cls(workflow_id, workflow_type)

    @classmethod
    def new_subworkflow(
        cls, workflow_id: str, workflow_type: str, parent_workflow_id: str
    ) -> WorkflowIdentity:
        """One that another workflow called."""
        return cls(workflow_id, workflow_type, parent_workflow_id)


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
