"""What was taken from runners that are gone, and begun again elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.record_filter import Between, NumberField
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.query.meaning import along_indexes

#: So much later than the end of its owner is known nothing is taken any more.
_MARGIN_SECONDS = 60.0


def taken_from(
    store: BaseMonitorStore, runners: Sequence[RunnerRecord], limit: int
) -> list[InvocationRecord]:
    """What ran when its owner was lost, the newest first; not what was delayed, or taken, once more since then.

    Args:
        store: Asked only where one was lost: for invocations, and for their histories.
        runners: The owners.
        limit: No more is looked at.
    """
    lost = [one for one in runners if one.stopped_at is not None and one.stop_reason != "clean"]
    if not lost:
        return []
    since = min(one.last_beat_at for one in lost)
    until = max(one.stopped_at or 0.0 for one in lost) + _MARGIN_SECONDS
    query = along_indexes(
        [Between(NumberField.RECOVERIES, low=1), Between(NumberField.AVAILABLE_AT, since, until)]
    )
    found = store.list_invocations(replace(query, limit=limit)).records
    histories = store.get_histories([one.invocation_id for one in found]) if found else {}
    owners = {one.identity.runner_id for one in lost}
    return [one for one in found if _was_taken(histories.get(one.invocation_id, []), owners)]


def _was_taken(history: Sequence[HistoryEntry], owners: Collection[str]) -> bool:
    return any(
        after.status is InvocationStatus.RUNNING_RECOVERY and before.runner_id in owners
        for before, after in pairwise(history)
    )
