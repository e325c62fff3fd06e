"""Invocations of the development mode: run where their result is asked for, and stored nowhere."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Generic, TypeVar, cast

from pynenc.call import Call
from pynenc.engine.current import ActiveInvocation, get_active, set_active
from pynenc.engine.retry import retry_delay_seconds
from pynenc.exceptions import InvocationCancelledError, ResultTimeoutError, WaitCycleError
from pynenc.invocation.base_invocation import BaseInvocation, BaseInvocationGroup
from pynenc.invocation.inline_call import InlineCall
from pynenc.serializer.exceptions_codec import decode_exception, encode_exception
from pynenc.values.clock import SystemClock
from pynenc.values.ids import NO_ARGS, InvocationId
from pynenc.values.operations import Claim
from pynenc.values.records import HistoryEntry
from pynenc.values.status import InvocationStatus

R = TypeVar("R")

_S = InvocationStatus
_clock = SystemClock()


class ConcurrentInvocation(BaseInvocation[R], Generic[R]):
    """A call that runs once, in the thread that first asks for its result.

    Failed attempts are repeated as often as the task allows, at once. Running limits, time limits and
    registration concurrency have no meaning here. A timeout counts only while another thread runs it: what
    runs in the caller's own thread ends when it ends.
    """

    def __init__(self, call: InlineCall) -> None:
        active = get_active()
        self._call = call
        self._invocation_id = InvocationId(str(uuid.uuid4()))
        self._parent_id = active.invocation_id if active else None
        self._root_id = active.claim.root_id if active else self._invocation_id
        self._depth = active.claim.depth + 1 if active else 0
        self._children: list[ConcurrentInvocation[Any]] = []
        self._changed = threading.Condition()
        # All of these are guarded by self._changed.
        self._history: list[HistoryEntry] = []
        self._taken = False
        self._active: ActiveInvocation | None = None
        self._value: R | None = None
        self._error: BaseException | None = None
        self._enter(_S.REGISTERED)
        if (frame := _frame.get()) is not None:
            frame.invocation._children.append(self)

    @property
    def invocation_id(self) -> InvocationId:
        """Its identity, in this process only."""
        return self._invocation_id

    @property
    def call(self) -> Call:
        """The task and its arguments."""
        return self._call

    @property
    def status(self) -> InvocationStatus:
        """Where it stands now."""
        return self._history[-1].status

    @property
    def history(self) -> list[HistoryEntry]:
        """Every status it entered, in order."""
        with self._changed:
            return list(self._history)

    @property
    def num_retries(self) -> int:
        """How often it was retried so far."""
        return sum(entry.status is _S.RETRY for entry in self.history)

    @property
    def parent_invocation_id(self) -> InvocationId | None:
        """The invocation that called it."""
        return self._parent_id

    def wait(self, timeout: float | None = None) -> bool:
        """Run it unless that is done or being done; False when another thread is not ready in time."""
        with self._changed:
            if self._is_final():
                return True
            self._refuse_cycle()
            if self._taken:
                return self._changed.wait_for(self._is_final, timeout)
            self._taken = True
        frame = _frame.get()
        # A context of its own per attempt: nothing leaks out of it, as on a worker.
        while contextvars.Context().run(self._attempt, frame):
            pass
        return True

    def get(self, timeout: float | None = None) -> R:
        """Wait until it is final and return its result; see ``BaseInvocation.get``."""
        if not self.wait(timeout):
            raise self._timed_out(timeout)
        return self._outcome()

    async def async_result(self, timeout: float | None = None) -> R:
        """Like ``get``, in a thread of the loop's executor; after the timeout it goes on there."""
        try:
            ended = await asyncio.wait_for(asyncio.to_thread(self.wait, timeout), timeout)
        except TimeoutError:
            ended = False
        if not ended:
            raise self._timed_out(timeout)
        return self._outcome()

    def cancel(self, *, cascade: bool = False, reason: str = "") -> bool:
        """End it unless it is final; see ``BaseInvocation.cancel``."""
        with self._changed:
            ended = not self._is_final()
            if ended:
                because = f"was cancelled: {reason}" if reason else "was cancelled"
                error = InvocationCancelledError(self._invocation_id, because)
                self._end(_S.CANCELLED, error=error, reason=reason)
                if self._active is not None:
                    self._active.doom = error
        for child in self._children if cascade else ():
            child.cancel(cascade=True, reason=reason)
        return ended

    # -- running --------------------------------------------------------------------------------------

    def _attempt(self, awaited_by: _Frame | None) -> bool:
        """Run it once; True when another attempt follows."""
        _frame.set(_Frame(self, awaited_by))
        with self._changed:
            if self._is_final():
                return False
            previous = self._error
            active = ActiveInvocation(
                self._claim(), None, read_last_error=lambda: cast("Exception | None", previous)
            )
            self._active = active
            self._enter(_S.RUNNING)
        set_active(active)
        try:
            value = self._call.run()
        except KeyboardInterrupt as error:
            self._end(_S.FAILED, error=error)
            raise
        except BaseException as error:  # noqa: BLE001  # boundary: the user's function
            return self._raised(error)
        self._end(_S.SUCCESS, value=value)
        return False

    def _raised(self, error: BaseException) -> bool:
        if not isinstance(error, Exception):
            # As it would come from a worker: sys.exit in a task does not end the program that called it.
            error = decode_exception(encode_exception(error))
        with self._changed:
            retries = sum(entry.status is _S.RETRY for entry in self._history)
            if retry_delay_seconds(self._call.definition.conf, error, retries) is None:
                self._end(_S.FAILED, error=error)
            elif not self._is_final():
                self._error = error
                self._enter(_S.RETRY)
            return not self._is_final()

    def _claim(self) -> Claim:
        return Claim(
            invocation_id=self._invocation_id,
            task_id=self.task_id,
            args_id=NO_ARGS,  # nobody looks, and the values may not be serializable
            token="",
            epoch=1,
            status=_S.RUNNING,
            arguments=None,
            parent_id=self._parent_id,
            root_id=self._root_id,
            depth=self._depth,
            workflow_id=None,
            workflow_type=None,
            retries=sum(entry.status is _S.RETRY for entry in self._history),
            recoveries=0,
            created_at=self._history[0].at,
        )

    # -- state ----------------------------------------------------------------------------------------

    def _is_final(self) -> bool:
        return self.status.is_final()

    def _enter(self, status: InvocationStatus, reason: str = "") -> None:
        entry = HistoryEntry(len(self._history) + 1, status, _clock.now(), reason=reason)
        self._history.append(entry)

    def _end(
        self,
        status: InvocationStatus,
        *,
        value: R | None = None,
        error: BaseException | None = None,
        reason: str = "",
    ) -> None:
        """Rest in a final status, unless a cancellation came first."""
        with self._changed:
            if not self._is_final():
                self._value, self._error = value, error
                self._enter(status, reason)
                self._changed.notify_all()

    def _outcome(self) -> R:
        if self._error is not None:
            raise self._error
        return cast("R", self._value)

    def _refuse_cycle(self) -> None:
        """Whoever waits for something that waits for him waits forever."""
        frame, chain = _frame.get(), [self._invocation_id]
        while frame is not None:
            chain.append(frame.invocation.invocation_id)
            if frame.invocation is self:
                raise WaitCycleError(self._invocation_id, f"waits for itself: {' → '.join(reversed(chain))}")
            frame = frame.awaited_by


