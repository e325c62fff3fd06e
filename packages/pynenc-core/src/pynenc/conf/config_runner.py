"""Settings of the runners."""

from __future__ import annotations

from pydantic import Field

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.field_types import Seconds

#: More threads or processes than this on one machine are a typing error.
_MAX_THREADS = 10_000
_MAX_PROCESSES = 4_096


class ConfigRunner(ConfigBase):
    """Settings of every runner."""

    invocation_wait_results_sleep_time_sec: Seconds = Field(
        0.1, le=3600, description="Upper bound of the time between two looks at an awaited result."
    )
    runner_loop_sleep_time_sec: Seconds = Field(
        0.1,
        le=3600,
        description="Upper bound of the time an idle runner sleeps without looking at the queue.",
    )
    min_parallel_slots: int = Field(
        1, ge=1, le=_MAX_THREADS, description="Least number of invocations that run at the same time."
    )
    async_slots: int = Field(
        1000, ge=1, le=1_000_000, description="Invocations of 'async def' tasks that run at once per process."
    )


class ConfigThreadRunner(ConfigRunner):
    """Settings of the ThreadRunner."""

    min_threads: int = Field(
        1, ge=1, le=_MAX_THREADS, description="Threads that are kept while there is no work."
    )
    max_threads: int = Field(
        0, ge=0, le=_MAX_THREADS, description="Threads that run invocations at most; 0 is one per CPU."
    )


class ConfigWorkerProcess(ConfigRunner):
    """Settings of worker processes that run more than one invocation."""

    max_invocations_per_worker: int = Field(
        0, ge=0, description="Invocations after which a worker process is replaced; 0 is never."
    )
    max_memory_per_worker_mb: int = Field(
        0, ge=0, description="Resident memory above which a worker process is replaced; 0 is never."
    )


class ConfigMultiThreadRunner(ConfigWorkerProcess):
    """Settings of the MultiThreadRunner."""

    min_threads: int = Field(1, ge=1, le=_MAX_THREADS, description="Threads each process keeps without work.")
    max_threads: int = Field(
        1, ge=0, le=_MAX_THREADS, description="Threads of each process at most; 0 is one per CPU."
    )
    min_processes: int = Field(
        1, ge=1, le=_MAX_PROCESSES, description="Processes that are kept without work."
    )
    max_processes: int = Field(0, ge=0, le=_MAX_PROCESSES, description="Processes at most; 0 is one per CPU.")
    idle_timeout_process_sec: Seconds = Field(
        4.0, description="Idle time after which a process above the minimum ends."
    )
    enforce_max_processes: bool = Field(True, description="Keep max_processes running whatever the backlog.")


class ConfigPersistentProcessRunner(ConfigWorkerProcess):
    """Settings of the PersistentProcessRunner."""

    num_processes: int = Field(0, ge=0, le=_MAX_PROCESSES, description="Worker processes; 0 is one per CPU.")


class ConfigProcessRunner(ConfigRunner):
    """Settings of the ProcessRunner."""

    max_processes: int = Field(
        0,
        ge=0,
        le=_MAX_PROCESSES,
        description="Invocations that run at once, each in a process of its own; 0 is one per CPU.",
    )
