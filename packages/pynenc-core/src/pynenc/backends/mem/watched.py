"""Which statuses of which tasks are watched, where every change of a status passes by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus

#: Called with an invocation, the seq of the entry, and its time.
OnEntered = Callable[[InvocationId, int, float], None]


class TaskCounts(dict[InvocationStatus, int]):
    """How many invocations of a task rest in each status; and what to call when one enters one."""

    __slots__ = ("on_entered",)

    def __init__(self) -> None:
        super().__init__()
        #: By status. None, which is tested quickly, while no status of the task is watched.
        self.on_entered: Mapping[InvocationStatus, OnEntered] | None = None


class Watched:
    """Watched statuses by task, each with the time of its last renewal."""

    def __init__(self) -> None:
        self._renewed: dict[tuple[str, InvocationStatus], float] = {}

    def renew(
        self, watched: Mapping[str, frozenset[InvocationStatus]], now: float, forget_seconds: float
    ) -> set[str]:
        """Add statuses, and forget old ones; returns the tasks for which something may have changed."""
        for task_id, statuses in watched.items():
            for status in statuses:
                self._renewed[task_id, status] = now
        old = [key for key, at in self._renewed.items() if at <= now - forget_seconds]
        for key in old:
            del self._renewed[key]
        return set(watched) | {task_id for task_id, _ in old}

    def of(self, task_id: str) -> list[InvocationStatus]:
        """The watched statuses of a task."""
        return [status for task, status in self._renewed if task == task_id]
