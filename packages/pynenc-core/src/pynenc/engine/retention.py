"""Deletes what is final and older than the retention, in small batches; the record goes last."""

from __future__ import annotations

from pynenc.engine.components import Components

_BATCH = 200
_MAX_BATCHES = 20


def delete_expired(components: Components, age_seconds: float) -> int:
    """Delete final invocations that ended so long ago, with their payloads; returns how many.

    At most a few thousand per call, so that a sweep stays short.
    """
    deleted = 0
    for _ in range(_MAX_BATCHES):
        ids = components.orchestrator.find_expired(age_seconds, _BATCH)
        if not ids:
            break
        if not components.record_holds_payloads:
            components.state_backend.delete_payloads(ids)
        components.orchestrator.delete(ids)
        deleted += len(ids)
    return deleted
