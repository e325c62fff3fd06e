"""What the checks of health look at, read from one app; most of it is only looked for where there is a reason."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from pynenc.values.monitor import Finished, RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.declared import nobody_has
from pynmon.health import Evidence
from pynmon.source import MOST_OWNED, MOST_RUNNERS, SLOW_SECONDS, Source

#: What a runner may claim, now or when its time has come.
_CLAIMABLE = (InvocationStatus.REGISTERED, InvocationStatus.REROUTED, InvocationStatus.RETRY)
#: Of what was handed back and waits, so many that were registered first are looked at.
_MOST_HANDED_BACK = 100


def evidence_of(source: Source, recent: Sequence[Finished], lateness: Sequence[float] = ()) -> Evidence:
    """What the checks look at.

    Args:
        source: The app.
        recent: What ended within the last five minutes.
        lateness: By how much the latest run of each schedule came late; none where nobody looked.
    """
    (lease, answer_seconds), now = source.lease(), source.now()
    ahead = time.time() - now
    runners, kept = source.runners(MOST_RUNNERS), _kept(source)
    # 0 keeps everything.
    retention = source.app.engine.components.orchestrator_conf.auto_final_invocation_purge_hours * 3600.0
    return Evidence(
        now=now,
        rhythm=source.rhythm,
        runners=runners,
        owned=source.owned(MOST_OWNED),
        longest_waiting=source.longest_waiting(),
        recent=recent,
        pending_seconds=source.app.conf.max_pending_seconds,
        lateness=lateness,
        answer_seconds=answer_seconds,
        clock_seconds=ahead,
        lease=lease,
        kept=kept,
        unserved=unserved(source, [one for one in runners if source.rhythm.lives(one, now)]),
        handed_back=_handed_back(source) if kept[InvocationStatus.REROUTED] else (),
        oldest_seconds=_oldest_seconds(source, retention) if retention else 0.0,
        retention_seconds=retention or None,
        thresholds=source.settings.thresholds,
    )


def unserved(source: Source, alive: Sequence[RunnerRecord]) -> Mapping[str, int] | None:
    """How much waits of each task that no runner declares; None where that cannot be told.

    Args:
        source: The app.
        alive: The runners that count.
    """
    waiting = {
        task: number
        for task, by_status in source.counts().items()
        if (number := sum(by_status.get(one, 0) for one in _CLAIMABLE))
    }
    if not waiting or not alive:
        return {} if alive else None
    found = nobody_has(waiting, alive, source.notes())
    return None if found is None else {task: waiting[task] for task in sorted(found)}


def _kept(source: Source) -> Counter[InvocationStatus]:
    total: Counter[InvocationStatus] = Counter()
    for by_status in source.counts().values():
        total.update(by_status)
    return total


def _handed_back(source: Source) -> Sequence[InvocationRecord]:
    rerouted = frozenset({InvocationStatus.REROUTED})
    query = RecordQuery(statuses=rerouted, oldest_first=True, limit=_MOST_HANDED_BACK)
    return source.cached("handed back", lambda: source.store.list_invocations(query).records)


def _oldest_seconds(source: Source, retention: float) -> float:
    """For how long what ended first is kept although nothing that goes on needs it."""

    def read() -> float:
        now = source.now()
        oldest = source.store.list_finished(0.0, now, 1, oldest_first=True)
        age = now - oldest[0].ended_at if oldest else 0.0
        if age <= retention:
            return age
        # The members of a workflow are kept until it ends.
        records = source.store.get_invocations([oldest[0].invocation_id])
        if others := [one.root_id for one in records.values() if one.root_id != one.invocation_id]:
            records = source.store.get_invocations(others)
        return age if all(one.status.is_final() for one in records.values()) else 0.0

    return source.cached("oldest", read, SLOW_SECONDS)
