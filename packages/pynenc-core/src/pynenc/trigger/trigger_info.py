"""TriggerInfo: one trigger, as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pynenc.trigger.schedule import make_schedule
from pynenc.values.triggers import Occurrence


class Waiting(NamedTuple):
    """Something that happened, and waits for what else a trigger needs."""

    occurrence: Occurrence
    #: Which of the conditions it satisfies.
    condition: int
    #: Only what has the same one is combined: the invocation that all of it is about, or nothing.
    key: str
    #: Seconds since 1970 by the store's clock.
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerInfo:
    """One trigger, as it is shown."""

    trigger_id: str
    task_id: str
    #: What it reacts to.
    text: str
    #: The same of each of its conditions; none where an earlier version declared it.
    conditions: tuple[str, ...] = ()
    #: Whether a living runner has it; otherwise it waits for one.
    in_force: bool
    #: Whether the version in force is that of this process's code.
    same_version: bool
    paused: bool
    #: Cron expressions and their time zones, as it has them where it is in force, or else in this process's code.
    schedules: tuple[tuple[str, str], ...] = ()
    #: The living runner whose version is in force, if there is one.
    runner_id: str | None = None

    def next_times(self, after: float, count: int = 5) -> list[float]:
        """When its schedules are due behind an instant: seconds since 1970, without jitter; none without schedules.

        Raises:
            InvalidScheduleError: this machine does not know a time zone of them.
        """
        times: set[float] = set()
        for expression, zone in self.schedules:
            times.update(islice(make_schedule(expression, zone).after(after), count))
        return sorted(times)[:count]
