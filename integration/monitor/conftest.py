"""A shop whose tasks really ran, on a file, and its monitor: for pages and for browsers."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.backends import load, sqlite
from integration.backends.parts import Site
from integration.clocks import ManualClock
from integration.world import World

from pynenc import Pynenc, PynencBuilder
from pynmon import MonitorSettings, api, create_monitor_app, pages
from pynmon.app_factory import declared_routes

CHROMIUM = Path("/usr/bin/chromium")
#: As in integration/conftest.py.
REQUIRE = "PYNENC_TEST_REQUIRE"


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def running(shop: Any) -> Iterator[None]:
    """A runner in this process."""
    runner = shop.app.runner
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    eventually(lambda: runner.running)
    try:
        yield
    finally:
        runner.stop_runner_loop()
        thread.join(60)
        assert not thread.is_alive()


def settings_on(name: str, folder: Path) -> dict[str, Any]:
    """The settings of a shop of its own on a backend; a backend that cannot be reached has the test skipped."""
    store = load(name)
    if (reason := store.unreachable()) is not None:
        if {name, "all"} & set(os.environ.get(REQUIRE, "").split(",")):
            pytest.fail(f"{REQUIRE} names {name}, but: {reason}")
        pytest.skip(reason)
    return {**store.settings(folder), "app_id": f"shop-{uuid.uuid4().hex[:8]}"}


@pytest.fixture(scope="module")
def store_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where the shop keeps its records."""
    return sqlite.settings(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def shop(store_settings: dict[str, Any]) -> Iterator[ModuleType]:
    """The shop after a day's work: nothing runs any more. One for each file of tests: those in browsers add to it."""
    os.environ["PYNMON_TEST_SETTINGS"] = json.dumps(store_settings)
    sys.path.insert(0, str(Path(__file__).parent))
    sys.modules.pop("pynmon_shop", None)
    shop = importlib.import_module("pynmon_shop")
    with running(shop):
        calls = [shop.charge(n, 1.5 * n) for n in range(30)]
        calls += [task(text) for text in shop.HOSTILE for task in (shop.echo, shop.refuse)]
        calls += [
            shop.flaky("a"),
            shop.batch(9),
            shop.nightly(8),
            shop.login("bob", "hunter2", {"api_key": "k-123", "db": "main"}),
        ]
        assert all(call.wait(60) for call in calls)
        shop.app.trigger.emit_event(shop.EVENT)
        eventually(shop.app.trigger.list_runs)
    yield shop
    shop.app.purge()
    shop.app.close()
    sys.path.remove(str(Path(__file__).parent))


@pytest.fixture(scope="module")
def monitor(shop: ModuleType) -> FastAPI:
    return create_monitor_app(
        shop.app,
        # Tests ask faster than people.
        MonitorSettings(allowed_hosts=("127.0.0.1", "localhost"), refresh_seconds=0.1, requests_per_second=0),
    )


def a_minute_ago() -> ManualClock:
    """A clock that a busy machine does not move."""
    clock = ManualClock()
    clock.advance(time.time() - 60 - clock.now())
    return clock


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Records on a file, to be filled without any task that runs; time passes when a test says so."""
    world = World(sqlite.BACKEND, Site(tmp_path_factory.mktemp("world"), a_minute_ago()), "world")
    yield world
    world.close()


@pytest.fixture(scope="module")
def world_app(world: World) -> Iterator[Pynenc]:
    """An app of these records."""
    app = PynencBuilder().app_id(world.app_id).sqlite(str(world.site.folder / "all.db")).build()
    yield app
    app.close()


@pytest.fixture
def world_client(world_app: Pynenc) -> TestClient:
    """Reads them through a monitor that has read nothing yet."""
    return TestClient(
        create_monitor_app(world_app, MonitorSettings(requests_per_second=0)), base_url="http://localhost"
    )


def routes_of(monitor: FastAPI) -> set[tuple[str, str]]:
    """Method and path of everything that can be asked for."""
    routes = declared_routes()
    # FastAPI shows an included router as one route without a path: all of those have to be ours.
    included = [route for route in monitor.routes if getattr(route, "path", None) is None]
    assert len(included) <= len(pages.ROUTERS) + len(api.ROUTERS)
    routes += [route for route in monitor.routes if route not in included]
    return {
        (method, str(getattr(route, "path", "")))
        for route in routes
        for method in getattr(route, "methods", None) or {"GET"}
        if method != "HEAD"
    }


@pytest.fixture
def client(monitor: FastAPI) -> TestClient:
    return TestClient(monitor, base_url="http://localhost", raise_server_exceptions=False)


def statements(shop: ModuleType) -> Any:
    """What the store of the shop is asked by the monitor meanwhile."""
    return statements_of(shop.app)


def statements_of(app: Pynenc) -> Any:
    """What a store is asked by a monitor meanwhile."""

    @contextmanager
    def counted() -> Iterator[list[str]]:
        seen: list[str] = []
        store: Any = app.orchestrator.store
        # Triggers are read where runners read them, too.
        for open_connection in (store.inspect, store.read):
            with open_connection() as connection:
                connection.set_trace_callback(seen.append)
        try:
            yield seen
        finally:
            for open_connection in (store.inspect, store.read):
                with open_connection() as connection:
                    connection.set_trace_callback(None)

    return counted()


def asks_few(shop: ModuleType, path: str, ceiling: int) -> str:
    """What a monitor that has read nothing yet answers to an address, with at most so many questions to its store."""
    client = TestClient(create_monitor_app(shop.app), base_url="http://localhost")
    with statements(shop) as seen:
        response = client.get(path)
    assert response.status_code == 200
    assert len(seen) <= ceiling, seen
    return str(response.text)


def invocation_of(shop: ModuleType, client: TestClient, task: str) -> str:
    page = client.get(f"/invocations?task=pynmon_shop.{task}")
    return str(re.findall(r'href="(/invocations/[^"]+)"', page.text)[-1])


@contextmanager
def served(monitor: Any) -> Iterator[str]:
    """The address under which an ASGI app is served meanwhile."""
    config = uvicorn.Config(monitor, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def address(monitor: FastAPI) -> Iterator[str]:
    with served(monitor) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; its absence is a skip that everybody sees, or a failure where it is required."""
    if not CHROMIUM.exists():
        required = os.environ.get(REQUIRE, "").split(",")
        if "chromium" in required or "all" in required:
            pytest.fail(f"{REQUIRE} names chromium, but there is no {CHROMIUM}")
        pytest.skip(f"there is no {CHROMIUM}")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A browser's page, and whatever it did that none of ours may do."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        self.context.route("**/*", self._same_origin_only)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def open(self, path: str) -> Any:
        """Load a page of the monitor."""
        self.page.goto(self.address + path, wait_until="load")
        return self.page

    def _same_origin_only(self, route: Any) -> None:
        if route.request.url.startswith(self.address):
            route.continue_()
        else:
            self.complaints.append(f"request to {route.request.url}")
            route.abort()

    def _console(self, message: Any) -> None:
        # Violations of the content security policy are told here, too.
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")


#: Themes and widths in which every page has to be for everybody, and those in which some of them are looked at.
LOOKS, OTHER_LOOKS = (("light", 1440), ("dark", 390)), (("dark", 1440), ("light", 390))
_AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # All that is well is not told: that takes longer than finding it out.
    "resultTypes": ["violations"],
}


