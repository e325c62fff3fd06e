from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator

from .app_file import open_app, opened


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Otherwise whichever thread collects garbage closes them, even while another one forks."""
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


@pytest.fixture
def app(path: Path) -> SQLiteOrchestrator:
    return open_app(path)
