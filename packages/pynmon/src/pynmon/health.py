"""What the checks of health look at, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import LATE_BEATS, Lease, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.thresholds import Thresholds


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    DEGRADED = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Check:
    """What was found."""

    level: Level
    sentence: str
    #: Name of the page that shows more, its query, and which part of it.
    page: str
    query: str = ""
    part: str = ""


class RunnerState(StrEnum):
    """Whether a runner can be counted on."""

    #: It has beaten once, when its process began: nobody knows yet whether it goes on.
    STARTING = "starting"
    ALIVE = "alive"
    LATE = "late"
    DEAD = "dead"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often runners beat, and how long silence may last."""

    interval_seconds: float
    dead_after_seconds: float

    def state_of(self, runner: RunnerRecord, now: float) -> RunnerState:
        """Judged by the store's clock."""
        if runner.stopped_at is not None:
            return RunnerState.STOPPED if runner.stop_reason == "clean" else RunnerState.DEAD
        age = now - runner.last_beat_at
        if age >= self.dead_after_seconds:
            return RunnerState.DEAD
        if self.is_late(age):
            return RunnerState.LATE
        return RunnerState.ALIVE if runner.beats > 1 else RunnerState.STARTING

    def is_late(self, silence_seconds: float) -> bool:
        """Whether a runner that was silent for so long is late."""
        return silence_seconds > LATE_BEATS * self.interval_seconds

    def lives(self, runner: RunnerRecord, now: float) -> bool:
        """Whether it beats, in time or late."""
        return self.state_of(runner, now) not in (RunnerState.DEAD, RunnerState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the checks look at."""

    now: float
    rhythm: Rhythm
    runners: Sequence[RunnerRecord]
    owned: Sequence[InvocationRecord]
    longest_waiting: InvocationRecord | None
    recent: Sequence[Finished]
    #: So long a claim may wait for its start before a living worker hands it back.
    pending_seconds: float
    #: By how much the latest run of each schedule came late.
    lateness: Sequence[float]
    #: How long the cheapest read of the store took.
    answer_seconds: float
    #: By how much the clock of this host is ahead of that of the store.
    clock_seconds: float = 0.0
    #: Who puts right what dead runners leave behind.
    lease: Lease | None = None
    #: How many invocations that are kept rest in each status.
    kept: Mapping[InvocationStatus, int] = field(default_factory=dict)
    #: How much waits of each task that no living runner declares; None where that cannot be told.
    unserved: Mapping[str, int] | None = None
    #: What was handed back and waits to be claimed anew.
    handed_back: Sequence[InvocationRecord] = ()
    #: For how long what ended first is kept, and how long it shall be; None where it shall be kept for good.
    oldest_seconds: float = 0.0
    retention_seconds: float | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def alive(self) -> list[RunnerRecord]:
        """The runners and workers that beat, in time or late."""
        return [one for one in self.runners if self.rhythm.lives(one, self.now)]
