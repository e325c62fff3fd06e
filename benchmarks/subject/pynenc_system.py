"""pynenc on one of its own stores."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import psutil
from benchmarks.harness.system import System, until
from benchmarks.harness.worker_group import worker_group

_COMPONENTS = {
    "orchestrator": "Orchestrator",
    "broker": "Broker",
    "state_backend": "StateBackend",
    "client_data_store": "ClientDataStore",
    "trigger": "Trigger",
}
#: Types of queues of RabbitMQ; everything else is in Redis.
_QUEUES = ("quorum", "classic")
#: Final statuses with a result.
_DONE = ("success", "failed")


class PynencSystem(System):
    """Memory with the ThreadRunner in this process, or SQLite with worker processes."""

    is_peer: ClassVar[bool] = False

    def __init__(self, folder: Path, variant: str) -> None:
        super().__init__(folder, variant)
        self.in_memory = variant == "memory"
        store = "redis" if variant in _QUEUES else variant
        prefix = {"memory": "Mem", "redis": "Redis", "mongodb": "Mongo"}.get(store, "SQLite")
        settings: dict[str, Any] = {f"{part}_cls": prefix + cls for part, cls in _COMPONENTS.items()}
        settings |= {"app_id": "bench", "logging_level": "warning"}
        if self.in_memory:
            settings["runner_cls"] = "ThreadRunner"
        elif store == "redis":
            settings |= {"runner_cls": "PersistentProcessRunner", "redis_url": os.environ["BENCHMARK_REDIS"]}
        elif variant == "mongodb":
            settings |= {
                "runner_cls": "PersistentProcessRunner",
                "mongo_url": os.environ["BENCHMARK_MONGODB"],
            }
        else:
            settings |= {
                "runner_cls": "PersistentProcessRunner",
                "sqlite_db_path": str(folder / "bench.db"),
                "sqlite_synchronous": variant.upper(),
            }
        if variant in _QUEUES:
            settings |= {
                "broker_cls": "RabbitMqBroker",
                "rabbitmq_url": os.environ["BENCHMARK_RABBITMQ"],
                "rabbitmq_queue_type": variant,
            }
        self._settings = settings
        os.environ["BENCHMARK_PYNENC"] = json.dumps(settings)
        self.tasks = import_module("benchmarks.subject.tasks")
        self.app = self.tasks.app

    def call(self, task: str, *args: Any) -> Any:
        return getattr(self.tasks, task)(*args)

    def call_many(self, task: str, calls: Sequence[tuple[Any, ...]]) -> Any:
        return getattr(self.tasks, task).parallelize(calls)

    def result(self, handle: Any) -> Any:
        return handle.result

    def replay(self, handle: Any) -> None:
        steps = len(self.app.engine.workflows.operations(handle.invocation_id))
        assert self.app.fork_workflow(handle.invocation_id, steps).result == handle.result

    def finished(self) -> int:
        counts = self.app.orchestrator.count_by_status()
        return sum(number for status, number in counts.items() if status.value in _DONE)

    @contextmanager
    def workers(self, processes: int) -> Iterator[list[psutil.Process]]:
        """Worker processes; on memory so many threads of this one."""
        if self.in_memory:
            with self._threads(processes):
                yield [psutil.Process()]
            return
        settings = {**self._settings, "persistentprocessrunner": {"num_processes": processes}}
        command = ["-m", "pynenc", "--app", "benchmarks.subject.tasks.app", "runner", "start"]
        with worker_group(command, {"BENCHMARK_PYNENC": json.dumps(settings)}, processes) as group:
            until(lambda: len(self.app.orchestrator.list_runners()) > processes, 0.01)
            yield group

    @contextmanager
    def _threads(self, number: int) -> Iterator[None]:
        from pynenc.conf.config_runner import ConfigThreadRunner  # noqa: PLC0415 - only where pynenc is measured

        runner = self.app.runner
        assert isinstance(runner.conf, ConfigThreadRunner)
        runner.conf.max_threads = number
        thread = threading.Thread(target=runner.run, daemon=True)
        thread.start()
        until(lambda: runner.running, 0.001)
        try:
            yield
        finally:
            runner.stop_runner_loop()
            thread.join(30)
