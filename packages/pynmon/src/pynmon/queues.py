"""Whether work flows: how much waits, since when, and how fast it goes away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.health import WAITING_SECONDS, WAITING_TOO_LONG_SECONDS, Level
from pynmon.presentation.texts import duration, number, plural
from pynmon.source import Counts

_S = InvocationStatus
#: What a runner may claim now or later.
WAITING = (_S.REGISTERED, _S.REROUTED, _S.RETRY)
IN_HAND = (_S.PENDING, _S.RUNNING, _S.RESUMED)


@dataclass(frozen=True, slots=True)
class TaskQueue:
    """What waits of one task."""

    task_id: str
    waiting: int
    #: Behind a concurrency limit.
    blocked: int
    in_hand: int
    #: What ended of it per minute, lately.
    per_minute: float


@dataclass(frozen=True, slots=True)
class Flow:
    """All tasks together."""

    waiting: Mapping[InvocationStatus, int]
    blocked: int
    in_hand: int
    per_minute: float
    tasks: Sequence[TaskQueue]

    @property
    def depth(self) -> int:
        """Everything that waits for a runner."""
        return sum(self.waiting.values())

    @property
    def drain_seconds(self) -> float | None:
        """How long it takes at this rate until nothing waits, if nothing is added."""
        return 60 * self.depth / self.per_minute if self.depth and self.per_minute else None


def flow_of(counts: Counts, ended: Sequence[Finished], seconds: float) -> Flow:
    """Of what rests where and of what ended lately.

    Args:
        counts: By task and status.
        ended: What ended within the last so many seconds.
        seconds: So many.
    """
    minutes = max(seconds, 1.0) / 60
    by_task: dict[str, int] = {}
    for row in ended:
        by_task[row.task_id] = by_task.get(row.task_id, 0) + 1
    tasks = [
        TaskQueue(
            task_id,
            sum(by_status.get(status, 0) for status in WAITING),
            by_status.get(_S.CONCURRENCY_CONTROLLED, 0),
            sum(by_status.get(status, 0) for status in IN_HAND),
            by_task.get(task_id, 0) / minutes,
        )
        for task_id, by_status in counts.items()
    ]
    busy = [one for one in tasks if one.waiting or one.blocked or one.in_hand]
    return Flow(
        {status: sum(by_status.get(status, 0) for by_status in counts.values()) for status in WAITING},
        sum(one.blocked for one in tasks),
        sum(one.in_hand for one in tasks),
        len(ended) / minutes,
        sorted(busy, key=lambda one: (-one.waiting, -one.in_hand, one.task_id)),
    )


def verdict(flow: Flow, alive: int, longest: InvocationRecord | None, now: float) -> tuple[Level, str]:
    """One sentence about it.

    Args:
        flow: What waits.
        alive: Runners and workers that beat.
        longest: What could have been claimed for longest, if anything can.
        now: By the store's clock.
    """
    if longest is None:
        delayed = f"; {number(flow.depth)} wait for their time" if flow.depth else ""
        return Level.OK, f"Nothing waits for a runner{delayed}"
    age = now - longest.available_at
    if not alive:
        return (
            Level.CRITICAL,
            f"{plural(flow.depth, 'invocation waits', 'invocations wait')} and no runner is alive",
        )
    level = (
        Level.CRITICAL
        if age > WAITING_TOO_LONG_SECONDS
        else Level.DEGRADED
        if age > WAITING_SECONDS
        else Level.OK
    )
    return level, f"The next in line has waited {duration(age)}"