class ConcurrentInvocationGroup(BaseInvocationGroup[R], Generic[R]):
    """Calls of one task in development mode, run one after the other when their results are asked for."""

    def __init__(self, invocations: Sequence[ConcurrentInvocation[R]]) -> None:
        self._invocations = list(invocations)

    @property
    def invocations(self) -> list[ConcurrentInvocation[R]]:
        """All of them."""
        return self._invocations

    @property
    def results(self) -> Iterator[R]:
        """The results in the order of the calls; raises what a task raised when its turn comes."""
        return (invocation.get() for invocation in self._invocations)

    async def async_results(self) -> AsyncIterator[R]:
        """Like ``results``, without blocking the running loop."""
        for invocation in self._invocations:
            yield await invocation.async_result()

    def get(self, timeout: float | None = None) -> list[R]:
        """Run all and return the results in the order of the calls.

        Raises:
            ResultTimeoutError: the time was over before the last one began.
            Exception: what the first failed call raised.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        for position, invocation in enumerate(self._invocations):
            left = None if deadline is None else deadline - time.monotonic()
            if not invocation.status.is_final() and left is not None and left <= 0:
                missing = len(self) - position
                raise ResultTimeoutError(
                    f"{missing} of {len(self)} invocations were not final within {timeout:g} s"
                )
            invocation.wait(left)
        return [invocation.get(0) for invocation in self._invocations]


class _Frame:
    """What runs in a context, and what waits for it."""

    __slots__ = ("awaited_by", "invocation")

    def __init__(self, invocation: ConcurrentInvocation[Any], awaited_by: _Frame | None) -> None:
        self.invocation = invocation
        self.awaited_by = awaited_by


_frame: ContextVar[_Frame | None] = ContextVar("pynenc_inline_frame", default=None)


def inline_invocation() -> ConcurrentInvocation[Any] | None:
    """The invocation of the development mode whose code runs in this context, if any."""
    frame = _frame.get()
    return frame.invocation if frame else None
