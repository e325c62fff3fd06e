"""What lists say about one runner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pynenc.values.monitor import Finished
from pynenc.values.notes import KnownCode, Period, RunnerNotes
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.beats import Strip, silences_of, strip_of
from pynmon.health import RunnerState
from pynmon.source import Source
from pynmon.work import Work, runs_of, work_of

#: Rates are of the last five minutes.
LATELY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """One line of a table."""

    runner: RunnerRecord
    state: RunnerState
    #: 0 for a runner or supervisor, 1 for a worker below it.
    depth: int
    #: Invocations that it owns now.
    owned: int
    #: Seconds between heartbeats, as they came; None of one beat.
    interval: float | None
    silences: Sequence[Period]
    strip: Strip
    work: Work
    #: None of a worker, and of one that has not said it.
    code: KnownCode | None


def rows_of(
    source: Source,
    runners: Sequence[RunnerRecord],
    finished: Sequence[Finished],
    owned: Sequence[InvocationRecord],
    now: float,
) -> list[RunnerRow]:
    """One for each, in their order.

    Args:
        source: Knows what runners wrote down about themselves.
        runners: Supervisors with the workers below them.
        finished: What ended within five minutes or longer, latest first.
        owned: What is in their hands.
        now: By the store's clock.
    """
    is_cut = len(finished) == source.settings.sample_limit
    since = max(now - LATELY_SECONDS, finished[-1].ended_at if is_cut else 0.0)
    lately = [row for row in finished if row.ended_at >= since]
    work = work_of(runners, lately, runs_of(lately, owned, now), since, now)
    counts = Counter(one.runner_id for one in owned)
    notes = source.notes()
    rows = []
    for one in runners:
        silences = silences_of(one, _gaps(notes, one), source.rhythm, now)
        rows.append(
            RunnerRow(
                one,
                source.rhythm.state_of(one, now),
                int(one.identity.parent_id is not None),
                counts[one.identity.runner_id],
                (one.last_beat_at - one.started_at) / (one.beats - 1) if one.beats > 1 else None,
                silences,
                strip_of(one, silences, now),
                work[one.identity.runner_id],
                notes.get(one.identity.runner_id, RunnerNotes()).code,
            )
        )
    return rows


def below_their_parents(rows: Sequence[RunnerRow]) -> list[RunnerRow]:
    """Each supervisor before the workers below it."""
    known = {row.runner.identity.runner_id for row in rows}
    below: dict[str | None, list[RunnerRow]] = {}
    for row in rows:
        parent = row.runner.identity.parent_id
        below.setdefault(parent if parent in known else None, []).append(row)
    ordered = []
    for row in below.get(None, []):
        ordered += [row, *below.get(row.runner.identity.runner_id, [])]
    return ordered


def _gaps(notes: Mapping[str, RunnerNotes], one: RunnerRecord) -> Sequence[Period]:
    # One write says that a supervisor and its workers live.
    return notes.get(one.identity.parent_id or one.identity.runner_id, RunnerNotes()).gaps
