"""A runner dies while somebody looks on (F14)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from integration.backends import sqlite

from pynenc.values.status import InvocationStatus

from .conftest import Watched, eventually, running

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def store_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where runners that are silent are given up soon."""
    quick = {"heartbeat_interval_seconds": 0.2, "runner_considered_dead_after_minutes": 0.05}
    return {**sqlite.settings(tmp_path_factory.mktemp("shop")), **quick}


@pytest.fixture
def dying(shop: ModuleType, store_settings: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """A runner in a process of its own."""
    words = [sys.executable, "-m", "pynenc", "--app", "pynmon_shop", "runner", "start"]
    environment = {**os.environ, "PYNMON_TEST_SETTINGS": json.dumps(store_settings)}
    with subprocess.Popen(words, cwd=HERE, env=environment, start_new_session=True) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def test_a_runner_dies_and_what_it_had_goes_on_elsewhere(
    watched: Watched, shop: ModuleType, dying: subprocess.Popen[bytes]
) -> None:
    held = shop.hold()
    eventually(lambda: held.status is InvocationStatus.RUNNING)
    victim = held.record.runner_id
    page = watched.open("/runners")
    row = page.locator("tr", has=page.locator(f"a[href='/runners/{victim}']"))
    row.get_by_text("alive").wait_for()
    page.evaluate("window.__stayed = true")
    dying.send_signal(signal.SIGKILL)
    # Nothing is written any more: it is time that makes it so.
    row.get_by_text("late").wait_for()
    row.get_by_text("dead").wait_for()
    assert page.evaluate("window.__stayed"), "the page was loaded again"
    page = watched.open("/")
    page.get_by_text("1 invocation belongs to a dead runner").wait_for()
    shop.released.set()
    with running(shop):
        assert held.get(30) == "released"
    page = watched.open(f"/invocations/{held.invocation_id}")
    assert "Recovering" in page.locator("main").inner_text()
    page = watched.open(f"/runners/{victim}")
    assert page.get_by_text("dead", exact=True).first.is_visible()
    assert page.locator(f"a[href='/invocations/{held.invocation_id}']").first.is_visible()
