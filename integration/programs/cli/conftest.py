from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pynenc.app import Pynenc
from pynenc.app_loader import load_app
from pynenc.task import Task

_SHOP = """
from pynenc import PynencBuilder

app = PynencBuilder().app_id("shop").sqlite("shop.db").thread_runner(1, 1).build()


@app.task
def add(x: int, y: int) -> int:
    return x + y


@app.task
def fail() -> None:
    raise ValueError("no such article")
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, where a command looks for its app; what it imports is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def shop(directory: Path) -> Iterator[Pynenc]:
    """An app in an SQLite file, which commands find without being told its name."""
    (directory / "shop_tasks.py").write_text(_SHOP)
    app = load_app(None)
    yield app
    app.close()


def task_of(app: Pynenc, name: str) -> Task[..., Any]:
    return app.get_task(f"shop_tasks.{name}")


@contextmanager
def running(app: Pynenc) -> Iterator[None]:
    """The app's runner, on a thread."""
    runner = app.runner
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not runner.running:
        assert time.monotonic() < deadline, "the runner did not start"
        time.sleep(0.005)
    try:
        yield
    finally:
        runner.stop_runner_loop()
        thread.join(10)
        assert not thread.is_alive(), "the runner did not stop"
