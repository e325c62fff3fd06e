"""The exceptions of pynenc. Each message says what was tried, on what, and what to do about it.

::

    PynencError
     ├─ RetryError
     ├─ SerializationError
     │   └─ SignatureError
     ├─ TaskError
     │   ├─ InvalidTaskOptionsError
     │   ├─ InvalidTaskFunctionError (ValueError, RuntimeError)
     │   ├─ TaskRoutingError
     │   │   └─ InvocationConcurrencyWithDifferentArgumentsError
     │   └─ TaskParallelProcessingError
     ├─ InvocationError
     │   ├─ WaitCycleError
     │   ├─ InvocationCancelledError
     │   ├─ WorkerLostError
     │   ├─ UnknownTaskError
     │   ├─ SoftTimeLimitError
     │   ├─ TimeLimitError
     │   └─ ConcurrencyControlledError (KeyError)
     ├─ ResultTimeoutError (TimeoutError)
     ├─ RemoteError
     ├─ WorkflowError
     │   ├─ WorkflowMembershipError
     │   ├─ DeterministicOperationScopeError
     │   ├─ NonDeterminismError
     │   ├─ WorkflowLimitError
     │   ├─ WorkflowNotFoundError
     │   └─ WorkflowTimeoutError (TimeoutError)
     ├─ StoreError
     │   ├─ StoreUnavailableError
     │   ├─ StoreBusyError
     │   ├─ StoreFullError
     │   ├─ CommitUnknownError
     │   ├─ CorruptDataError
     │   ├─ SchemaVersionError
     │   └─ PayloadTooLargeError
     ├─ StateBackendError
     │   ├─ InvocationNotFoundError
     │   └─ OutcomeLostError
     ├─ RunnerError
     ├─ RunnerNotExecutableError
     ├─ ConfigError (ValueError)
     │   └─ ConfigMultiInheritanceError
     ├─ TriggerError (ValueError)
     │   ├─ InvalidScheduleError
     │   ├─ NonModuleLevelFunctionError
     │   ├─ ArgumentProviderError
     │   └─ TriggerCycleError
     ├─ PluginError
     ├─ MonitorUnavailableError
     ├─ AppLoadError
     ├─ AlreadyInitializedError
     └─ InvocationStatusError
         ├─ InvocationStatusTransitionError
         ├─ InvocationStatusRaceConditionError
         └─ InvocationStatusOwnershipError
             └─ OwnershipLostError
"""

from __future__ import annotations

from collections.abc import Sequence


class PynencError(Exception):
    """Base of everything that pynenc raises on purpose."""


class RetryError(PynencError):
    """Raise it inside a task to have the invocation tried again (within ``max_retries``)."""


class SerializationError(PynencError):
    """A value cannot be written or read; the message names the path to it and the remedies."""


class SignatureError(SerializationError):
    """A stored payload carries no valid signature and was not decoded."""


class TaskError(PynencError):
    """A problem with one task.

    Args:
        task_id: The task, as ``module.function``.
        message: What went wrong.
    """

    def __init__(self, task_id: object, message: str = "") -> None:
        super().__init__(task_id, message)
        self.task_id = task_id
        self.message = message

    def __str__(self) -> str:
        return f"task '{self.task_id}': {self.message}"


class InvalidTaskOptionsError(TaskError):
    """The decorator was given an option that does not exist or has no meaning for this function."""


class TaskRoutingError(TaskError):
    """A call could not be registered."""


class InvocationConcurrencyWithDifferentArgumentsError(TaskRoutingError):
    """A waiting invocation of the same concurrency key has other arguments, and the task forbids that."""


class TaskParallelProcessingError(TaskError):
    """The calls given to ``parallelize`` could not be prepared."""


class InvocationError(PynencError):
    """A problem with one invocation.

    Args:
        invocation_id: The invocation.
        message: What went wrong.
    """

    def __init__(self, invocation_id: object = "", message: str = "") -> None:
        super().__init__(invocation_id, message)
        self.invocation_id = invocation_id
        self.message = message

    def __str__(self) -> str:
        return f"invocation '{self.invocation_id}': {self.message}"


class WaitCycleError(InvocationError):
    """Waiting would close a cycle, so that nobody in it could ever finish; the message names the cycle."""


