"""What the pages read, and nothing else: one app's monitor store, its clock and its rhythm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from pynenc import Pynenc
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.exceptions import StoreError
from pynenc.inspection import Part, examine, notes_of, parts_of
from pynenc.values.findings import Finding, Size
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Failed, Finished, Waits
from pynenc.values.notes import KnownCode, RunnerNotes
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import SWEEPER_LEASE, Lease, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynenc.values.triggers import TriggerRun
from pynmon.declared import Declared, declared_by
from pynmon.health import Rhythm, RunnerState
from pynmon.probes import Probe, probes_of
from pynmon.remembered import Remembered
from pynmon.reticence import ReticentStore
from pynmon.settings import MonitorSettings
from pynmon.statistics import RegisteredSample, Sample, slow_runs
from pynmon.timed import Queries, timed

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
#: How long an answer that many pages ask for is used again.
SHORT_SECONDS = 1.0
#: The same for what a server is asked about itself.
SLOW_SECONDS = 10.0
DAY_SECONDS = 86400.0
#: Characters of a payload that pages show, and that a file may have.
SHOWN_CHARACTERS, MOST_CHARACTERS = 64 * 1024, 64 * 2**20
#: More of what is in the hands of runners is not looked at.
MOST_OWNED = 500
#: More runners are not looked at for a verdict.
MOST_RUNNERS = 500

Counts = dict[str, dict[InvocationStatus, int]]


class Source:
    """Reads of one app.

    Args:
        app: Only its stores and settings are used; none of its tasks is imported or run.
        settings: Limits of what is read.
        queries: Where it is noted how long the monitor store takes.
        sees_payloads: Whether arguments, results and what exceptions said are read.

    Raises:
        MonitorUnavailableError: the app's orchestrator has no monitor store.
    """

    def __init__(
        self, app: Pynenc, settings: MonitorSettings, queries: Queries, *, sees_payloads: bool = True
    ) -> None:
        self.app_id = app.app_id
        self.sees_payloads = sees_payloads
        store = timed(app.orchestrator.open_monitor_store(), queries)
        self.store: BaseMonitorStore = store if sees_payloads else ReticentStore(store)
        self.app = app
        self.triggers = app.trigger
        self.settings = settings
        self.rhythm = Rhythm(
            app.conf.heartbeat_interval_seconds, app.conf.runner_considered_dead_after_minutes * 60
        )
        self._now = app.orchestrator.store.now
        self._state_backend = app.state_backend
        self._remembered = Remembered()
        self._probes = probes_of(app, self.store)

    def now(self) -> float:
        """Seconds since 1970 by the store's clock, which wrote every instant that is shown."""
        return self._now()

    def counts(self) -> Counts:
        """How many rest in each status, by task."""
        return self.cached("counts", self.store.count_by_task)

    def finished(self, seconds: float) -> list[Finished]:
        """What ended within the last so many seconds, latest first; at most ``sample_limit``."""
        return self.sample(seconds).rows

    def sample(self, seconds: float) -> Sample:
        """The same with the window that it is of, until now."""

        def read() -> Sample:
            now, limit = self.now(), self.settings.sample_limit
            rows = self.store.list_finished(now - seconds, now + 60.0, limit)
            is_cut = len(rows) == limit
            return Sample(rows, rows[-1].ended_at if is_cut else now - seconds, now, is_cut)

        return self.cached(("finished", seconds), read)

    def registered(self, seconds: float) -> RegisteredSample:
        """What was registered within the last so many seconds, the last one first; at most ``sample_limit``."""

        def read() -> RegisteredSample:
            now, limit = self.now(), self.settings.sample_limit
            rows = self.store.list_registered(now - seconds, limit)
            is_cut = len(rows) == limit
            return RegisteredSample(rows, rows[-1].created_at if is_cut else now - seconds, now, is_cut)

        return self.cached(("registered", seconds), read)

    def runners(self, limit: int) -> list[RunnerRecord]:
        """Those that live, then the latest of the others."""
        return self.cached(("runners", limit), lambda: self.store.list_runners(limit))

    def workers_of(self, runner_id: str) -> list[RunnerRecord]:
        """The workers below a supervisor; of those that live all, of the others the latest."""
        return [one for one in self.store.list_runners(MOST_RUNNERS) if one.identity.parent_id == runner_id]

    def notes(self) -> dict[str, RunnerNotes]:
        """What runners wrote down about themselves, by their ids; nothing while the store of it is away."""
        return self.cached("notes", self._notes)

    def _notes(self) -> dict[str, RunnerNotes]:
        try:
            return notes_of(self.app)
        except StoreError as error:
            logger.warning("cannot read what runners wrote down about themselves: %s", error)
            return {}

    def code(self) -> dict[str, KnownCode]:
        """What the runners that live have loaded, by their ids; when none lives, what the last one had."""
        return self.cached("code", self._code)

    def _code(self) -> dict[str, KnownCode]:
        told = {key: one.code for key, one in self.notes().items() if one.code is not None}
        now = self.now()
        if not told:
            return {}
        rows = self.store.get_runners(sorted(told)).values()
        living = [one for one in rows if self.rhythm.lives(one, now)]
        chosen = living or sorted(rows, key=lambda one: one.last_beat_at)[-1:]
        return {one.identity.runner_id: told[one.identity.runner_id] for one in chosen}

    def declared(self) -> Mapping[str, Declared]:
        """The tasks that are declared, by their ids."""
        return self.cached(
            "declared", lambda: declared_by(self.app, self.triggers.list_triggers(), self.code())
        )

    def runs(self, trigger_id: str | None, limit: int) -> list[TriggerRun]:
        """The latest runs of one trigger or of all, newest first."""
        found = self.triggers.list_runs(trigger_id, limit)
        return found if self.sees_payloads else [replace(one, error=one.error and "failed") for one in found]

    def longest_waiting(self) -> InvocationRecord | None:
        """The claimable invocation that has waited longest."""
        return self.cached("waiting", self.store.find_longest_waiting)

    def failed(self, seconds: float) -> list[Failed]:
        """What failed within the last so many seconds, latest first; at most ``sample_limit``."""
        now = self.now()
        return self.cached(
            ("failed", seconds),
            lambda: self.store.list_failed(now - seconds, now + 60.0, self.settings.sample_limit),
        )

    def of_finished(self, seconds: float, make: Callable[[list[Finished]], _T]) -> _T:
        """What a function makes of what ended within the last so many seconds."""
        return self.cached((make, seconds), lambda: make(self.finished(seconds)))

    def of_sample(self, seconds: float, make: Callable[[Sample], _T]) -> _T:
        """What a function makes of the sample of a window."""
        return self.cached((make, seconds), lambda: make(self.sample(seconds)))

    def slow_runs(self) -> dict[str, float]:
        """By task: longer than these seconds takes a run that is slow; of what ended within a day."""
        # What a day was like does not change within seconds.
        return self.cached("slow", lambda: slow_runs(self.finished(DAY_SECONDS)), SLOW_SECONDS)

    def tasks_of_today(self) -> frozenset[str]:
        """Those of which something ended within a day; as slow runs, they are looked for every few seconds."""
        return self.cached(
            "today", lambda: frozenset(row.task_id for row in self.finished(DAY_SECONDS)), SLOW_SECONDS
        )

    def owned(self, limit: int) -> list[InvocationRecord]:
        """What belongs to a runner now."""
        return self.cached(("owned", limit), lambda: self.store.list_owned(limit))

    def waits_of(self, record: InvocationRecord, limit: int) -> Waits:
        """What an invocation waits for and who waits for it, each at most ``limit``; its end ended both."""
        if record.status.is_final():
            return Waits((), ())
        return self.store.list_waits(record.invocation_id, limit)

    def lease(self) -> tuple[Lease | None, float]:
        """Who puts right what dead runners leave behind, and how long this took: no read is cheaper."""

        def read() -> tuple[Lease | None, float]:
            began = time.perf_counter()
            found = self.store.find_lease(SWEEPER_LEASE)
            return found, time.perf_counter() - began

        return self.cached("lease", read)

    def queued_apart(self) -> int | None:
        """Messages of a queue that stands apart from the records; None where the records are the queue."""
        if self.app.broker.store is self.app.orchestrator.store:
            return None
        return self.cached("queued", self.app.broker.count)

    def findings(self) -> list[tuple[Part, list[Finding]]]:
        """What each store says about itself; asked at most every few seconds."""
        return self.cached(
            "findings", lambda: [(part, examine(part.store)) for part in parts_of(self.app)], SLOW_SECONDS
        )

    def sizes(self) -> list[list[Size]]:
        """How much each store keeps, in the order of ``findings``; nothing of one that does not answer."""
        return self.cached("sizes", lambda: [_measured(part) for part in parts_of(self.app)], SLOW_SECONDS)

    def components(self) -> list[tuple[Part, list[Finding]]]:
        """What stores say about themselves, but for that of the records: it answers, or there is no page."""
        own = self.app.orchestrator.store
        return self.cached(
            "components",
            lambda: [(part, [] if part.store is own else examine(part.store)) for part in parts_of(self.app)],
            SLOW_SECONDS,
        )

    def probes(self, names: Collection[str]) -> dict[str, Probe]:
        """How long components take, by their names; asked at most every few seconds."""
        return (
            self.cached(("probes", *sorted(names)), lambda: self._probes.look(names), SLOW_SECONDS)
            if names
            else {}
        )

    def is_ready(self) -> bool:
        """Whether the store answers; asked at most once a second, however many want to know."""
        try:
            self.cached("ready", self.store.change_token)
        except StoreError:
            return False
        return True

    def gone_runners(self) -> list[str]:
        """The runners that have something in hand although they are dead or have ended."""
        now = self.now()
        owners = {str(one.runner_id) for one in self.store.list_owned(MOST_OWNED)}
        known = self.store.get_runners(sorted(owners))
        gone = (RunnerState.DEAD, RunnerState.STOPPED)
        return [one for one in owners if one not in known or self.rhythm.state_of(known[one], now) in gone]

    def payload(
        self,
        record: InvocationRecord,
        kind: PayloadKind,
        stored: dict[PayloadKind, str],
        limit: int = SHOWN_CHARACTERS,
    ) -> str | None:
        """The beginning of a stored payload, wherever it is kept; None when it is nowhere."""
        if kind in stored:
            return stored[kind]
        if not self.sees_payloads:
            return None
        epoch = 0 if kind is PayloadKind.ARGUMENTS else record.epoch
        key = PayloadKey(record.invocation_id, epoch, kind)
        found = self._state_backend.get_payloads([key]).get(key)
        return None if found is None else found[:limit]

    def stored_payloads(
        self, invocation_id: InvocationId, limit: int = SHOWN_CHARACTERS
    ) -> dict[PayloadKind, str]:
        """The beginnings of what the record holds."""
        return dict(self.store.get_payloads(invocation_id, limit))

    def large_value(self, key: str) -> str | None:
        """A value that is kept apart because of its size, whole; None when it is nowhere."""
        return self.app.client_data_store.get([key]).get(key) if self.sees_payloads else None

    def cached(self, key: object, read: Callable[[], _T], seconds: float = SHORT_SECONDS) -> _T:
        """One read for all who ask at about the same time."""
        return self._remembered.get(key, read, seconds)


def _measured(part: Part) -> list[Size]:
    try:
        return part.store.measure()
    except StoreError:
        # What is found about it says so.
        return []
