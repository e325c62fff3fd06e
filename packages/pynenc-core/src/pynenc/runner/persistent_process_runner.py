"""PersistentProcessRunner: a fixed pool of worker processes, one slot each; dead ones are replaced."""

from __future__ import annotations

import os
from typing import ClassVar, cast

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_runner import ConfigPersistentProcessRunner
from pynenc.runner.bootstrap import Workload
from pynenc.runner.staffing import FixedStaff, Staff
from pynenc.runner.supervised_runner import SupervisedRunner


class PersistentProcessRunner(SupervisedRunner):
    """Runs invocations in processes that live as long as the runner."""

    config_cls: ClassVar[type[ConfigBase]] = ConfigPersistentProcessRunner

    @property
    def _settings(self) -> ConfigPersistentProcessRunner:
        return cast("ConfigPersistentProcessRunner", self.conf)

    def _staff(self) -> Staff:
        conf = self._settings
        return FixedStaff(max(conf.num_processes or os.cpu_count() or 1, conf.min_parallel_slots))

    def _workload(self) -> Workload:
        conf = self._settings
        return Workload(
            slots=1,
            async_slots=conf.async_slots,
            grace_seconds=self._grace_seconds,
            max_invocations=conf.max_invocations_per_worker,
            max_memory_mb=conf.max_memory_per_worker_mb,
            look_seconds=self._engine.components.conf.heartbeat_interval_seconds,
        )