class InvocationCancelledError(InvocationError):
    """The invocation was cancelled before it produced a result."""


class WorkerLostError(InvocationError):
    """The worker processes that ran this invocation died more often than its bound allows."""


class UnknownTaskError(InvocationError):
    """No runner knew the task of this invocation for longer than ``unknown_task_timeout_seconds``."""


class SoftTimeLimitError(InvocationError):
    """Raised inside a task that ran longer than its ``soft_time_limit``."""


class TimeLimitError(InvocationError):
    """The invocation was ended because it ran longer than its ``time_limit``."""


class ConcurrencyControlledError(InvocationError, KeyError):
    """The invocation was refused by running concurrency control, so it has no result."""

    __str__ = InvocationError.__str__


class ResultTimeoutError(PynencError, TimeoutError):
    """The result was not there within the given time; the invocation goes on."""


class RemoteError(PynencError):
    """An exception of a task whose class is not loaded in this process.

    Args:
        type_name: Qualified name of the original class.
        message: Its text.
        traceback: The traceback as text, from where the task ran.
    """

    def __init__(self, type_name: str, message: str = "", traceback: str = "") -> None:
        super().__init__(type_name, message, traceback)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}"


class WorkflowError(PynencError):
    """Something that a workflow cannot do, or that cannot be done with it."""


class WorkflowMembershipError(WorkflowError):
    """An invocation that belongs to no workflow used the data or the identity of its workflow.

    Args:
        operation_name: What was tried.
        task_id: The task that tried it.
        invocation_id: Its invocation.
    """

    def __init__(self, operation_name: str, task_id: object, invocation_id: object) -> None:
        super().__init__(operation_name, task_id, invocation_id)
        self.operation_name = operation_name
        self.task_id = task_id
        self.invocation_id = invocation_id

    def __str__(self) -> str:
        return (
            f"wf.{self.operation_name} in invocation '{self.invocation_id}' of task '{self.task_id}': it belongs to no "
            "workflow; decorate the task with @app.workflow, or call it inside of one"
        )


class DeterministicOperationScopeError(WorkflowError):
    """A member of a workflow that does not define it used an operation that its own code may use only.

    Args:
        operation_name: What was tried.
        task_id: The task that tried it.
        invocation_id: Its invocation.
        workflow_id: The workflow that it belongs to, if any.
        workflow_type: The task of that workflow.
        parent_workflow_id: The workflow that called that one.
        is_workflow_defining_invocation: Whether the invocation defines the workflow.
    """

    def __init__(  # noqa: PLR0913 - what users may read from it
        self,
        operation_name: str,
        task_id: object,
        invocation_id: object,
        *,
        workflow_id: str | None = None,
        workflow_type: str | None = None,
        parent_workflow_id: str | None = None,
        is_workflow_defining_invocation: bool = False,
    ) -> None:
        super().__init__(operation_name, task_id, invocation_id)
        self.operation_name = operation_name
        self.task_id = task_id
        self.invocation_id = invocation_id
        self.workflow_id = workflow_id
        self.workflow_type = workflow_type
        self.parent_workflow_id = parent_workflow_id
        self.is_workflow_defining_invocation = is_workflow_defining_invocation

    def __str__(self) -> str:
        where = f"member of workflow '{self.workflow_id}'" if self.workflow_id else "member of no workflow"
        return (
            f"wf.{self.operation_name} in invocation '{self.invocation_id}' of task '{self.task_id}' ({where}): only "
            "the body of a workflow has operations that are recorded; call it there, or use @app.workflow"
        )


class NonDeterminismError(WorkflowError):
    """The code of a workflow does not do what it did when it was recorded; the message compares both.

    Args:
        workflow_id: The workflow.
        message: What was recorded, and what was requested instead.
        seq: The first operation that differs, from 1.
    """

    def __init__(self, workflow_id: object, message: str, seq: int) -> None:
        super().__init__(workflow_id, message, seq)
        self.workflow_id = workflow_id
        self.message = message
        self.seq = seq

    def __str__(self) -> str:
        return self.message


class WorkflowLimitError(WorkflowError):
    """A workflow has more operations than ``max_workflow_operations``."""


class WorkflowNotFoundError(WorkflowError):
    """There is no workflow of this id that could be sent a message."""


