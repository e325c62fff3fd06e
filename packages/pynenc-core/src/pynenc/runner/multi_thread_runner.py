"""MultiThreadRunner: worker processes with thread slots, as many as the backlog needs."""

from __future__ import annotations

import os
from typing import ClassVar, cast

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_runner import ConfigMultiThreadRunner
from pynenc.runner.bootstrap import Workload
from pynenc.runner.staffing import FixedStaff, ScalingStaff, Staff
from pynenc.runner.supervised_runner import SupervisedRunner
from pynenc.values.status import AVAILABLE


class MultiThreadRunner(SupervisedRunner):
    """Runs invocations on threads of several processes."""

    config_cls: ClassVar[type[ConfigBase]] = ConfigMultiThreadRunner

    @property
    def _settings(self) -> ConfigMultiThreadRunner:
        return cast("ConfigMultiThreadRunner", self.conf)

    @property
    def _threads(self) -> int:
        return max(self._settings.max_threads or os.cpu_count() or 1, self._settings.min_threads)

    def _staff(self) -> Staff:
        conf = self._settings
        minimum = max(conf.min_processes, -(-conf.min_parallel_slots // self._threads))
        maximum = max(conf.max_processes or os.cpu_count() or 1, minimum)
        if conf.enforce_max_processes:
            return FixedStaff(maximum)
        return ScalingStaff(
            minimum,
            maximum,
            conf.idle_timeout_process_sec,
            self._engine.components.conf.heartbeat_interval_seconds,
            self._count_backlog,
        )

    def _workload(self) -> Workload:
        conf = self._settings
        return Workload(
            slots=self._threads,
            async_slots=conf.async_slots,
            grace_seconds=self._grace_seconds,
            max_invocations=conf.max_invocations_per_worker,
            max_memory_mb=conf.max_memory_per_worker_mb,
            look_seconds=self._engine.components.conf.heartbeat_interval_seconds,
        )

    def _count_backlog(self) -> int:
        counts = self._engine.orchestrator.count_by_status()
        return sum(counts.get(status, 0) for status in AVAILABLE)
