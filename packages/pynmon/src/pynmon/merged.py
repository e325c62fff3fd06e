"""What registration concurrency merged into invocations."""

from __future__ import annotations

from collections.abc import Iterable

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.records import InvocationRecord


def merges_into(store: BaseMonitorStore, records: Iterable[InvocationRecord]) -> dict[InvocationId, Merges]:
    """By id, in their order, of those that stand for other calls; only what has a key of registration is asked for."""
    ids = [record.invocation_id for record in records if record.reg_key is not None]
    found = store.get_merges(ids) if ids else {}
    return {name: found[name] for name in ids if name in found}
