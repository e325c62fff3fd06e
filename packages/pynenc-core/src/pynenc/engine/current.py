"""What runs in this context: the current invocation and the slot it runs in. Values only, never the app."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from pynenc.engine.courier import Courier
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


@dataclass(slots=True)
class ActiveInvocation:
    """An attempt that runs now, as its own code and the engine see it."""

    claim: Claim
    slot: Slot | None
    #: From 1; grows with each retry of the task.
    attempt: int
    #: None where the attempt runs on an event loop.
    thread_id: int | None = field(default_factory=threading.get_ident)
    #: Carries the steps of an attempt that runs on an event loop.
    courier: Courier | None = None
    #: The worker, where there is no slot.
    identity: RunnerIdentity | None = None

    @property
    def invocation_id(self) -> InvocationId:
        """The invocation."""
        return self.claim.invocation_id

    @property
    def runner_id(self) -> RunnerId | None:
        """The worker that runs it."""
        identity = self.slot.identity if self.slot else self.identity
        return identity.runner_id if identity else None

    def is_on_this_thread(self) -> bool:
        """Whether the caller is the attempt's own code rather than a thread that inherited its context."""
        return self.thread_id == threading.get_ident()


_active: ContextVar[ActiveInvocation | None] = ContextVar("pynenc_active_invocation", default=None)


def get_active() -> ActiveInvocation | None:
    """The attempt whose code is running in this context, if any."""
    return _active.get()


def set_active(active: ActiveInvocation) -> None:
    """Make ``active`` the attempt of this context; each attempt runs in a context of its own."""
    _active.set(active)
