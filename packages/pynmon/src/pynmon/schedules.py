"""What runs by itself, as people ask for it: whether it reacts, when next, and what became of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from pynenc.exceptions import TriggerError
from pynenc.trigger.trigger_info import TriggerInfo, Waiting
from pynenc.values.triggers import TriggerRun
from pynmon.charts import Bars, bars_of
from pynmon.timeline.window import instant_of

#: The day is drawn in quarters of an hour. Of what is due more often than every five minutes that would show nothing.
_PARTS, _PART_SECONDS, _MOST_TICKS = 96, 900.0, 288
#: Of what was missed so many times are looked at, but for those that a runner may still be about to make.
_MOST_MISSED, _GRACE_SECONDS = 1000, 120.0
#: Hours of which the list shows what became of runs.
_HOURS = 24


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
    #: Seconds by which the latest run came behind its time; None without a schedule.
    late: float | None
    #: Of the runs that were looked at: those of this trigger, and how many of them failed.
    runs: int
    failed: int
    #: By hours of the last day; None when it had none in it.
    trend: Bars | None


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


@dataclass(frozen=True, slots=True)
class Due:
    """One time at which a trigger is due."""

    at: float
    #: By the clocks of its time zones.
    walls: tuple[datetime, ...]
    #: Whether any of these clocks was moved since the time before.
    is_moved: bool


def zones_of(trigger: TriggerInfo) -> list[str]:
    """The time zones that its schedules are written in, besides UTC."""
    return sorted({zone for _, zone in trigger.schedules} - {"UTC"})


def dues_of(trigger: TriggerInfo, now: float, count: int) -> list[Due]:
    """When it is due next, as whoever wrote its schedules reads it; none where ``next_times`` has none."""
    zones = (
        [ZoneInfo(zone) for zone in zones_of(trigger)] if (times := next_times(trigger, now, count)) else []
    )
    found: list[Due] = []
    for at in times:
        walls = tuple(datetime.fromtimestamp(at, zone) for zone in zones)
        before = found[-1].walls if found else walls
        is_moved = any(one.utcoffset() != other.utcoffset() for one, other in zip(walls, before, strict=True))
        found.append(Due(at, walls, is_moved))
    return found


def schedules_of(triggers: Sequence[TriggerInfo], runs: Sequence[TriggerRun], now: float) -> list[Schedule]:
    """Every trigger; what is due next comes first, what has no schedule last."""
    by_trigger: dict[str, list[TriggerRun]] = {}
    for run in runs:
        by_trigger.setdefault(run.trigger_id, []).append(run)
    schedules = [_schedule(trigger, by_trigger.get(trigger.trigger_id, []), now) for trigger in triggers]
    return sorted(schedules, key=_rank)


def lateness_of(trigger: TriggerInfo, run: TriggerRun) -> float | None:
    """Seconds by which a run came behind its time, its jitter among them; None without a schedule."""
    tick = _tick_of(run) if trigger.schedules else None
    return None if tick is None else run.at - tick


def _tick_of(run: TriggerRun) -> float | None:
    """The time for which it was made; None when that was something else that happened."""
    if not run.occurrence_ids:
        return None
    try:
        tick = datetime.fromisoformat(run.occurrence_ids[0])
    except ValueError:
        return None
    return tick.timestamp() if tick.tzinfo else None


#: A trial begins between 1970 and so many seconds from now, and so many times can be asked for.
MOST_AHEAD_SECONDS, COUNTS = 10 * 366 * 86_400.0, (5, 10, 25, 50)


def trial_of(trigger: TriggerInfo, after: str, count: int, now: float) -> list[Due]:
    """When it would be due behind an instant.

    Args:
        trigger: Is not asked to do anything.
        after: In ISO 8601, in UTC where it names no time zone; empty for now.
        count: How many times.
        now: By the store's clock.

    Raises:
        ValueError: what is asked for is no instant, one that is too far away, or too much.
    """
    begin = instant_of(after) if after else now
    if not 0 <= begin <= now + MOST_AHEAD_SECONDS:
        raise ValueError(f"{after!r} is before 1970, or more than ten years ahead")
    if count not in COUNTS:
        raise ValueError(f"so many times are not shown: choose one of {', '.join(map(str, COUNTS))}")
    return dues_of(trigger, begin, count)


@dataclass(frozen=True, slots=True)
class Missed:
    """Times at which a trigger was due, and nothing was made of them."""

    #: Latest first.
    times: tuple[float, ...]
    #: Of the times that were looked at, which begin here.
    since: float
    #: Whether it was due more often since then than was looked at.
    is_cut: bool


def missed_of(trigger: TriggerInfo, runs: Sequence[TriggerRun], now: float) -> Missed | None:
    """What is missing among runs that are known; None where that cannot be told.

    Args:
        trigger: Of one that waits for something else, too, a time without a run is nothing special.
        runs: Its latest ones, newest first. What was before the oldest of them is unknown.
        now: What is due just now may come yet.
    """
    made = {tick for run in runs if (tick := _tick_of(run)) is not None}
    is_only_timed = trigger.text == " OR ".join(f"cron '{cron}' {zone}" for cron, zone in trigger.schedules)
    if not made or not is_only_timed:
        return None
    since = min(made)
    times = next_times(trigger, since, _MOST_MISSED)
    due = [at for at in times if at < now - _GRACE_SECONDS]
    missed = tuple(at for at in reversed(due) if at not in made)
    return Missed(missed, since, is_cut=len(due) == _MOST_MISSED)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """One run of which something has happened, and something not yet."""

    #: Of each condition that is satisfied what waits longest, and how much waits.
    happened: tuple[tuple[str, Waiting, int], ...]
    missing: tuple[str, ...]
    since: float


def needs_all(trigger: TriggerInfo) -> bool:
    """Whether a run needs several things to happen."""
    return len(trigger.conditions) > 1 and trigger.text == " and ".join(trigger.conditions)


def incomplete_of(trigger: TriggerInfo, halves: Sequence[Waiting]) -> list[Incomplete]:
    """What waits for other things, the youngest first.

    Args:
        trigger: Needs all of its conditions.
        halves: What waits, newest first.
    """
    by_key: dict[str, dict[int, list[Waiting]]] = {}
    for one in halves:
        by_key.setdefault(one.key, {}).setdefault(one.condition, []).append(one)
    found = []
    for by_condition in by_key.values():
        happened = tuple(
            (trigger.conditions[at], waiting[-1], len(waiting))
            for at, waiting in sorted(by_condition.items())
            if at < len(trigger.conditions)
        )
        missing = tuple(text for at, text in enumerate(trigger.conditions) if at not in by_condition)
        if happened and missing:
            found.append(Incomplete(happened, missing, min(one.since for _, one, _ in happened)))
    return sorted(found, key=lambda one: -one.since)


@dataclass(frozen=True, slots=True)
class Day:
    """When schedules are due within 24 hours."""

    bars: Bars
    begin: float
    ticks: int
    #: Triggers that are due so often that they are not drawn.
    left_out: int


def day_of(schedules: Sequence[Schedule], now: float) -> Day | None:
    """What is due from this quarter of an hour on; None when nothing has a schedule."""
    timed = [one.trigger for one in schedules if one.next_at is not None]
    if not timed:
        return None
    begin = now // _PART_SECONDS * _PART_SECONDS
    counts = [0] * _PARTS
    left_out = 0
    for trigger in timed:
        ticks = _ticks(trigger, begin)
        if len(ticks) > _MOST_TICKS:
            left_out += 1
            continue
        for tick in ticks:
            counts[int((tick - begin) // _PART_SECONDS)] += 1
    columns = [(begin + at * _PART_SECONDS, (("st-running", n),)) for at, n in enumerate(counts)]
    return Day(bars_of(columns), begin, sum(counts), left_out)


@lru_cache(maxsize=1000)
def _ticks(trigger: TriggerInfo, begin: float) -> tuple[float, ...]:
    """Within 24 hours; one more than are drawn at most. The same for a quarter of an hour, and not cheap."""
    times = next_times(trigger, math.nextafter(begin, 0.0), _MOST_TICKS + 1)
    return tuple(at for at in times if at < begin + _PARTS * _PART_SECONDS)


def last_line(error: str) -> str:
    """What an exception said, without its traceback."""
    lines = error.strip().splitlines()
    return lines[-1] if lines else ""


def _schedule(trigger: TriggerInfo, runs: Sequence[TriggerRun], now: float) -> Schedule:
    state = state_of(trigger)
    times = next_times(trigger, now, 1) if state is TriggerState.IN_FORCE else []
    failed = sum(bool(run.error) for run in runs)
    latest = next(iter(runs), None)
    late = lateness_of(trigger, latest) if latest else None
    trend = _trend(runs, now)
    return Schedule(trigger, state, next(iter(times), None), latest, late, len(runs), failed, trend)


def _trend(runs: Sequence[TriggerRun], now: float) -> Bars | None:
    since = now - 3600.0 * _HOURS
    counts = Counter(
        (min(_HOURS - 1, int((run.at - since) // 3600.0)), bool(run.error)) for run in runs if run.at >= since
    )
    hours = [
        (since + 3600.0 * at, (("st-running", counts[at, False]), ("st-failed", counts[at, True])))
        for at in range(_HOURS)
    ]
    return bars_of(hours) if counts else None


def _rank(schedule: Schedule) -> tuple[bool, float, str]:
    return schedule.next_at is None, schedule.next_at or 0.0, schedule.trigger.trigger_id
