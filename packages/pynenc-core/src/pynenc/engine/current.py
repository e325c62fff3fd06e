"""What runs in this context: the current invocation and the slot it runs in. Values only, never the app."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from pynenc.engine.courier import Courier
from pynenc.engine.workflow_replay import WorkflowReplay
from pynenc.exceptions import InvocationCancelledError, InvocationError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Claim, Move
from pynenc.values.runners import RunnerIdentity


class Slot(Protocol):
    """The place of a worker in which an invocation runs; what waiting needs of it."""

    @property
    def identity(self) -> RunnerIdentity:
        """The worker."""

    @property
    def depth(self) -> int:
        """How many invocations run on this slot's thread, one inside the other."""

    def take_unsent(self, *, hand_back: bool) -> tuple[Move, ...]:
        """Moves that were not written yet; with ``hand_back`` also those that return unstarted claims."""

    @property
    def may_claim(self) -> bool:
        """Whether the worker still takes work; not while it stops."""

    def help(self, claim: Claim) -> Move:
        """Run a claimed invocation here and now, inside the one that waits; returns its move."""

    def park(self) -> bool:
        """Give the place back for the time of waiting.

        False when so many invocations are parked already that the place stays taken: the waiter then helps
        with whatever it waits for, however deep.
        """

    def unpark(self) -> None:
        """Take a place again, before new work gets one."""

    def unknown_tasks(self) -> frozenset[str]:
        """Tasks that this worker cannot run on this thread."""


@dataclass(slots=True, eq=False)
class ActiveInvocation:
    """An attempt that runs now, as its own code and the engine see it."""

    claim: Claim
    slot: Slot | None
    #: None where the attempt runs on an event loop.
    thread_id: int | None = field(default_factory=threading.get_ident)
    #: Carries the steps of an attempt that runs on an event loop.
    courier: Courier | None = None
    #: The worker, where there is no slot.
    identity: RunnerIdentity | None = None
    #: Reads what the attempt before raised.
    read_last_error: Callable[[], Exception | None] = field(default=lambda: None)
    #: What is raised inside of it as soon as that can be: a limit, a cancellation.
    doom: InvocationError | None = None
    #: True while the engine works for it, when nothing may be raised from outside.
    in_engine: bool = False
    #: What its operations stand for, if it defines a workflow.
    workflow: WorkflowReplay | None = None
    _pid: int = field(default_factory=os.getpid)
    _ran_seconds: float = 0.0
    _runs_since: float | None = field(default_factory=time.monotonic)

    @property
    def invocation_id(self) -> InvocationId:
        """The invocation."""
        return self.claim.invocation_id

    @property
    def attempt(self) -> int:
        """From 1; grows with each retry of the task."""
        return self.claim.retries + 1

    @property
    def last_exception(self) -> Exception | None:
        """What the attempt before raised; None in the first one."""
        return self.read_last_error()

    @property
    def runner_id(self) -> RunnerId | None:
        """The worker that runs it."""
        identity = self.slot.identity if self.slot else self.identity
        return identity.runner_id if identity else None

    def raise_if_cancelled(self) -> None:
        """Raise InvocationCancelledError when the invocation was cancelled meanwhile.

        For code that works for long without waiting for other invocations. The worker learns of a cancellation
        within about a second.
        """
        if isinstance(self.doom, InvocationCancelledError):
            raise self.doom

    def is_on_this_thread(self) -> bool:
        """Whether the caller is the attempt's own code rather than a thread that inherited its context."""
        return self.thread_id == threading.get_ident()

    def end_fork(self, code: int) -> None:
        """End this process if it is a fork that the task made, and that came back from it: it is no worker."""
        if os.getpid() != self._pid:
            os._exit(code)

    def ran_seconds(self) -> float:
        """How long its own code has run, without the time that it waited."""
        since = self._runs_since
        return self._ran_seconds + (time.monotonic() - since if since is not None else 0.0)

    @contextmanager
    def engaged(self) -> Iterator[None]:
        """Nothing is raised from outside inside of the block."""
        before, self.in_engine = self.in_engine, True
        try:
            yield
        finally:
            self.in_engine = before

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The time inside does not count as running."""
        self._ran_seconds = self.ran_seconds()
        self._runs_since = None
        self.in_engine = True
        try:
            yield
        finally:
            self.in_engine = False
            self._runs_since = time.monotonic()


_active: ContextVar[ActiveInvocation | None] = ContextVar("pynenc_active_invocation", default=None)


def get_active() -> ActiveInvocation | None:
    """The attempt whose code is running in this context, if any."""
    return _active.get()


def set_active(active: ActiveInvocation) -> None:
    """Make ``active`` the attempt of this context; each attempt runs in a context of its own."""
    _active.set(active)
