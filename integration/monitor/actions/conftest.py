"""A monitor that has none of the code, and an operator who is logged in there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.monitor.logins import TOKENS, logged_in

from pynenc import PynencBuilder
from pynmon import MonitorSettings, Role, create_monitor_app


@pytest.fixture
def guarded(shop: ModuleType, tmp_path: Path) -> Iterator[FastAPI]:
    """A monitor of an app that has the shop's store and none of its code."""
    store = shop.app.orchestrator.store.writer.execute("PRAGMA database_list").fetchone()[2]
    bare = PynencBuilder().app_id("shop").sqlite(store).custom_config(task_modules=["pynmon_shop"]).build()
    settings = MonitorSettings(
        tokens=TOKENS, read_only=False, requests_per_second=0, audit_file=tmp_path / "audit.jsonl"
    )
    yield create_monitor_app(bare, settings)
    bare.close()


@pytest.fixture
def operator(guarded: FastAPI) -> Iterator[TestClient]:
    """Logged in; whatever is done, no task is imported and no payload decoded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "pynmon_shop")
        yield logged_in(guarded, Role.OPERATOR)
        assert "pynmon_shop" not in sys.modules, "a task was imported"
