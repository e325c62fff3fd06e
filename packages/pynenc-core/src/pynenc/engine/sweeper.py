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

    A runner is silent while its count of beats does not grow. After an interruption of the observer's own
    heartbeat all counting starts anew: then it was the store or this machine that was away.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: dict[RunnerId, tuple[int, float]] = {}
        self._interruptions = 0

    def observe(self, beats: dict[RunnerId, int], interruptions: int) -> None:
        """Take note of the count of beats of every living runner."""
        now = self._monotonic()
        if interruptions != self._interruptions:
            self._interruptions = interruptions
            self._seen.clear()
        self._seen = {
            runner_id: known if (known := self._seen.get(runner_id)) and known[0] == count else (count, now)
            for runner_id, count in beats.items()
        }

    def longer_than(self, seconds: float) -> list[RunnerId]:
        """The runners whose silence lasted at least so long."""
        now = self._monotonic()
        return [runner_id for runner_id, (_, since) in self._seen.items() if now - since >= seconds]


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
        self._silence = Silence()
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
        steps: list[Callable[[], None]] = [self._observe, self._show]
        if self._heartbeat.leads:
            steps += [
                self._recover_silent,
                self._repair,
                self._publisher.push_missing,
                self._apply_retention,
                self._forget_occurrences,
            ]
        self._take(steps)

    def _take(self, steps: Sequence[Callable[[], None]]) -> None:
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
        self._take([self._observe, self._show])
        while not self._stopping.wait(self._interval):
            self.sweep()

    def _observe(self) -> None:
        self._runners = self._components.orchestrator.list_runners()
        beats = {runner.identity.runner_id: runner.beats for runner in self._runners}
        self._silence.observe(beats, self._heartbeat.interruptions)

    def _show(self) -> None:
        self._show_runners(self._runners)

    def _recover_silent(self) -> None:
        if not self._components.orchestrator.store.capabilities.multi_process:
            return  # whoever could have died would have taken the store along
        dead = self._silence.longer_than(self._dead_after)
        self._recovery.recover(dead, f"no sign of life from its runner for {self._dead_after:g} s")

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
