from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pynenc import Pynenc
from pynenc.testing import Harness
from pynenc.values.status import FINAL, InvocationStatus, is_legal_history

_SAMPLE = "pynenc_harness_sample"


def _load() -> ModuleType:
    path = Path(__file__).with_name("sample.py")
    spec = importlib.util.spec_from_file_location(_SAMPLE, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[_SAMPLE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def module() -> ModuleType:
    return _load()


@pytest.fixture
def tasks(module: ModuleType) -> ModuleType:
    module.log.clear()
    module.outside.clear()
    return module


@pytest.fixture
def harness(tasks: ModuleType, pynenc_harness: Callable[[Pynenc], Harness]) -> Iterator[Harness]:
    """Whatever a test does: histories are legal, and nothing that ended leaves a wait behind."""
    harness = pynenc_harness(tasks.app)
    yield harness
    statuses: set[InvocationStatus] = set()
    for task in tasks.app.tasks.values():
        for invocation in harness.invocations(task):
            statuses.add(invocation.status)
            assert is_legal_history([entry.status for entry in invocation.history])
    if statuses <= FINAL:
        assert tasks.app.orchestrator.get_waits() == {}
