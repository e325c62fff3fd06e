"""A running app per test: each backend with each runner that works with it."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from integration.backends.parts import Backend

from pynenc.runner.base_runner import BaseRunner

SAMPLE = "integration.behaviour.sample"
#: Runner → its settings: as few places as it can have.
RUNNERS = {
    "ThreadRunner": {"threadrunner": {"max_threads": 1}},
    "PersistentProcessRunner": {"persistentprocessrunner": {"num_processes": 1}},
    "MultiThreadRunner": {"multithreadrunner": {"max_processes": 1, "max_threads": 1}},
    "ProcessRunner": {"processrunner": {"max_processes": 1}},
}


def eventually(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def children(pid: int, role: str = "") -> list[int]:
    """Processes that a process started, only those of a role if one is given."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # threads and processes come and go
            for child in map(int, path.read_text().split()):
                command = Path(f"/proc/{child}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                if b"pynenc.cli.worker" in command and role in ("", command[-1].decode()):
                    found.append(child)
    return found


def workers(pid: int) -> list[int]:
    """Worker processes of the runners in the process ``pid``."""
    forked = [child for server in children(pid, "fork-server") for child in children(server)]
    return forked + children(pid, "worker")


class RunningApp:
    """The sample app on one backend."""

    def __init__(self, module: ModuleType) -> None:
        self.tasks: Any = module
        self.app = module.app
        self._thread: threading.Thread | None = None
        self.runner: BaseRunner | None = None

    def start(self) -> None:
        self.runner = self.app.runner
        self._thread = threading.Thread(target=self.runner.run, daemon=True)
        self._thread.start()
        eventually(lambda: self.runner.running)

    def stop(self) -> None:
        if self.runner is not None and self._thread is not None:
            self.runner.stop_runner_loop()
            self._thread.join(60)
            assert not self._thread.is_alive(), "the runner did not stop"


@pytest.fixture(params=list(RUNNERS))
def runner_cls(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "not_with(runner, reason): makes no sense with this runner")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only combinations that exist: processes cannot share memory, and threads cannot be killed."""
    items[:] = [item for item in items if _exists(item)]
    for item in items:
        for marker in item.iter_markers("not_with"):
            if isinstance(item, pytest.Function) and item.callspec.params.get("runner_cls") == marker.args[0]:
                item.add_marker(pytest.mark.skip(reason=marker.kwargs["reason"]))


def _exists(item: pytest.Item) -> bool:
    parameters = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    if parameters.get("runner_cls", "ThreadRunner") == "ThreadRunner":
        return item.get_closest_marker("processes_only") is None
    return bool(parameters["backend"].capabilities.multi_process)


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings that a test module or a test adds."""
    return {}


@pytest.fixture
def sample(
    backend: Backend,
    runner_cls: str,
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RunningApp]:
    """The sample app, not running yet."""
    config = {
        "app_id": f"behaviour-{uuid.uuid4().hex}",
        "runner_cls": runner_cls,
        "logging_level": "warning",
        **backend.settings(tmp_path),
        **RUNNERS[runner_cls],
        **settings,
    }
    monkeypatch.setenv("PYNENC_BEHAVIOUR_CONFIG", json.dumps(config))
    sys.modules.pop(SAMPLE, None)
    made = RunningApp(importlib.import_module(SAMPLE))
    yield made
    made.stop()
    made.app.purge()
    made.app.close()


@pytest.fixture
def running(sample: RunningApp) -> RunningApp:
    """The sample app with its runner."""
    sample.start()
    return sample
