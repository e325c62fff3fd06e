"""What the code of workflows uses: ``task.wf``, and what it raises."""

from pynenc.exceptions import WorkflowError
from pynenc.values.workflows import WorkflowIdentity
from pynenc.workflow.context import WorkflowContext, WorkflowRootContext

__all__ = ["WorkflowContext", "WorkflowError", "WorkflowIdentity", "WorkflowRootContext"]
