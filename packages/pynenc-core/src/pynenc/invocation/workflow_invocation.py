"""A handle of an invocation that defines a workflow."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pynenc.invocation.dist_invocation import DistributedInvocation

R = TypeVar("R")


class WorkflowInvocation(DistributedInvocation[R], Generic[R]):
    """A workflow, as whoever called it sees it."""

    def send(self, name: str, value: Any = None) -> None:
        """Send it a message, which its code gets with ``wf.receive(name)``.

        Raises:
            WorkflowNotFoundError: it is final.
            SerializationError: the value cannot be stored.
        """
        self._engine.workflows.send(self.invocation_id, name, value)
