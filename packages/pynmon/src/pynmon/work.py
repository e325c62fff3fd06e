"""What runners did lately: what ended, and how much of the time their slots were in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus

#: By runner: when the last attempts of invocations began and ended.
Runs = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Work:
    """What one runner did, or the workers below it together."""

    ended: int
    failed: int
    #: Of the time of its slots; None of one that has none.
    used: float | None
    seconds: float

    @property
    def per_minute(self) -> float:
        """What ended in a minute."""
        return 60 * self.ended / self.seconds


def runs_of(finished: Iterable[Finished], owned: Iterable[InvocationRecord], now: float) -> Runs:
    """Of what ended, and of what runs until now."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in finished:
        if row.started_at is not None and row.runner_id is not None:
            found.setdefault(row.runner_id, []).append((row.started_at, row.ended_at))
    for one in owned:
        if (
            one.status is InvocationStatus.RUNNING
            and one.started_at is not None
            and one.runner_id is not None
        ):
            found.setdefault(str(one.runner_id), []).append((one.started_at, now))
    return found


def used_seconds(
    runs: Iterable[tuple[float, float]], slots: int, since: float, until: float, parts: int = 1
) -> list[float]:
    """For how long slots were in use in each of so many equal parts of a window: never more of them than there are.

    More run at a time where one waits for another that is run in its place, or is an ``async def``.
    """
    step = (until - since) / parts
    # Where a part begins nothing changes, but it is counted anew.
    edges = [(since + step * at, 0) for at in range(1, parts)]
    for begin, end in runs:
        if begin < until and end > since:
            edges += [(max(begin, since), 1), (min(end, until), -1)]
    used = [0.0] * parts
    running, before = 0, since
    for at, change in sorted(edges):
        used[min(parts - 1, int((before + at - 2 * since) / 2 / step))] += min(running, slots) * (at - before)
        running, before = running + change, at
    return used


def used_shares(
    runners: Sequence[RunnerRecord], runs: Runs, since: float, until: float, parts: int
) -> list[tuple[float, float | None]]:
    """The beginning of each equal part of a window, and how much of the time of all slots was used in it.

    None where there were none.
    """
    used, there = [0.0] * parts, [0.0] * parts
    step = (until - since) / parts
    for one in runners:
        slots, end = one.identity.slots, until if one.stopped_at is None else one.stopped_at
        seconds = used_seconds(runs.get(one.identity.runner_id, ()), slots, since, until, parts)
        for at in range(parts):
            begin = since + at * step
            there[at] += slots * max(0.0, min(begin + step, end) - max(begin, one.started_at))
            used[at] += seconds[at]
    return [(since + at * step, min(1.0, used[at] / there[at]) if there[at] else None) for at in range(parts)]


def work_of(
    runners: Sequence[RunnerRecord], finished: Sequence[Finished], runs: Runs, since: float, now: float
) -> dict[str, Work]:
    """By runner; a supervisor did what its workers did.

    Args:
        runners: Whom to tell of.
        finished: What ended in the window.
        runs: Of these and of what runs.
        since: The beginning of the window.
        now: Its end.
    """
    ended: dict[str, list[Finished]] = {}
    for row in finished:
        ended.setdefault(str(row.runner_id), []).append(row)
    workers: dict[str, list[RunnerRecord]] = {}
    for one in runners:
        if one.identity.parent_id is not None:
            workers.setdefault(one.identity.parent_id, []).append(one)
    return {
        runner.identity.runner_id: _work(
            [runner, *workers.get(runner.identity.runner_id, ())], ended, runs, since, now
        )
        for runner in runners
    }


def _work(
    members: Sequence[RunnerRecord], ended: Mapping[str, list[Finished]], runs: Runs, since: float, now: float
) -> Work:
    rows = [row for one in members for row in ended.get(one.identity.runner_id, ())]
    used = there = 0.0
    for one in members:
        begin, end = max(since, one.started_at), now if one.stopped_at is None else min(now, one.stopped_at)
        if one.identity.slots and end > begin:
            used += used_seconds(runs.get(one.identity.runner_id, ()), one.identity.slots, begin, end)[0]
            there += one.identity.slots * (end - begin)
    began = max(since, members[0].started_at)
    return Work(
        len(rows),
        sum(row.status is InvocationStatus.FAILED for row in rows),
        used / there if there else None,
        max(1.0, now - began),
    )
