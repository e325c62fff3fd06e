"""What triggers react to, and their runs."""

from __future__ import annotations

import json

from pynenc.values.status_letters import LETTERS
from pynenc.values.triggers import Occurrence, OccurrenceKind, TriggerRun, status_occurrence_id
from pynenc_redis.codec.letters import STATUSES
from pynenc_redis.codec.texts import dump


def from_entered(at: str, text: str) -> Occurrence:
    """An occurrence that a step recorded."""
    invocation_id, task_id, letter, seq = json.loads(text)
    return Occurrence(
        occurrence_id=status_occurrence_id(invocation_id, seq),
        kind=OccurrenceKind.STATUS,
        source=task_id,
        at=float(at),
        invocation_id=invocation_id,
        status=STATUSES[letter],
    )


def to_occurrence(occurrence: Occurrence) -> list[str | int]:
    """Key, whether it stays as an event, content."""
    content = (
        occurrence.occurrence_id,
        occurrence.kind.value,
        occurrence.source,
        occurrence.invocation_id,
        LETTERS[occurrence.status] if occurrence.status else None,
        occurrence.payload,
        occurrence.trigger_id,
    )
    is_event = occurrence.kind is OccurrenceKind.EVENT and occurrence.trigger_id is None
    return [occurrence_key(occurrence), int(is_event), dump(content)]


def occurrence_key(occurrence: Occurrence) -> str:
    """What makes two occurrences the same one; one for a single trigger has the trigger on a second line."""
    own = "" if occurrence.trigger_id is None else f"\n{occurrence.trigger_id}"
    return f"{occurrence.occurrence_id}{own}"


def from_occurrence(at: str, text: str) -> Occurrence:
    """An occurrence of the trigger component."""
    occurrence_id, kind, source, invocation_id, letter, payload, trigger_id = json.loads(text)
    return Occurrence(
        occurrence_id=occurrence_id,
        kind=OccurrenceKind(kind),
        source=source,
        at=float(at),
        invocation_id=invocation_id,
        status=STATUSES[letter] if letter else None,
        payload=payload,
        trigger_id=trigger_id,
    )


def to_run(run: TriggerRun) -> list[str]:
    """Id, trigger, content."""
    content = (run.run_id, run.trigger_id, run.occurrence_ids, run.invocation_id, run.error, run.chain)
    return [run.run_id, run.trigger_id, dump(content)]


def from_run(text: str) -> TriggerRun:
    """A run with its time."""
    at, _, content = text.partition("\n")
    run_id, trigger_id, occurrence_ids, invocation_id, error, chain = json.loads(content)
    return TriggerRun(
        run_id=run_id,
        trigger_id=trigger_id,
        at=float(at),
        occurrence_ids=tuple(occurrence_ids),
        invocation_id=invocation_id,
        error=error,
        chain=tuple(chain),
    )
