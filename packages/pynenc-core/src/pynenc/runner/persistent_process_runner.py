"""PersistentProcessRunner: a fixed pool of worker processes, one slot each; dead ones are replaced."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import ClassVar, cast

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_runner import ConfigPersistentProcessRunner
from pynenc.runner.base_runner import BaseRunner
from pynenc.runner.child_process import ChildProcess
from pynenc.runner.supervisor import Supervisor
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)


class PersistentProcessRunner(BaseRunner):
    """Runs invocations in processes that live as long as the runner."""

    config_cls: ClassVar[type[ConfigBase]] = ConfigPersistentProcessRunner

    _supervisor: Supervisor | None = None

    def _serve(self, owns_process: bool) -> None:
        conf = cast("ConfigPersistentProcessRunner", self.conf)
        grace = self._engine.components.conf.shutdown_grace_seconds
        processes = max(conf.num_processes or os.cpu_count() or 1, conf.min_parallel_slots)
        supervisor = Supervisor(self._engine, self.identity, self._spawn)
        self._supervisor = supervisor
        sweeper = self._sweeper(supervisor.heartbeat)
        threading.Thread(
            target=self._pass_stop_on, args=(supervisor,), name="pynenc-stop", daemon=True
        ).start()
        supervisor.heartbeat.start()
        sweeper.start()
        logger.info("PersistentProcessRunner %s runs with %d processes", self.runner_id, processes)
        try:
            supervisor.keep(processes)
        finally:
            self._stop.set()
            supervisor.end(grace)
            sweeper.stop()
            supervisor.heartbeat.stop("clean")
        logger.info("PersistentProcessRunner %s stopped", self.runner_id)

    def _pass_stop_on(self, supervisor: Supervisor) -> None:
        # In a thread, because a signal handler may do nothing but set the flag.
        self._stop.wait()
        supervisor.request_stop()

    def _spawn(self, identity: RunnerIdentity, on_end: Callable[[ChildProcess], None]) -> ChildProcess:
        conf = cast("ConfigPersistentProcessRunner", self.conf)
        return ChildProcess(
            self._child_program,
            identity,
            on_end,
            slots=1,
            async_slots=conf.async_slots,
            grace_seconds=self._engine.components.conf.shutdown_grace_seconds,
        )

    def _kill(self) -> None:
        if self._supervisor is not None:
            self._supervisor.kill()
        super()._kill()
