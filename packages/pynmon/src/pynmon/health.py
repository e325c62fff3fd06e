"""Whether somebody has to act: each check is one sentence, with a link to what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import LATE_BEATS, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.presentation.texts import duration, percent, plural
from pynmon.statistics import figures

#: Older than this the head of the queue is worth a look, or an alarm.
WAITING_SECONDS, WAITING_TOO_LONG_SECONDS = 60.0, 600.0
#: Later than this a schedule is worth a look, and so is a store that takes longer.
LATE_SECONDS, ANSWER_SECONDS = 60.0, 0.25
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
        return RunnerState.LATE if self.is_late(age) else RunnerState.ALIVE

    def is_late(self, silence_seconds: float) -> bool:
        """Whether a runner that was silent for so long is late."""
        return silence_seconds > LATE_BEATS * self.interval_seconds

    def lives(self, runner: RunnerRecord, now: float) -> bool:
        """Whether it beats, in time or late."""
        return self.state_of(runner, now) in (RunnerState.ALIVE, RunnerState.LATE)


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


def check(evidence: Evidence) -> list[Check]:
    """Every check, the worst first."""
    return sorted(verdicts(evidence).values(), key=lambda one: -one.level)


def verdicts(evidence: Evidence) -> dict[str, Check]:
    """Every check that has something to say, by its name."""
    found = {
        "runners": _runners(evidence),
        "queue": _queue(evidence),
        "owners": _owners(evidence),
        "failures": _failures(evidence),
        "store": _store(evidence),
        "claims": _claims(evidence),
        "schedules": _schedules(evidence),
    }
    return {name: one for name, one in found.items() if one is not None}


def _alive(evidence: Evidence) -> list[RunnerRecord]:
    return [one for one in evidence.runners if evidence.rhythm.lives(one, evidence.now)]


def _runners(evidence: Evidence) -> Check:
    alive = _alive(evidence)
    draining = {one.identity.runner_id for one in alive if one.drains}
    if alive and all({one.identity.runner_id, one.identity.parent_id} & draining for one in alive):
        level = Level.DEGRADED if evidence.longest_waiting is None else Level.CRITICAL
        return Check(level, "Every runner that is alive takes nothing more: start another one", "runners")
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


def _claims(evidence: Evidence) -> Check | None:
    """What was claimed and is not begun; nothing to say while there is none."""
    limit = evidence.now - evidence.pending_seconds
    stuck = [
        one
        for one in evidence.owned
        if one.status is InvocationStatus.PENDING and one.pending_at is not None and one.pending_at < limit
    ]
    if not stuck:
        return None
    claimed = plural(len(stuck), "invocation is", "invocations are")
    sentence = f"{claimed} claimed for more than {duration(evidence.pending_seconds)} and not begun"
    return Check(Level.DEGRADED, sentence, "invocations", "status=pending")


def _schedules(evidence: Evidence) -> Check | None:
    """Nothing to say while no schedule has run."""
    if not evidence.lateness:
        return None
    late = [seconds for seconds in evidence.lateness if seconds > LATE_SECONDS]
    if late:
        came = plural(len(late), "schedule")
        return Check(
            Level.DEGRADED, f"{came} ran late last time, by up to {duration(max(late))}", "schedules"
        )
    return Check(Level.OK, f"{plural(len(evidence.lateness), 'schedule')} ran in time", "schedules")


def _store(evidence: Evidence) -> Check:
    seconds = evidence.answer_seconds
    level = Level.DEGRADED if seconds > ANSWER_SECONDS else Level.OK
    return Check(level, f"The store answers within {duration(seconds)}", "system")
