"""Everything that triggers keep in memory. Everything here is called with the store's lock held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pynenc.backends.mem.occurrences import Occurrences, key_of
from pynenc.values.triggers import Half, Occurrence, OccurrenceKind, PairRequest, TriggerRun


@dataclass(slots=True, eq=False)
class _Filler:
    """An occurrence in a slot."""

    slot: int
    data: str
    at: float
    #: The fillers of all slots, itself included, once they are complete.
    used_with: list[_Filler] = field(default_factory=list)


class TriggerTables:
    """Values, occurrences, slots, cursors, runs."""

    def __init__(self) -> None:
        self.scopes: dict[str, dict[str, str]] = {}
        self.pending = Occurrences()
        #: Events by id, in order; they stay when they are settled.
        self.events: dict[str, Occurrence] = {}
        #: By scope and key: what waits in each slot, in order.
        self._slots: dict[tuple[str, str], list[_Filler]] = {}
        #: What was asked before: by scope, key, slot and occurrence.
        self._asked: dict[tuple[str, str, int, str], _Filler] = {}
        self.cursors: dict[str, float] = {}
        #: By run id, in order.
        self.runs: dict[str, TriggerRun] = {}

    def put(self, occurrence: Occurrence, now: float) -> None:
        """Record an occurrence that was never recorded."""
        is_event = occurrence.kind is OccurrenceKind.EVENT and occurrence.trigger_id is None
        if is_event and occurrence.occurrence_id in self.events:
            return
        self.pending.put(occurrence, now)
        if is_event:
            self.events[occurrence.occurrence_id] = replace(occurrence, at=now)

    def settle(self, occurrence: Occurrence) -> None:
        """Take an occurrence away."""
        self.pending.settle(key_of(occurrence))

    def put_run(self, run: TriggerRun, now: float) -> None:
        """Record a run, in place of an earlier record of it."""
        self.runs.pop(run.run_id, None)
        self.runs[run.run_id] = replace(run, at=now)

    def pair(self, request: PairRequest, now: float) -> tuple[str, ...] | None:
        """Fill a slot."""
        asked = request.scope, request.key, request.slot, request.occurrence_id
        filler = self._asked.get(asked)
        if filler is None:
            filler = self._asked[asked] = _Filler(request.slot, request.data, now)
            self._fill(request, filler, now)
        return tuple(one.data for one in filler.used_with) or None

    def _fill(self, request: PairRequest, filler: _Filler, now: float) -> None:
        waiting = self._slots.setdefault((request.scope, request.key), [])
        waiting.append(filler)
        first: dict[int, _Filler] = {}
        for one in waiting:
            if one.at > now - request.ttl_seconds or one is filler:
                first.setdefault(one.slot, one)
        if len(first) == request.slots:
            chosen = [first[slot] for slot in range(request.slots)]
            for one in chosen:
                one.used_with = chosen
                waiting.remove(one)

    def halves(self, scope_prefix: str) -> Iterator[Half]:
        """What waits in slots of these scopes."""
        for (scope, key), waiting in self._slots.items():
            if scope.startswith(scope_prefix):
                yield from (Half(scope, key, one.slot, one.data, one.at) for one in waiting)

    def delete_expired(self, before: float) -> None:
        """Forget what is old."""
        self.pending.forget(before)
        for event_id in [i for i, event in self.events.items() if event.at <= before]:
            del self.events[event_id]
        for run_id in [i for i, run in self.runs.items() if run.at <= before]:
            del self.runs[run_id]
        for asked in [key for key, filler in self._asked.items() if filler.at <= before]:
            del self._asked[asked]
        self._slots = {
            key: kept
            for key, fillers in self._slots.items()
            if (kept := [filler for filler in fillers if filler.at > before])
        }

    def set_values(self, scope: str, values: Mapping[str, str | None]) -> None:
        """Create, replace and remove values."""
        stored = self.scopes.setdefault(scope, {})
        for name, value in values.items():
            if value is None:
                stored.pop(name, None)
            else:
                stored[name] = value
