"""What runs by itself, as people ask for it: whether it reacts, when next, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pynenc.exceptions import TriggerError
from pynenc.trigger.trigger_info import TriggerInfo
from pynenc.values.triggers import TriggerRun


class TriggerState(StrEnum):
    """Whether a trigger reacts."""

    IN_FORCE = "in force"
    PAUSED = "paused"
    #: What happens is kept for a runner that has it.
    WAITING = "no runner has it"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One trigger, with what became of it."""

    trigger: TriggerInfo
    state: TriggerState
    #: Due next; None without a schedule, or while it does not react.
    next_at: float | None
    latest: TriggerRun | None
    #: Of the runs that were looked at: those of this trigger, and how many of them failed.
    runs: int
    failed: int


def state_of(trigger: TriggerInfo) -> TriggerState:
    """In the words of ``pynenc trigger list``."""
    if trigger.paused:
        return TriggerState.PAUSED
    return TriggerState.IN_FORCE if trigger.in_force else TriggerState.WAITING


def next_times(trigger: TriggerInfo, now: float, count: int) -> list[float]:
    """When it is due; none without a schedule, or where this machine does not know its time zone."""
    try:
        return trigger.next_times(now, count)
    except TriggerError:
        return []


def schedules_of(triggers: Sequence[TriggerInfo], runs: Sequence[TriggerRun], now: float) -> list[Schedule]:
    """Every trigger; what is due next comes first, what has no schedule last."""
    by_trigger: dict[str, list[TriggerRun]] = {}
    for run in runs:
        by_trigger.setdefault(run.trigger_id, []).append(run)
    schedules = [_schedule(trigger, by_trigger.get(trigger.trigger_id, []), now) for trigger in triggers]
    return sorted(schedules, key=_rank)


def last_line(error: str) -> str:
    """What an exception said, without its traceback."""
    lines = error.strip().splitlines()
    return lines[-1] if lines else ""


def _schedule(trigger: TriggerInfo, runs: Sequence[TriggerRun], now: float) -> Schedule:
    state = state_of(trigger)
    times = next_times(trigger, now, 1) if state is TriggerState.IN_FORCE else []
    failed = sum(bool(run.error) for run in runs)
    return Schedule(trigger, state, next(iter(times), None), next(iter(runs), None), len(runs), failed)


def _rank(schedule: Schedule) -> tuple[bool, float, str]:
    return schedule.next_at is None, schedule.next_at or 0.0, schedule.trigger.trigger_id
