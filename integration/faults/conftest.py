"""An app on each backend that outlives its processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.backends.parts import Backend
from integration.faults.place import Place


@pytest.fixture
def place(backend: Backend, tmp_path: Path) -> Place:
    """A place on a backend whose processes may die."""
    if not backend.capabilities.multi_process:
        pytest.skip("whoever could die would take the store along")
    return Place(backend, tmp_path)
