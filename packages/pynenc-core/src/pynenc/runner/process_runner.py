"""ProcessRunner: a process of its own for each invocation, forked from one that has imported the app."""

from __future__ import annotations

import logging
import os
from typing import ClassVar, cast

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_runner import ConfigProcessRunner
from pynenc.runner.bootstrap import Workload
from pynenc.runner.child_process import Launch, spawn
from pynenc.runner.fork_server import ForkServer
from pynenc.runner.staffing import OneShotStaff
from pynenc.runner.supervised_runner import SupervisedRunner

logger = logging.getLogger(__name__)

#: Workers that are started before there is work for them.
_SPARE = 2


class ProcessRunner(SupervisedRunner):
    """Isolates invocations from each other.

    One that waits for others keeps its process and gives its place to another one. It never runs what it waits
    for, unless ``max_parked_invocations`` wait already.
    """

    config_cls: ClassVar[type[ConfigBase]] = ConfigProcessRunner

    _crew: OneShotStaff

    def _serve(self, owns_process: bool) -> None:
        self._crew = self._staff()
        server = ForkServer(self._child_program, self._stop)
        try:
            server.start()
            launch: Launch = server.launch
            if server.threads:
                logger.warning(
                    "importing the app started threads (%s), so that its process cannot be forked safely: each "
                    "invocation starts an interpreter of its own, which takes far longer",
                    ", ".join(server.threads),
                )
                launch = spawn(self._child_program.command())
            if not self._stop.is_set():
                self._work_with(self._crew, launch)
        finally:
            server.close()

    def _staff(self) -> OneShotStaff:
        conf = cast("ConfigProcessRunner", self.conf)
        places = max(conf.max_processes or os.cpu_count() or 1, conf.min_parallel_slots)
        return OneShotStaff(places, min(places, _SPARE), self._engine.components.conf.max_parked_invocations)

    def _workload(self) -> Workload:
        return Workload(
            slots=1,
            async_slots=1,
            grace_seconds=self._grace_seconds,
            max_invocations=1,
            look_seconds=self._engine.components.conf.heartbeat_interval_seconds,
            asks_for_places=True,
            helps=self._crew.crowded,
        )
