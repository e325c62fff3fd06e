from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator

from .app_file import open_app


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


@pytest.fixture
def app(path: Path) -> Iterator[SQLiteOrchestrator]:
    orchestrator = open_app(path)
    yield orchestrator
    orchestrator.store.close()