def for_everybody(
    page: Any, name: str, looks: Sequence[tuple[str, int]] = LOOKS, but: Sequence[str] = ()
) -> None:
    """No rule of accessibility is broken, ``but`` these, and nothing but regions that say so scrolls sideways."""
    page.evaluate(AXE_SCRIPT)
    options = {**_AXE, "rules": {rule: {"enabled": False} for rule in but}}
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        results = AxeResults(page.evaluate("options => axe.run(document, options)", options))
        assert results.violations_count == 0, (name, scheme, width, results.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)


def ids_of(page: Any, task: str) -> list[str]:
    page.goto(
        re.sub(r"/[^/]*$", "", page.url.split("?")[0]) + f"/invocations?task=pynmon_shop.{task}&size=200"
    )
    return [
        link.get_attribute("href") for link in page.locator("tr > td > a.id[href*='/invocations/']").all()
    ]


@pytest.fixture
def watched(chromium: Any, address: str) -> Iterator[Watched]:
    watched = Watched(chromium, address)
    yield watched
    watched.context.close()
    assert watched.complaints == []


@pytest.fixture
def world_watched(chromium: Any, world_app: Pynenc) -> Iterator[Watched]:
    """A browser that looks at a world."""
    with served(create_monitor_app(world_app, MonitorSettings(requests_per_second=0))) as address:
        watched = Watched(chromium, address)
        yield watched
        watched.context.close()
    assert watched.complaints == []
