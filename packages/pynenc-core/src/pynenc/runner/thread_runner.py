"""ThreadRunner: this process, a number of thread slots. The only runner for memory backends."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import replace
from typing import ClassVar, cast

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_runner import ConfigThreadRunner
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.sweeper import Sweeper
from pynenc.exceptions import StoreError
from pynenc.runner.base_runner import BaseRunner
from pynenc.runner.signals import wait_with_signals
from pynenc.runner.understudy import AttendedHeartbeat
from pynenc.runner.worker import Worker

logger = logging.getLogger(__name__)


class ThreadRunner(BaseRunner):
    """Runs invocations on threads of this process; may itself run in a background thread."""

    config_cls: ClassVar[type[ConfigBase]] = ConfigThreadRunner

    @staticmethod
    def mem_compatible() -> bool:
        """Everything stays in this process."""
        return True

    def _serve(self, owns_process: bool) -> None:
        conf = cast("ConfigThreadRunner", self.conf)
        app_conf = self._engine.components.conf
        slots = max(conf.max_threads or os.cpu_count() or 1, conf.min_threads, conf.min_parallel_slots)
        identity = self.identity = replace(self.identity, slots=slots)
        heartbeat = self._heartbeat()
        worker = Worker(self._engine, identity, slots, conf.async_slots)
        sweeper = self._sweeper(heartbeat)
        reactor = self._engine.reactor(identity.runner_id)
        heartbeat.on_drain = worker.drain
        heartbeat.start()
        sweeper.start()
        reactor.start()
        worker.start()
        logger.info("ThreadRunner runner:%s runs with %d slots", identity.runner_id, slots)
        wait_with_signals(lambda seconds: self._stop.wait(seconds) or (worker.draining and worker.join(0.0)))
        reactor.stop()
        worker.request_stop()
        if wait_with_signals(worker.join, app_conf.shutdown_grace_seconds):
            self._end(heartbeat, sweeper)
        elif owns_process:
            self._abandon(worker)
        else:
            self._linger(worker, heartbeat, sweeper)

    def _heartbeat(self) -> Heartbeat:
        identity, engine = self.identity, self._engine
        if engine.orchestrator.store.capabilities.multi_process:
            return AttendedHeartbeat(engine, identity, self._child_program)
        conf = engine.components.conf
        return Heartbeat(
            engine.orchestrator, lambda: (identity,), conf.heartbeat_interval_seconds, conf.lease_seconds
        )

    def _end(self, heartbeat: Heartbeat, sweeper: Sweeper) -> None:
        sweeper.stop()
        heartbeat.stop("clean")
        logger.info("ThreadRunner runner:%s stopped", self.runner_id)

    def _abandon(self, worker: Worker) -> None:
        """Threads cannot be ended, so what still runs is handed back and the process ends with it."""
        try:
            worker.hand_back_running("its runner was stopped and the grace was over")
        except StoreError as error:
            logger.error(
                "could not hand back what still runs (%s): it is recovered by this runner's silence", error
            )
        os._exit(1)

    def _linger(self, worker: Worker, heartbeat: Heartbeat, sweeper: Sweeper) -> None:
        """Somebody else's process: what still runs keeps its owner and its heartbeat until it ends."""
        names = ", ".join(sorted({claim.task_id for claim in worker.running()}))
        logger.warning(
            "ThreadRunner runner:%s stops while %s still runs: it may finish by itself", self.runner_id, names
        )

        def wait() -> None:
            while not worker.join(60.0):
                pass
            self._end(heartbeat, sweeper)

        threading.Thread(target=wait, name="pynenc-linger", daemon=True).start()