class WorkflowTimeoutError(WorkflowError, TimeoutError):
    """What a workflow waited for did not come in time."""


class StoreError(PynencError):
    """A store could not do what was asked; it is never the failure of a task."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or opened; nothing was written."""


class StoreBusyError(StoreError):
    """Another process held the store for longer than the configured time; nothing was written."""


class StoreFullError(StoreError):
    """The store has no room left; nothing was written."""


class CommitUnknownError(StoreError):
    """The connection broke while committing, so that nobody knows whether the write happened.

    Args:
        message: What was being written.
        invocation_id: The invocation that may exist; submitting it again under this id is safe.
    """

    def __init__(self, message: str, invocation_id: str | None = None) -> None:
        super().__init__(message, invocation_id)
        self.message = message
        self.invocation_id = invocation_id

    def __str__(self) -> str:
        return self.message


class CorruptDataError(StoreError):
    """What the store holds cannot be what pynenc wrote."""


class SchemaVersionError(StoreError):
    """The store was written by a newer version of pynenc."""


class PayloadTooLargeError(StoreError):
    """A payload is larger than the store can hold; nothing was written."""


class StateBackendError(PynencError):
    """Stored data of an invocation is missing."""


class InvocationNotFoundError(StateBackendError, KeyError):
    """There is no invocation with this id in the app's stores."""

    def __init__(self, invocation_id: object) -> None:
        super().__init__(invocation_id)
        self.invocation_id = invocation_id

    def __str__(self) -> str:
        return (
            f"no invocation '{self.invocation_id}' in this app's stores: check the id and the app_id; "
            "finished invocations are deleted after the retention time"
        )


class OutcomeLostError(StateBackendError):
    """An invocation is final, but its stored result is gone (a store lost acknowledged writes)."""


class RunnerError(PynencError):
    """A runner cannot do its work."""


class RunnerNotExecutableError(RunnerError):
    """The configured runner is a placeholder that executes nothing."""


class ConfigError(PynencError, ValueError):
    """A setting is wrong; the message names the field, the value and where it came from."""


class ConfigMultiInheritanceError(ConfigError):
    """Two configuration classes that are combined define one field differently."""


class TriggerError(PynencError, ValueError):
    """A trigger is declared wrongly, or one of its functions did what it may not."""


class InvalidScheduleError(TriggerError):
    """A cron expression or its time zone is wrong; the message names the field."""


class NonModuleLevelFunctionError(TriggerError):
    """A filter or provider has no name by which several processes could know it."""


class ArgumentProviderError(TriggerError):
    """No argument provider of a trigger could make the arguments of a run."""


class TriggerCycleError(TriggerError):
    """Triggers set each other off without end; the message shows the chain."""


class PluginError(PynencError):
    """A plugin cannot be loaded, or does not fit this version."""


class MonitorUnavailableError(PynencError):
    """The monitor cannot show an app: its backend has nothing to read from, or a package is missing."""


class AppLoadError(PynencError):
    """The app that was named cannot be found or imported."""


class AlreadyInitializedError(PynencError):
    """Something that may be set only once was set again."""


class InvocationStatusError(PynencError):
    """A status could not be changed."""


class InvocationStatusTransitionError(InvocationStatusError):
    """The state machine has no such transition."""

    def __init__(self, current: object, target: object, allowed: Sequence[str] = ()) -> None:
        super().__init__(current, target, tuple(allowed))
        self.current = current
        self.target = target
        self.allowed = tuple(allowed)

    def __str__(self) -> str:
        following = ", ".join(self.allowed) or "nothing, it is final"
        return f"status '{self.current}' cannot be followed by '{self.target}'; allowed: {following}"


class InvocationStatusRaceConditionError(InvocationStatusError):
    """Somebody else changed the status first."""


class InvocationStatusOwnershipError(InvocationStatusError):
    """The invocation belongs to another runner."""


class OwnershipLostError(InvocationStatusOwnershipError):
    """This attempt no longer owns its invocation: it was recovered, and its late result is discarded."""


class InvalidTaskFunctionError(TaskError, ValueError, RuntimeError):
    """The function cannot be a task, because another process could not find it."""

    __str__ = TaskError.__str__
