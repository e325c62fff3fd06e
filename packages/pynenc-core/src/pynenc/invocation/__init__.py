"""What a call returns: a handle to look at, wait for and pass on."""

from pynenc.invocation.base_invocation import BaseInvocation, BaseInvocationGroup
from pynenc.invocation.conc_invocation import ConcurrentInvocation, ConcurrentInvocationGroup
from pynenc.invocation.dist_invocation import (
    DistributedInvocation,
    DistributedInvocationGroup,
    ReusedInvocation,
)
from pynenc.invocation.workflow_invocation import WorkflowInvocation
from pynenc.values.records import HistoryEntry
from pynenc.values.status import InvocationStatus

__all__ = [
    "BaseInvocation",
    "BaseInvocationGroup",
    "ConcurrentInvocation",
    "ConcurrentInvocationGroup",
    "DistributedInvocation",
    "DistributedInvocationGroup",
    "HistoryEntry",
    "InvocationStatus",
    "ReusedInvocation",
    "WorkflowInvocation",
]
