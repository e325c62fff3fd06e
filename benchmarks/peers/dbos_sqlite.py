"""DBOS on SQLite as it comes: rollback journal, synchronous = FULL. Workflows run in the process that starts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from benchmarks.harness import workloads
from benchmarks.harness.system import System
from dbos import DBOS

add = DBOS.step()(workloads.add)


@DBOS.workflow()
def steps(count: int) -> int:
    """So many durable steps, one after the other."""
    return sum(add(number, 1) for number in range(count))


class DbosSystem(System):
    """Workflows only."""

    def __init__(self, folder: Path, variant: str) -> None:
        super().__init__(folder, variant)
        url = f"sqlite:///{folder / 'dbos.db'}"
        DBOS(
            config={
                "name": "bench",
                "system_database_url": url,
                "log_level": "ERROR",
                "run_admin_server": False,
            }
        )

    def call(self, task: str, *args: Any) -> Any:
        assert task == "steps"
        return DBOS.start_workflow(steps, *args)

    def call_many(self, task: str, calls: Sequence[tuple[Any, ...]]) -> Any:
        return [self.call(task, *args) for args in calls]

    def result(self, handle: Any) -> Any:
        return handle.get_result()

    def replay(self, handle: Any) -> None:
        count = len(DBOS.list_workflow_steps(handle.workflow_id))
        assert DBOS.fork_workflow(handle.workflow_id, count + 1).get_result() == handle.get_result()

    def finished(self) -> int:
        return len(DBOS.list_workflows(status="SUCCESS"))

    @contextmanager
    def workers(self, processes: int) -> Iterator[list[psutil.Process]]:
        DBOS.launch()
        try:
            yield [psutil.Process()]
        finally:
            DBOS.destroy()
