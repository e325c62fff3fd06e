"""A time comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from pynenc.exceptions import TriggerError
from pynenc.trigger.conditions.base import ConditionContext, Spec, TriggerCondition
from pynenc.trigger.schedule import Schedule, make_schedule

E = TypeVar("E", bound=StrEnum)


class Misfire(StrEnum):
    """What becomes of times at which no runner was there."""

    #: Nothing.
    SKIP = "skip"
    #: One run, for the latest of them.
    ONCE = "once"
    #: A run for each, for the latest ``max_missed`` of them.
    ALL = "all"


class Overlap(StrEnum):
    """What happens at a time when the run before has not ended."""

    #: Another run.
    ALLOW = "allow"
    #: No run.
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class CronContext(ConditionContext):
    """A time came."""

    #: Seconds since 1970: the time as scheduled, not that of the run.
    timestamp: float
    #: The scheduled time before it that was dealt with, or when the schedule was first seen.
    last_execution: float | None = None


@dataclass(eq=False)
class CronCondition(TriggerCondition):
    """The times of a cron expression.

    Args:
        cron_expression: Five fields, or six with seconds first.
        timezone: IANA name of the zone whose clocks it is about.
        misfire: What becomes of times that were missed.
        max_missed: With ``ALL`` at most so many.
        misfire_grace_seconds: A run so much late is not a missed one, and always made.
        overlap: What happens while the run before has not ended.
        jitter_seconds: Each run is up to so much later, by an amount that all runners agree about.

    Raises:
        InvalidScheduleError: the expression or the zone is wrong.
        TriggerError: another value is.
    """

    kind = "cron"

    cron_expression: str
    timezone: str = "UTC"
    misfire: Misfire | str = Misfire.ONCE
    max_missed: int = 100
    misfire_grace_seconds: float = 60.0
    overlap: Overlap | str = Overlap.ALLOW
    jitter_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.schedule: Schedule = make_schedule(self.cron_expression, self.timezone)
        self.cron_expression = self.schedule.expression
        self.misfire = _choice(Misfire, self.misfire, "misfire")
        self.overlap = _choice(Overlap, self.overlap, "overlap")
        _require_between("max_missed", self.max_missed, 1, 10_000)
        _require_between("misfire_grace_seconds", self.misfire_grace_seconds, 1, 3600)
        _require_between("jitter_seconds", self.jitter_seconds, 0, 86_400)

    @property
    def schedule_key(self) -> str:
        """What names the cursor: another expression or zone begins anew."""
        return f"{self.cron_expression} {self.timezone}"

    @property
    def spec(self) -> Spec:
        """Everything."""
        return {
            "kind": self.kind,
            "cron": self.cron_expression,
            "zone": self.timezone,
            "misfire": [str(self.misfire), self.max_missed, self.misfire_grace_seconds],
            "overlap": str(self.overlap),
            "jitter": self.jitter_seconds,
        }

    def __str__(self) -> str:
        return f"cron '{self.cron_expression}' {self.timezone}"


def _require_between(name: str, value: float, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise TriggerError(f"{name} is a number between {least:g} and {most:g}, not {value!r}")


def _choice(choices: type[E], given: E | str, name: str) -> E:
    try:
        return choices(str(given).lower())
    except ValueError:
        raise TriggerError(f"{name} is one of {', '.join(choices)}, not {given!r}") from None
