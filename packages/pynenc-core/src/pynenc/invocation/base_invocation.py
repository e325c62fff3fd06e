"""What every invocation and every group of them offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Generic, TypeVar

from pynenc.arguments import Arguments
from pynenc.call import Call
from pynenc.exceptions import InvocationError, ResultTimeoutError
from pynenc.values.ids import InvocationId
from pynenc.values.records import HistoryEntry
from pynenc.values.status import InvocationStatus

R = TypeVar("R")


class BaseInvocation(ABC, Generic[R]):
    """One execution of a call. Equal to another handle of the same invocation."""

    @property
    @abstractmethod
    def invocation_id(self) -> InvocationId:
        """Its identity."""

    @property
    @abstractmethod
    def call(self) -> Call:
        """The task and its arguments."""

    @property
    @abstractmethod
    def status(self) -> InvocationStatus:
        """Where it stands now."""

    @property
    @abstractmethod
    def num_retries(self) -> int:
        """How often it was retried so far."""

    @property
    @abstractmethod
    def history(self) -> list[HistoryEntry]:
        """Every status it entered, in order, with time, runner and reason."""

    @property
    @abstractmethod
    def parent_invocation_id(self) -> InvocationId | None:
        """The invocation that called it."""

    @abstractmethod
    def get(self, timeout: float | None = None) -> R:
        """Wait until it is final and return its result.

        Args:
            timeout: Seconds to wait at most; None waits as long as it takes.

        Raises:
            ResultTimeoutError: it was not final in time; it goes on.
            Exception: whatever the task raised.
        """

    @abstractmethod
    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is final; False after ``timeout`` seconds. Never raises what the task raised."""

    @abstractmethod
    def cancel(self, *, cascade: bool = False, reason: str = "") -> bool:
        """End it unless it is final: whoever waits for it gets InvocationCancelledError.

        Queued work never starts. Running work is told: ``current_invocation().raise_if_cancelled()`` raises, an
        ``async def`` task is cancelled, and whatever it still returns is discarded.

        Args:
            cascade: Also everything that it called, however deep.
            reason: For the history and the error.

        Returns:
            Whether this call ended it.

        Raises:
            StoreError: the store was away for ``publish_timeout_seconds``; the same call goes on where it stopped.
        """

    @abstractmethod
    async def async_result(self, timeout: float | None = None) -> R:
        """Like ``get``, without blocking the running loop."""

    @abstractmethod
    def _outcome(self) -> R:
        """The result of one that is final; raises whatever the task raised."""

    @property
    def result(self) -> R:
        """The result, waiting for it as long as it takes; raises whatever the task raised."""
        return self.get()

    def get_final_result(self) -> R:
        """The result of an invocation that is final.

        Raises:
            InvocationError: it is not final.
        """
        if not self.status.is_final():
            raise InvocationError(
                self.invocation_id, f"is {self.status}, not final: use .result to wait for it"
            )
        return self._outcome()

    @property
    def arguments(self) -> Arguments:
        """The values of the call."""
        return self.call.arguments

    @property
    def task_id(self) -> str:
        """``module.function``"""
        return self.call.task_id.key

    def _timed_out(self, timeout: float | None) -> ResultTimeoutError:
        return ResultTimeoutError(
            f"invocation '{self.invocation_id}' of task '{self.task_id}' was not final within {timeout:g} "
            "s; it goes on, and may be waited for again"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseInvocation) and other.invocation_id == self.invocation_id

    def __hash__(self) -> int:
        return hash(self.invocation_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.invocation_id!r})"


class BaseInvocationGroup(ABC, Generic[R]):
    """Several invocations of one task, in the order of their calls."""

    @property
    @abstractmethod
    def invocations(self) -> Sequence[BaseInvocation[R]]:
        """All of them."""

    @property
    @abstractmethod
    def results(self) -> Iterator[R]:
        """The results, each as soon as it is there; raises what a task raised when its turn comes."""

    @abstractmethod
    def async_results(self) -> AsyncIterator[R]:
        """Like ``results``, without blocking the running loop."""

    @abstractmethod
    def get(self, timeout: float | None = None) -> list[R]:
        """Wait for all and return the results in the order of the calls."""

    @property
    def invocation_map(self) -> dict[InvocationId, BaseInvocation[R]]:
        """The invocations by id."""
        return {invocation.invocation_id: invocation for invocation in self.invocations}

    def __iter__(self) -> Iterator[BaseInvocation[R]]:
        return iter(self.invocations)

    def __len__(self) -> int:
        return len(self.invocations)

    def __getitem__(self, index: int) -> Any:
        return self.invocations[index]
