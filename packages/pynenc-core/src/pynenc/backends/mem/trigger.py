"""The trigger component in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from pynenc.backends.mem.component import MemComponent
from pynenc.backends.mem.store import MemStore
from pynenc.backends.mem.trigger_tables import TriggerTables
from pynenc.conf.config_components import ConfigTrigger
from pynenc.contracts.trigger import BaseTrigger
from pynenc.values.ids import InvocationId
from pynenc.values.triggers import Half, Occurrence, PairRequest, TriggerRun


class MemTrigger(MemComponent, BaseTrigger):
    """What triggers keep, in this process."""

    config_cls = ConfigTrigger
    store: MemStore

    def set_values(self, scope: str, values: Mapping[str, str | None]) -> None:
        """Create, replace and remove values."""
        with self.store.lock:
            self.store.triggers.set_values(scope, values)

    def get_values(self, scopes: Sequence[str]) -> dict[str, dict[str, str]]:
        """Copies."""
        with self.store.lock:
            return {scope: dict(self.store.triggers.scopes.get(scope, {})) for scope in scopes}

    def put_occurrences(self, occurrences: Sequence[Occurrence]) -> None:
        """Record and wake."""
        with self.store.lock:
            now = self.store.now()
            for occurrence in occurrences:
                self.store.triggers.put(occurrence, now)
            self.store.announce_occurrences()

    def take_occurrences(
        self, limit: int, lease_seconds: float, trigger_ids: Sequence[str]
    ) -> list[Occurrence]:
        """Lease the first ones."""
        with self.store.lock:
            pending = self.store.triggers.pending
            return pending.take(limit, lease_seconds, self.store.now(), frozenset(trigger_ids))

    def settle(self, occurrences: Sequence[Occurrence], runs: Sequence[TriggerRun]) -> None:
        """One locked section."""
        with self.store.lock:
            tables, now = self.store.triggers, self.store.now()
            for occurrence in occurrences:
                tables.settle(occurrence)
            for run in runs:
                tables.put_run(run, now)

    def pair(self, requests: Sequence[PairRequest]) -> list[tuple[str, ...] | None]:
        """One after the other, then the answers: a later request may complete an earlier one."""
        with self.store.lock:
            tables, now = self.store.triggers, self.store.now()
            for request in requests:
                tables.pair(request, now)
            return [tables.pair(request, now) for request in requests]

    def list_halves(self, scope_prefix: str, limit: int) -> list[Half]:
        """The first ones."""
        with self.store.lock:
            return list(islice(self.store.triggers.halves(scope_prefix), limit))

    def get_cursors(self, defaults: Mapping[str, float]) -> dict[str, float]:
        """Stored ones, or new ones."""
        with self.store.lock:
            cursors = self.store.triggers.cursors
            return {name: cursors.setdefault(name, value) for name, value in defaults.items()}

    def advance_cursors(self, values: Mapping[str, float]) -> None:
        """Never backwards."""
        with self.store.lock:
            cursors = self.store.triggers.cursors
            cursors.update(
                {name: max(value, cursors[name]) for name, value in values.items() if name in cursors}
            )

    def list_runs(self, trigger_id: str | None, limit: int) -> list[TriggerRun]:
        """The end of the list."""
        with self.store.lock:
            runs = reversed(self.store.triggers.runs.values())
            return list(islice((run for run in runs if trigger_id in (None, run.trigger_id)), limit))

    def find_runs(self, ids: Sequence[InvocationId]) -> dict[InvocationId, TriggerRun]:
        """By run id, which is the id of the invocation."""
        with self.store.lock:
            runs = self.store.triggers.runs
            return {i: runs[i] for i in ids if i in runs and runs[i].invocation_id is not None}

    def list_events(self, limit: int) -> list[Occurrence]:
        """The end of the list."""
        with self.store.lock:
            return list(islice(reversed(self.store.triggers.events.values()), limit))

    def delete_expired(self, age_seconds: float) -> None:
        """Looks at everything."""
        with self.store.lock:
            self.store.triggers.delete_expired(self.store.now() - age_seconds)

    def purge(self) -> None:
        """Begin anew."""
        with self.store.lock:
            self.store.triggers = TriggerTables()
