from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pynenc import Pynenc
from pynenc.testing import Harness
from pynenc.values.status import is_legal_history

_SAMPLE = "pynenc_workflow_sample"


@pytest.fixture(scope="session")
def module() -> ModuleType:
    path = Path(__file__).with_name("sample.py")
    spec = importlib.util.spec_from_file_location(_SAMPLE, path)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[_SAMPLE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def harness(module: ModuleType, pynenc_harness: Callable[[Pynenc], Harness]) -> Iterator[Harness]:
    module.log.clear()
    module.bodies.clear()
    harness = pynenc_harness(module.app)
    yield harness
    for task in module.app.tasks.values():
        for invocation in harness.invocations(task):
            assert is_legal_history([entry.status for entry in invocation.history])


@pytest.fixture
def tasks(module: ModuleType, harness: Harness) -> Any:
    return module


@pytest.fixture
def start(tasks: Any) -> Callable[..., Any]:
    """Starts a workflow with a body, which may be replaced later under the same name."""

    def starts(body: Callable[[Any], Any], name: str = "it", task: str = "flow") -> Any:
        tasks.bodies[name] = body
        return getattr(tasks, task)(name)

    return starts


class Crash:
    """Kills the worker the first time that the code comes to a place."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._seen: set[str] = set()

    def __call__(self, place: str = "") -> None:
        if place not in self._seen:
            self._seen.add(place)
            self._harness.crash_worker()


@pytest.fixture
def crash(harness: Harness) -> Crash:
    return Crash(harness)


@pytest.fixture
def recover(harness: Harness) -> Callable[[], None]:
    """Runs what there is, and what a dead worker left."""

    def recovers() -> None:
        harness.run_until_idle()
        harness.advance(10)

    return recovers
