"""Whether work flows: how much waits, since when, and how fast it goes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pynenc.values.monitor import Finished, RecordPage
from pynenc.values.notes import KnownCode
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.health import Level
from pynmon.presentation.texts import duration, number, plural
from pynmon.source import Counts
from pynmon.thresholds import Thresholds

_S = InvocationStatus
#: What a runner may claim now or later.
WAITING = (_S.REGISTERED, _S.REROUTED, _S.RETRY)
IN_HAND = (_S.PENDING, _S.RUNNING, _S.RESUMED)


#: Rates are of so many seconds, or of as many as everything that was looked at reaches back.
LATELY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Rates:
    """How many in a minute, by task; all of the same time."""

    seconds: float
    registered: Mapping[str, float]
    #: Begun for the last time: what was begun again counts once.
    started: Mapping[str, float]
    ended: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TaskQueue:
    """What waits of one task."""

    task_id: str
    waiting: int
    #: Behind a concurrency limit.
    blocked: int
    in_hand: int
    #: In a minute, lately.
    registered: float
    started: float
    ended: float
    #: How many runners declare it; None where none said what it has.
    runners: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """All tasks together."""

    waiting: Mapping[InvocationStatus, int]
    blocked: int
    in_hand: int
    #: In a minute, of so many seconds.
    registered: float
    started: float
    ended: float
    seconds: float
    tasks: Sequence[TaskQueue]

    @property
    def depth(self) -> int:
        """Everything that waits for a runner."""
        return sum(self.waiting.values())

    @property
    def growth(self) -> float:
        """By how much more begins to wait than goes on, in a minute; negative while it becomes less."""
        return self.registered - self.started

    @property
    def drain_seconds(self) -> float | None:
        """How long it takes at these rates until nothing waits; None while that does not come nearer."""
        return 60 * self.depth / -self.growth if self.depth and self.growth < 0 else None


def rates_of(
    newest: RecordPage,
    finished: Sequence[Finished],
    is_cut: bool,
    owned: Iterable[InvocationRecord],
    now: float,
) -> Rates:
    """Of what was registered last, what ended lately, and what is in hand.

    Args:
        newest: The newest first.
        finished: What ended lately, latest first.
        is_cut: Whether more ended within the time that rates are of.
        owned: In the hands of runners.
        now: By the store's clock.
    """
    since = now - LATELY_SECONDS
    if newest.next is not None and newest.records:
        since = max(since, newest.records[-1].created_at)
    if is_cut:
        since = max(since, finished[-1].ended_at)
    begun = [(row.task_id, row.started_at) for row in finished]
    begun += [(one.task_id, one.started_at) for one in owned]
    # All of it may have come at once.
    seconds = max(now - since, 0.001)
    return Rates(
        seconds,
        _per_minute((one.task_id for one in newest.records if one.created_at >= since), seconds),
        _per_minute((task_id for task_id, at in begun if at is not None and at >= since), seconds),
        _per_minute((row.task_id for row in finished if row.ended_at >= since), seconds),
    )


def _per_minute(task_ids: Iterable[str], seconds: float) -> dict[str, float]:
    return {task_id: 60 * n / seconds for task_id, n in Counter(task_ids).items()}


def flow_of(counts: Counts, rates: Rates, code: Mapping[str, KnownCode]) -> Flow:
    """Of what rests where, how fast that changes, and who is there for it.

    Args:
        counts: By task and status.
        rates: By task.
        code: What runners have, by their ids.
    """
    tasks = [
        TaskQueue(
            task_id,
            sum(by_status.get(status, 0) for status in WAITING),
            by_status.get(_S.CONCURRENCY_CONTROLLED, 0),
            sum(by_status.get(status, 0) for status in IN_HAND),
            rates.registered.get(task_id, 0.0),
            rates.started.get(task_id, 0.0),
            rates.ended.get(task_id, 0.0),
            sum(task_id in one.tasks for one in code.values()) if code else None,
        )
        for task_id, by_status in counts.items()
    ]
    busy = [one for one in tasks if one.waiting or one.blocked or one.in_hand or one.registered or one.ended]
    return Flow(
        {status: sum(by_status.get(status, 0) for by_status in counts.values()) for status in WAITING},
        sum(one.blocked for one in tasks),
        sum(one.in_hand for one in tasks),
        sum(rates.registered.values()),
        sum(rates.started.values()),
        sum(rates.ended.values()),
        rates.seconds,
        sorted(busy, key=lambda one: (-one.waiting, -one.in_hand, -one.ended, one.task_id)),
    )


def verdict(
    flow: Flow, alive: int, longest: InvocationRecord | None, now: float, limits: Thresholds
) -> tuple[Level, str]:
    """One sentence about it.

    Args:
        flow: What waits.
        alive: Runners and workers that beat.
        longest: What could have been claimed for longest, if anything can.
        now: By the store's clock.
        limits: From when on a wait is long.
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
        if age > limits.waiting_too_long_seconds
        else Level.DEGRADED
        if age > limits.waiting_seconds
        else Level.OK
    )
    return level, f"The next in line has waited {duration(age)}"
