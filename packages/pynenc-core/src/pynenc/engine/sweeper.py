"""Puts right what a dead process left behind. Ordinary code under a lease, never a queued task."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from pynenc.engine.components import Components
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.publisher import Publisher
from pynenc.engine.recovery import Recovery
from pynenc.engine.retention import DataCollector, PayloadCollector, delete_expired, forget_occurrences
from pynenc.values.ids import RunnerId
from pynenc.values.runners import RunnerRecord

logger = logging.getLogger(__name__)

_RETENTION_INTERVAL_SECONDS = 60.0


def _nothing(runners: Sequence[RunnerRecord]) -> None:
    """What is shown the runners when nobody wants to see them."""


class Silence:
    """Which runners have been silent for how long, judged by one observer's own clock.

    A runner is silent while its count of beats does not grow. What counts is the time between an answer of the store
    and the next question, not what the store takes to answer: an observer that stands still meanwhile (its
    interpreter is held, its machine sleeps) comes back with an old answer. One such gap counts for a few beats at
    most, so that whoever stood still together with the observer has time to beat before it is judged. After an
    interruption of the observer's own heartbeat all counting starts anew: then the store refused the beats of the
    others too.

    Args:
        enough_seconds: A runner that was silent for so long counts as dead.
        longest_gap_seconds: The time between two looks counts for no more.
        monotonic: The clock, in seconds.
    """

    def __init__(
        self,
        enough_seconds: float,
        longest_gap_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enough = enough_seconds
        self._longest_gap = longest_gap_seconds
        self._monotonic = monotonic
        self._seen: dict[RunnerId, tuple[int, float]] = {}
        self._answered_at = monotonic()
        self._interruptions = 0

    def observe(self, look: Callable[[], dict[RunnerId, int]], interruptions: int) -> None:
        """Ask for the count of beats of every living runner, and take note of it."""
        gap = min(self._monotonic() - self._answered_at, self._longest_gap)
        beats = look()
        self._answered_at = self._monotonic()
        if interruptions != self._interruptions:
            self._interruptions = interruptions
            self._seen.clear()
        self._seen = {
            runner_id: (count, known[1] + gap)
            if (known := self._seen.get(runner_id)) and known[0] == count
            else (count, 0.0)
            for runner_id, count in beats.items()
        }

    def dead(self) -> list[RunnerId]:
        """The runners that were silent for long enough."""
        return [runner_id for runner_id, (_, silent) in self._seen.items() if silent >= self._enough]


class Sweeper:
    """Runs the reconciliation steps while its runner holds the lease.

    Args:
        components: Of the app.
        heartbeat: Of its runner.
        recovery: Does what is done about the dead.
        show: Shown the runners that live, as often as they are looked at.
    """

    def __init__(
        self,
        components: Components,
        heartbeat: Heartbeat,
        recovery: Recovery,
        show: Callable[[Sequence[RunnerRecord]], None] = _nothing,
    ) -> None:
        conf = components.conf
        self._components = components
        self._heartbeat = heartbeat
        self._recovery = recovery
        self._interval = conf.sweep_interval_seconds
        self._dead_after = conf.runner_considered_dead_after_minutes * 60
        self._retention = components.orchestrator_conf.auto_final_invocation_purge_hours * 3600
        self._collector = DataCollector(components, self._retention)
        self._payload_collector = PayloadCollector(components)
        self._publisher = Publisher(components, lambda: heartbeat.leads, self._interval)
        self._silence = Silence(self._dead_after, max(self._interval, self._dead_after / 4))
        self._runners: Sequence[RunnerRecord] = ()
        self._show_runners = show
        self._next_retention = 0.0
        self._next_forgetting = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pynenc-sweeper", daemon=True)

    def start(self) -> None:
        """Sweep in the background."""
        self._thread.start()
        self._publisher.start()

    def stop(self) -> None:
        """Stop after the current step."""
        self._stopping.set()
        self._publisher.stop()
        if self._thread.ident is not None:
            self._thread.join(5)

    def sweep(self) -> None:
        """One pass: everybody observes, the holder of the lease acts."""
        self._take(self._observe, self._show)
        for step in (
            self._recover_silent,
            self._repair,
            self._publisher.push_missing,
            self._apply_retention,
            self._forget_occurrences,
        ):
            if self._heartbeat.leads:  # asked again for each: the one before may have outlasted the lease
                self._take(step)

    def _take(self, *steps: Callable[[], None]) -> None:
        for step in steps:
            if self._stopping.is_set():
                return
            try:
                step()
            except Exception:  # boundary: one failing step must not keep the others from running
                logger.warning(
                    "sweep step '%s' failed, it is tried again", step.__name__.strip("_"), exc_info=True
                )

    def _run(self) -> None:
        self._take(self._observe, self._show)
        while not self._stopping.wait(self._interval):
            self.sweep()

    def _observe(self) -> None:
        self._silence.observe(self._look, self._heartbeat.interruptions)

    def _look(self) -> dict[RunnerId, int]:
        self._runners = self._components.orchestrator.list_runners()
        return {runner.identity.runner_id: runner.beats for runner in self._runners}

    def _show(self) -> None:
        self._show_runners(self._runners)

    def _recover_silent(self) -> None:
        if not self._components.orchestrator.store.capabilities.multi_process:
            return  # whoever could have died would have taken the store along
        self._recovery.recover(
            self._silence.dead(), f"no sign of life from its runner for {self._dead_after:g} s"
        )

    def _repair(self) -> None:
        self._components.orchestrator.repair()

    def _apply_retention(self) -> None:
        now = time.monotonic()
        if self._retention > 0 and now >= self._next_retention:
            self._next_retention = now + _RETENTION_INTERVAL_SECONDS
            delete_expired(self._components, self._retention)
            self._collector.step()
            self._payload_collector.step()
            self._components.orchestrator.forget_runners(self._retention)

    def _forget_occurrences(self) -> None:
        days = self._components.trigger_conf.event_retention_days
        now = time.monotonic()
        if days > 0 and now >= self._next_forgetting:
            self._next_forgetting = now + _RETENTION_INTERVAL_SECONDS
            forget_occurrences(self._components, days * 86_400)
