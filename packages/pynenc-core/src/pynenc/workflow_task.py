"""WorkflowTask: a task whose function is the body of a durable workflow."""

from __future__ import annotations

from typing import Any, Generic, ParamSpec, TypeVar, cast

from pynenc.invocation.dist_invocation import DistributedInvocation
from pynenc.invocation.workflow_invocation import WorkflowInvocation
from pynenc.task import Task

P = ParamSpec("P")
R = TypeVar("R")


class WorkflowTask(Task[P, R], Generic[P, R]):
    """A function whose operations are recorded, so that it goes on from the exact step wherever it was stopped.

    Made by ``@app.workflow``. In its body calls of tasks and the operations of ``task.wf`` are recorded; in every
    later attempt they give the recorded values.

    Example::

        @app.workflow
        def order(item: str) -> str:
            number = order.wf.uuid()
            charge(item, number).result
            order.wf.sleep(3600)
            return ship(item, number).result
    """

    is_workflow_root_task = True
    _handle_cls: type[DistributedInvocation[Any]] = WorkflowInvocation

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> WorkflowInvocation[R]:
        """Start a workflow; see ``Task.__call__``."""
        return cast("WorkflowInvocation[R]", super().__call__(*args, **kwargs))
