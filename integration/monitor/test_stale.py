"""When the store goes away: what was seen stays, it is said since when it is old, and all comes back by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pynenc import Pynenc, PynencBuilder
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynmon import MonitorSettings, create_monitor_app

from .conftest import Watched, eventually, served


class Drive:
    """A file system that can be taken away from under an app."""

    def __init__(self, folder: Path) -> None:
        self._here, self._away = folder / "here", folder / "away"
        self._here.mkdir()
        self.app: Pynenc = PynencBuilder().app_id("shop").sqlite(str(self._here / "shop.db")).build()
        self.submit("first")

    def submit(self, name: str) -> None:
        call = NewInvocation(
            invocation_id=InvocationId(name), task_id="shop.pay", args_id="x", root_id=InvocationId(name)
        )
        self.app.orchestrator.submit([call], {}, enqueue=True)

    def take_away(self) -> None:
        # A connection that is open follows its file; none can be opened from here on.
        self._here.rename(self._away)
        self.app.orchestrator.store.close()

    def bring_back(self) -> None:
        self._away.rename(self._here)


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Drive]:
    drive = Drive(tmp_path)
    yield drive
    drive.app.close()


@pytest.fixture
def away(chromium: Any, drive: Drive) -> Iterator[Watched]:
    """A browser; it complains about answers that say that the store is away, and about nothing else."""
    monitor = create_monitor_app(
        drive.app, MonitorSettings(allowed_hosts=("127.0.0.1",), refresh_seconds=0.1)
    )
    with served(monitor) as address:
        watched = Watched(chromium, address)
        yield watched
        watched.context.close()
    assert [one for one in watched.complaints if "503" not in one] == []


def test_an_open_page_says_since_when_it_is_old_and_recovers_alone(away: Watched, drive: Drive) -> None:
    page = away.open("/invocations")
    stale = page.locator("#stale")
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")
    assert not stale.is_visible()
    page.evaluate("window.__stayed = true")
    drive.take_away()
    eventually(lambda: page.wait_for_timeout(50) or stale.is_visible())
    assert re.search(
        r"The store cannot be read\. What you see is from \d\d:\d\d:\d\d UTC", stale.inner_text()
    )
    assert "first" in page.locator("#content").inner_text()
    drive.bring_back()
    eventually(lambda: page.wait_for_timeout(50) or not stale.is_visible())
    drive.submit("second")
    eventually(lambda: page.wait_for_timeout(50) or "second" in page.locator("#content").inner_text())
    assert page.evaluate("window.__stayed"), "the page was loaded again"


def test_a_page_that_is_opened_meanwhile_says_so_and_comes_by_itself(away: Watched, drive: Drive) -> None:
    drive.take_away()
    page = away.open("/invocations?status=registered")
    assert page.get_by_role("heading").inner_text() == "The store cannot be read now."
    drive.bring_back()
    eventually(lambda: page.wait_for_timeout(50) or page.locator("h1").inner_text() == "Invocations")
    assert "first" in page.locator("#content").inner_text()
    assert page.url.endswith("/invocations?status=registered")


def test_every_page_names_the_store_and_none_is_blank(drive: Drive) -> None:
    client = TestClient(
        create_monitor_app(drive.app), base_url="http://localhost", raise_server_exceptions=False
    )
    drive.take_away()
    for path in (
        "/",
        "/invocations",
        "/failures",
        "/schedules",
        "/queues",
        "/tasks",
        "/runners",
        "/timeline",
    ):
        response = client.get(path)
        assert response.status_code == 503, path
        assert "The store cannot be read now." in response.text
        assert response.headers["refresh"] == "3"
    # Which store it is, and what to do, is on the page about it.
    system = client.get("/system")
    assert system.status_code == 200
    assert "problem" in system.text
    assert client.get("/healthz").status_code == 200
    drive.bring_back()
    assert client.get("/").status_code == 200


def test_the_store_being_away_is_told_to_whoever_balances_load(drive: Drive) -> None:
    client = TestClient(create_monitor_app(drive.app), base_url="http://localhost")
    assert client.get("/readyz").json() == {"status": "ok"}
    drive.take_away()
    eventually(lambda: client.get("/readyz").status_code == 503)
    assert client.get("/healthz").status_code == 200
    drive.bring_back()
    eventually(lambda: client.get("/readyz").status_code == 200)
