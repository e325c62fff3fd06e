"""Whether somebody has to act: each check is one sentence, with a link to what it is about."""

from __future__ import annotations

from pynenc.values.status import InvocationStatus
from pynmon.health import Check, Evidence, Level, RunnerState
from pynmon.presentation.texts import duration, percent, plural
from pynmon.statistics import figures


def check(evidence: Evidence) -> dict[str, Check]:
    """Every check that has something to say, by its name, the worst first."""
    found = {
        "runners": _runners(evidence),
        "unserved": _unserved(evidence),
        "queue": _queue(evidence),
        "owners": _owners(evidence),
        "failures": _failures(evidence),
        "store": _store(evidence),
        "claims": _claims(evidence),
        "returns": _returns(evidence),
        "schedules": _schedules(evidence),
        "sweeper": _sweeper(evidence),
        "clock": _clock(evidence),
        "retention": _retention(evidence),
    }
    said = [(name, one) for name, one in found.items() if one is not None]
    return dict(sorted(said, key=lambda one: -one[1].level))


def _runners(evidence: Evidence) -> Check:
    alive = evidence.alive
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


def _unserved(evidence: Evidence) -> Check | None:
    """Nothing to say while no runner lives, or one has not said yet what it has."""
    if evidence.unserved is None:
        return None
    if not evidence.unserved:
        return Check(Level.OK, "Runners that live declare the tasks of all that waits", "queues")
    waiting = sorted(evidence.unserved.items(), key=lambda one: -one[1])
    task, others = waiting[0][0], len(waiting) - 1
    waits = plural(sum(number for _, number in waiting), "invocation waits", "invocations wait")
    of = f"{task} and {plural(others, 'other task')}" if others else task
    return Check(Level.DEGRADED, f"{waits} of {of}, which no runner that lives declares", "queues")


def _queue(evidence: Evidence) -> Check:
    waiting = evidence.longest_waiting
    if waiting is None:
        return Check(Level.OK, "Nothing waits for a runner", "invocations")
    age = evidence.now - waiting.available_at
    level = (
        Level.CRITICAL
        if age > evidence.thresholds.waiting_too_long_seconds
        else Level.DEGRADED
        if age > evidence.thresholds.waiting_seconds
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
    recent, limits = figures(evidence.recent), evidence.thresholds
    if not recent.total:
        return Check(Level.OK, "Nothing ended in the last 5 minutes", "invocations")
    sentence = f"{percent(recent.failed, recent.total)} of what ended in the last 5 minutes failed"
    ended = sum(n for status, n in evidence.kept.items() if status.is_final())
    failed = evidence.kept.get(InvocationStatus.FAILED, 0)
    share, level = recent.failed / recent.total, Level.OK
    if recent.total >= limits.failing_at_least:
        if share > limits.failing_share:
            level = Level.DEGRADED
        elif ended > recent.total and share > limits.failing_times * failed / ended:
            level = Level.DEGRADED
            sentence += f", and {percent(failed, ended)} of all that is kept"
    return Check(level, sentence, "invocations", "status=failed")


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


def _returns(evidence: Evidence) -> Check | None:
    """Nothing to say while nothing goes round in circles."""
    waiting = [] if evidence.longest_waiting is None else [evidence.longest_waiting]
    most = evidence.thresholds.handed_back
    seen = {
        one.invocation_id: one
        for one in (*evidence.handed_back, *evidence.owned, *waiting)
        if one.reroutes > most
    }
    if not seen:
        return None
    worst = max(seen.values(), key=lambda one: one.reroutes)
    sentence = f"{plural(len(seen), 'invocation was', 'invocations were')} handed back more than {most} times"
    return Check(Level.DEGRADED, f"{sentence}, one of {worst.task_id} {worst.reroutes} times", "queues")


def _schedules(evidence: Evidence) -> Check | None:
    """Nothing to say while no schedule has run."""
    if not evidence.lateness:
        return None
    late = [seconds for seconds in evidence.lateness if seconds > evidence.thresholds.late_seconds]
    if late:
        came = plural(len(late), "schedule")
        return Check(
            Level.DEGRADED, f"{came} ran late last time, by up to {duration(max(late))}", "schedules"
        )
    return Check(Level.OK, f"{plural(len(evidence.lateness), 'schedule')} ran in time", "schedules")


def _store(evidence: Evidence) -> Check:
    seconds = evidence.answer_seconds
    level = Level.DEGRADED if seconds > evidence.thresholds.answer_seconds else Level.OK
    return Check(level, f"The store answers within {duration(seconds)}", "system")


def _sweeper(evidence: Evidence) -> Check | None:
    """Nothing to say while no runner lives that could do it."""
    if not evidence.alive:
        return None
    if evidence.lease is None or evidence.lease.until <= evidence.now:
        return Check(
            Level.DEGRADED,
            "No runner puts right what dead ones leave behind, though one lives",
            "runners",
            part="leader",
        )
    return Check(Level.OK, "A runner puts right what dead ones leave behind", "runners", part="leader")


def _clock(evidence: Evidence) -> Check:
    seconds = abs(evidence.clock_seconds)
    if seconds <= evidence.thresholds.clock_seconds:
        return Check(
            Level.OK, f"The clocks of this host and of the store are {duration(seconds)} apart", "system"
        )
    side = "ahead of" if evidence.clock_seconds > 0 else "behind"
    return Check(
        Level.DEGRADED,
        f"The clock of this host is {duration(seconds)} {side} that of the store, by which every instant is told",
        "system",
    )


def _retention(evidence: Evidence) -> Check | None:
    """Nothing to say where everything is kept."""
    if evidence.retention_seconds is None:
        return None
    kept = f"What ended is kept for {duration(evidence.retention_seconds)}"
    if evidence.oldest_seconds > evidence.retention_seconds + evidence.thresholds.overdue_seconds:
        sentence = f"{kept} by its settings, and some of it for {duration(evidence.oldest_seconds)}"
        return Check(Level.DEGRADED, sentence, "system")
    return Check(Level.OK, kept, "system")
