"""Whether somebody has to act: each check is one sentence, with a link to what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.presentation.texts import duration, percent, plural
from pynmon.statistics import figures

#: Older than this the head of the queue is worth a look, or an alarm.
WAITING_SECONDS, WAITING_TOO_LONG_SECONDS = 60.0, 600.0
#: Of at least so many that ended lately, so large a part failed.
FAILING_SHARE, FAILING_AT_LEAST = 0.2, 20


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
    #: Name of the page that shows more, and its query.
    page: str
    query: str = ""


class RunnerState(StrEnum):
    """Whether a runner can be counted on."""

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
        return RunnerState.LATE if age > 3 * self.interval_seconds else RunnerState.ALIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the checks look at."""

    now: float
    rhythm: Rhythm
    runners: Sequence[RunnerRecord]
    owned: Sequence[InvocationRecord]
    longest_waiting: InvocationRecord | None
    recent: Sequence[Finished]


def check(evidence: Evidence) -> list[Check]:
    """Every check, the worst first."""
    return sorted(verdicts(evidence).values(), key=lambda one: -one.level)


def verdicts(evidence: Evidence) -> dict[str, Check]:
    """Every check by its name."""
    return {
        "runners": _runners(evidence),
        "queue": _queue(evidence),
        "owners": _owners(evidence),
        "failures": _failures(evidence),
    }


def _alive(evidence: Evidence) -> list[RunnerRecord]:
    rhythm, now = evidence.rhythm, evidence.now
    return [
        one for one in evidence.runners if rhythm.state_of(one, now) in (RunnerState.ALIVE, RunnerState.LATE)
    ]


def _runners(evidence: Evidence) -> Check:
    alive = _alive(evidence)
    late = [one for one in alive if evidence.rhythm.state_of(one, evidence.now) is RunnerState.LATE]
    if late:
        late_ones = plural(len(late), "runner or worker is", "runners and workers are")
        return Check(Level.DEGRADED, f"{late_ones} late with a heartbeat", "runners")
    if alive:
        hosts = len({one.identity.host for one in alive})
        return Check(
            Level.OK,
            f"{plural(len(alive), 'runner or worker beats', 'runners and workers beat')} in time, "
            f"on {plural(hosts, 'host')}",
            "runners",
        )
    if evidence.longest_waiting is not None:
        return Check(
            Level.CRITICAL, "Work waits and no runner is alive: start one with pynenc runner start", "runners"
        )
    return Check(Level.DEGRADED, "No runner is alive", "runners")


def _queue(evidence: Evidence) -> Check:
    waiting = evidence.longest_waiting
    if waiting is None:
        return Check(Level.OK, "Nothing waits for a runner", "invocations")
    age = evidence.now - waiting.available_at
    level = (
        Level.CRITICAL
        if age > WAITING_TOO_LONG_SECONDS
        else Level.DEGRADED
        if age > WAITING_SECONDS
        else Level.OK
    )
    return Check(
        level,
        f"The next in line has waited {duration(age)}",
        "invocations",
        "status=registered&status=retry&status=rerouted",
    )


def _owners(evidence: Evidence) -> Check:
    gone = {
        one.identity.runner_id
        for one in evidence.runners
        if evidence.rhythm.state_of(one, evidence.now) in (RunnerState.DEAD, RunnerState.STOPPED)
    }
    orphans = [one for one in evidence.owned if one.runner_id in gone]
    if not orphans:
        return Check(
            Level.OK,
            f"{plural(len(evidence.owned), 'invocation is', 'invocations are')} in hand, none with a dead runner",
            "runners",
        )
    return Check(
        Level.CRITICAL,
        f"{plural(len(orphans), 'invocation belongs', 'invocations belong')} to a dead runner: "
        "a living one takes over",
        "invocations",
        "status=running&status=pending",
    )


def _failures(evidence: Evidence) -> Check:
    recent = figures(evidence.recent)
    if recent.total >= FAILING_AT_LEAST and recent.failed > FAILING_SHARE * recent.total:
        return Check(
            Level.DEGRADED,
            f"{percent(recent.failed, recent.total)} of what ended in the last 5 minutes failed",
            "invocations",
            "status=failed",
        )
    if not recent.total:
        return Check(Level.OK, "Nothing ended in the last 5 minutes", "invocations")
    return Check(
        Level.OK,
        f"{percent(recent.failed, recent.total)} of what ended in the last 5 minutes failed",
        "invocations",
        "status=failed",
    )
