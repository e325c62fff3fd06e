"""``task.wf``: the workflow of the invocation that runs here; nothing is kept between two uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ParamSpec, Protocol, TypeVar

from pynenc.engine.current import ActiveInvocation, get_active
from pynenc.engine.engine import Engine
from pynenc.engine.workflow_replay import WorkflowReplay
from pynenc.engine.workflow_waits import receive, wait_event
from pynenc.exceptions import DeterministicOperationScopeError, WorkflowError, WorkflowMembershipError
from pynenc.invocation.base_invocation import BaseInvocation
from pynenc.invocation.conc_invocation import inline_invocation
from pynenc.values.workflows import WorkflowIdentity

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class CallableTask(Protocol[P, R_co]):
    """A task."""

    @property
    def func(self) -> Callable[P, R_co]:
        """Its function."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> BaseInvocation[Any]:
        """Register an invocation."""


class WorkflowRootContext:
    """The recorded operations: the body of a workflow may use them, and nobody else.

    Each is carried out once and recorded; when the workflow goes on in another process, its code runs from the
    beginning and is given what was recorded. One write per operation.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine_of_app = engine

    def random(self) -> float:
        """A random number of at least 0 and less than 1."""
        return self._body("random").random()

    def uuid(self) -> str:
        """The text of a new UUID."""
        return self._body("uuid").uuid()

    def utc_now(self) -> datetime:
        """The time at which this operation was carried out first, in UTC."""
        return self._body("utc_now").utc_now()

    def execute_task(
        self, task: CallableTask[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> BaseInvocation[Any]:
        """Call a task; the same as calling it: ``task(…)``."""
        self._body("execute_task")
        return task(*args, **kwargs)

    def run_step(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function here and now, and record what it returns or raises.

        The function is called again only if its process dies before that is recorded.

        Args:
            function: Any function but a task or a coroutine function. It must not use the workflow or call tasks.
            args: Its arguments; they are not recorded.
            kwargs: By name.

        Raises:
            SerializationError: what it returned cannot be stored.
            Exception: whatever the function raised, also in later attempts.
        """
        replay = self._body("run_step")
        if _is_task(function):
            raise WorkflowError(
                f"wf.run_step takes a function, and {function!r} is a task: call it, its call is recorded as well"
            )
        return replay.step(function, args, kwargs)

    def sleep(self, duration: float | timedelta) -> None:
        """Pause the workflow. Meanwhile it needs no worker, and a restart of everything does it no harm.

        The code is unwound (``finally`` blocks run) and runs from the beginning when the time is over.

        Args:
            duration: Seconds, or a timedelta.

        Raises:
            ValueError: it is negative or not finite.
        """
        self._body("sleep").sleep(_seconds_of(duration, "wf.sleep"))

    def receive(self, name: str, timeout: float | timedelta | None = None) -> Any:
        """Wait for the next message of this name, like ``sleep`` without a worker; see ``send``.

        A message that came before is received at once; each is received once, in the order of arrival.

        Args:
            name: What the sender calls it.
            timeout: Seconds or a timedelta after which to give up; None waits as long as it takes.

        Returns:
            What was sent.

        Raises:
            WorkflowTimeoutError: nothing came in time.
        """
        return receive(self._body("receive"), name, _timeout_of(timeout, "wf.receive"))

    def wait_event(
        self,
        name: str,
        filter: Mapping[str, Any] | Callable[[Any], bool] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Any:
        """Wait for an event that is emitted from now on, like ``sleep`` without a worker.

        Args:
            name: The event.
            filter: Which one: values that its payload must have, or a function of the payload that decides.
            timeout: Seconds or a timedelta after which to give up; None waits as long as it takes.

        Returns:
            The payload.

        Raises:
            WorkflowTimeoutError: no such event came in time.
        """
        seconds = _timeout_of(timeout, "wf.wait_event")
        return wait_event(self._body("wait_event"), name, _filter_of(filter), seconds)

    def patched(self, name: str) -> bool:
        """Whether to run changed code: False in workflows that had come further with the code before.

        Example::

            if task.wf.patched("charge in euros"):
                charge_euros(order)
            else:
                charge(order)
        """
        return self._body("patched").patched(name)

    def on_failure(self, compensation: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """If the workflow fails for good from now on, call this; the last one first.

        Args:
            compensation: A task, or a function that is run as a step.
            args: Its arguments.
            kwargs: By name.
        """
        replay = self._body("on_failure")
        if _is_task(compensation):
            name = f"task {compensation!r}"
            replay.on_failure(name, lambda: compensation(*args, **kwargs).result)  # type: ignore[attr-defined]
        else:
            name = getattr(compensation, "__qualname__", repr(compensation))
            replay.on_failure(name, lambda: replay.step(compensation, args, kwargs))

    def _body(self, operation: str) -> WorkflowReplay:
        active = _active(operation)
        if active.workflow is None:
            raise self._scope_error(operation, active)
        return active.workflow

    def _scope_error(self, operation: str, active: ActiveInvocation) -> Exception:
        claim = active.claim
        if claim.workflow_id == claim.invocation_id:
            return WorkflowError(
                f"wf.{operation} in '{claim.task_id}': an async def cannot be the body of a workflow, whose operations "
                "block; make it a plain def"
            )
        identity = self._engine_of_app().workflows.identity(claim) if claim.workflow_id else None
        return DeterministicOperationScopeError(
            operation,
            claim.task_id,
            claim.invocation_id,
            workflow_id=claim.workflow_id,
            workflow_type=claim.workflow_type,
            parent_workflow_id=identity.parent_workflow_id if identity else None,
        )


class WorkflowContext(WorkflowRootContext):
    """The workflow of the invocation that runs here: ``task.wf``.

    Every task of a workflow has its identity and its data, and can send messages. The recorded operations belong
    to its body, and are there under ``root`` too.
    """

    @property
    def root(self) -> WorkflowRootContext:
        """The recorded operations."""
        return WorkflowRootContext(self._engine_of_app)

    @property
    def identity(self) -> WorkflowIdentity:
        """Which workflow this is.

        Raises:
            WorkflowMembershipError: the invocation belongs to none.
        """
        active = self._member("identity")
        identity = self._engine_of_app().workflows.identity(active.claim)
        assert identity is not None
        return identity

    def set_data(self, key: str, value: Any) -> None:
        """Set a value that all tasks of the workflow see. It is state, not a recorded operation.

        Raises:
            WorkflowMembershipError: the invocation belongs to no workflow.
            SerializationError: the value cannot be stored.
        """
        self._engine_of_app().workflows.set_value(self._member("set_data"), key, value)

    def get_data(self, key: str, default: Any = None) -> Any:
        """What was set last; ``default`` if nothing was.

        Raises:
            WorkflowMembershipError: the invocation belongs to no workflow.
        """
        claim = self._member("get_data").claim
        return self._engine_of_app().workflows.get_value(claim.workflow_id or "", key, default)

    def send(self, workflow_id: str, name: str, value: Any = None) -> None:
        """Send a message to a workflow. In the body of a workflow it is a recorded operation.

        Args:
            workflow_id: Who is to ``receive`` it.
            name: What the receiver waits for.
            value: Anything that can be stored.

        Raises:
            WorkflowNotFoundError: there is no such workflow, or it is final.
        """
        active = _active("send")
        if active.workflow is not None:
            active.workflow.send(workflow_id, name, value)
        else:
            self._engine_of_app().workflows.send(workflow_id, name, value)

    def _member(self, operation: str) -> ActiveInvocation:
        active = _active(operation)
        claim = active.claim
        if claim.workflow_id is None:
            raise WorkflowMembershipError(operation, claim.task_id, claim.invocation_id)
        return active


def _active(operation: str) -> ActiveInvocation:
    active = get_active()
    if active is None:
        raise WorkflowError(
            f"wf.{operation} outside of a running task: it means the workflow of the invocation whose code runs, and a "
            "thread that the code started does not know of it"
        )
    if inline_invocation() is not None:
        raise WorkflowError(
            f"wf.{operation} in the development mode: calls run inline there, and nothing is recorded. Test workflows "
            "with the harness of pynenc.testing, or set dev_mode_force_sync_tasks=False"
        )
    return active


def _is_task(function: object) -> bool:
    return hasattr(function, "task_id") and hasattr(function, "func")


def _seconds_of(duration: float | timedelta, what: str) -> float:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{what} takes seconds or a timedelta, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"{what} takes at least 0 seconds, not {seconds}")
    return float(seconds)


def _timeout_of(timeout: float | timedelta | None, what: str) -> float | None:
    return None if timeout is None else _seconds_of(timeout, f"timeout of {what}")


def _filter_of(
    wanted: Mapping[str, Any] | Callable[[Any], bool] | None,
) -> Callable[[Any], bool] | None:
    if wanted is None or not isinstance(wanted, Mapping):
        return wanted
    expected = dict(wanted)

    def has_values(payload: Any) -> bool:
        return isinstance(payload, Mapping) and all(
            name in payload and payload[name] == value for name, value in expected.items()
        )

    return has_values
