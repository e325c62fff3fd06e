"""What runners with worker processes have in common."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable

from pynenc.runner.base_runner import BaseRunner
from pynenc.runner.bootstrap import Workload
from pynenc.runner.child_process import ChildProcess, Launch, spawn
from pynenc.runner.staffing import Staff
from pynenc.runner.supervisor import Supervisor
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)


class SupervisedRunner(BaseRunner):
    """A supervisor in this process, and workers in others."""

    _supervisor: Supervisor | None = None

    def _serve(self, owns_process: bool) -> None:
        self._work_with(self._staff(), spawn(self._child_program.command()))

    @abstractmethod
    def _staff(self) -> Staff:
        """Which workers there are."""

    @abstractmethod
    def _workload(self) -> Workload:
        """What the next worker is told."""

    @property
    def _grace_seconds(self) -> float:
        return self._engine.components.conf.shutdown_grace_seconds

    def _work_with(self, staff: Staff, launch: Launch) -> None:
        place = self._child_program.place()

        def start(identity: RunnerIdentity, on_change: Callable[[], None]) -> ChildProcess:
            return ChildProcess(launch, place, identity, self._workload(), on_change)

        supervisor = self._supervisor = Supervisor(self._engine, self.identity, staff, start)
        sweeper = self._sweeper(supervisor.heartbeat)
        reactor = self._engine.reactor(self.runner_id)
        threading.Thread(
            target=self._pass_stop_on, args=(supervisor,), name="pynenc-stop", daemon=True
        ).start()
        supervisor.heartbeat.start()
        sweeper.start()
        reactor.start()
        logger.info("%s runner:%s runs", type(self).__name__, self.runner_id)
        try:
            supervisor.keep()
        finally:
            self._stop.set()
            reactor.stop()
            supervisor.end(self._grace_seconds)
            sweeper.stop()
            supervisor.heartbeat.stop("clean")
        logger.info("%s runner:%s stopped", type(self).__name__, self.runner_id)

    def _pass_stop_on(self, supervisor: Supervisor) -> None:
        # In a thread, because a signal handler may do nothing but set the flag.
        self._stop.wait()
        supervisor.request_stop()

    def _kill(self) -> None:
        if self._supervisor is not None:
            self._supervisor.kill()
        super()._kill()
