"""What stores keep about triggers: what happened, what is to be combined, what was fired."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus


class OccurrenceKind(StrEnum):
    """What kind of thing happened."""

    STATUS = "status"
    EVENT = "event"
    #: A schedule is due; only among the halves of combined conditions.
    TICK = "tick"
    #: Somebody asked for a run of one trigger.
    FIRE = "fire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """Something that happened, and that triggers may react to."""

    #: Of a status ``status_occurrence_id``, of an event its own; recorded twice it is one occurrence.
    occurrence_id: str
    kind: OccurrenceKind
    #: The task whose invocation entered a status, the code of an event, the schedule of a tick.
    source: str
    #: Seconds since 1970 by the store's clock; set by the store that records it.
    at: float = 0.0
    #: Whose status it is; of an event the invocation whose code emitted it, if any.
    invocation_id: InvocationId | None = None
    #: Entered; None for an event.
    status: InvocationStatus | None = None
    #: The serialized payload of an event, the serialized arguments of a run by hand, the instant before a tick.
    payload: str = ""
    #: Kept for this trigger alone; None for whatever trigger it concerns.
    trigger_id: str | None = None


def status_occurrence_id(invocation_id: InvocationId, seq: int) -> str:
    """The id of the occurrence that is the history entry ``seq`` of an invocation."""
    return f"{invocation_id}:{seq}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRequest:
    """One of several things that a run waits for has happened."""

    #: What the run belongs to: slots of different scopes never meet.
    scope: str
    #: Only occurrences with equal keys meet: an invocation, or nothing.
    key: str
    #: Which of ``slots`` this occurrence fills.
    slot: int
    slots: int
    occurrence_id: str
    #: Given back when the run is complete.
    data: str
    #: What waited for longer than this is not paired any more.
    ttl_seconds: float


@dataclass(frozen=True, slots=True)
class Half:
    """What waits in a slot for the others."""

    scope: str
    key: str
    slot: int
    #: As it was given to ``pair``.
    data: str
    #: Seconds since 1970 by the store's clock; since then it waits.
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRun:
    """What became of one occurrence, or of several together, for one trigger."""

    #: Derived from the trigger and the occurrences; the id of the invocation if one was registered.
    run_id: str
    trigger_id: str
    #: Seconds since 1970 by the store's clock; set by the store that records it.
    at: float = 0.0
    #: Ids of the occurrences; of a schedule the text of the tick.
    occurrence_ids: tuple[str, ...] = ()
    #: What was registered; None when a filter, a provider or the registration failed.
    invocation_id: InvocationId | None = None
    #: The traceback of what failed; empty otherwise.
    error: str = ""
    #: The triggers that led here, the first one first, this one last.
    chain: tuple[str, ...] = ()
