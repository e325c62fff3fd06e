"""Makes the pictures of the monitor in ``docs/images``: a shop works for a while, and a browser looks at it.

Needs what the tests of the monitor need: ``/usr/bin/chromium``, and the environment that ``python3 dev.py test`` makes.
``.nox/python3.11/bin/python docs/pictures/make.py`` makes all of them, in about two minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
SECRET = "the-one-that-looks-at-the-pictures"
WIDE, PHONE = (1280, 860), (390, 844)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long the shop works before it is looked at"
    )
    parser.add_argument("--folder", type=Path, default=HERE.parent / "images", help="where the pictures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["PICTURES_DB"] = str(Path(place) / "shop.db")
        sys.path.insert(0, str(HERE))
        import shop_tasks as shop  # noqa: PLC0415 - its file is known only now

        with (
            worker(place),
            worker(place),
            worker(place) as dying,
            served(shop, Path(place)) as address,
            photographer(address, options.folder) as it,
        ):
            with customers(shop):
                time.sleep(options.seconds / 2)
                # What a runner had in hand when it died is taken over by another one.
                os.killpg(dying.pid, signal.SIGKILL)
                time.sleep(options.seconds / 2)
                it.take_all()
            it.take_what_is_stale(shop.app.orchestrator.store)
        shop.app.close()


@contextlib.contextmanager
def worker(place: str) -> Iterator[subprocess.Popen[bytes]]:
    """A runner with its workers, in a process group of its own."""
    words = [sys.executable, "-m", "pynenc", "--app", "shop_tasks", "runner", "start"]
    with (Path(place) / "runner.log").open("ab") as log:
        process = subprocess.Popen(words, cwd=HERE, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        # What it has in hand is worth nothing any more.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def customers(shop: Any) -> Iterator[None]:
    """Calls come in meanwhile."""
    gone = threading.Event()

    def come() -> None:
        shop.import_catalogue(400)
        while not gone.wait(0.4):
            customer = random.randrange(1_000, 9_999)
            shop.charge_customer(customer, 9.5)
            shop.send_receipt(customer, f"{customer}@example.org")
            if customer % 8 == 0:
                shop.nightly_billing(random.randrange(2, 6))
            if customer % 20 == 0:
                shop.app.trigger.emit_event("stock.low", {"article": "lamp"})

    thread = threading.Thread(target=come)
    thread.start()
    try:
        yield
    finally:
        gone.set()
        thread.join()


@contextlib.contextmanager
def served(shop: Any, place: Path) -> Iterator[str]:
    """The monitor, for an admin."""
    import uvicorn  # noqa: PLC0415 - not before the settings are there

    from pynmon import AccessToken, MonitorSettings, Role, create_monitor_app  # noqa: PLC0415

    settings = MonitorSettings(
        environment="STAGING",
        tokens=(AccessToken.of(Role.ADMIN, "olga", SECRET),),
        read_only=False,
        allow_enqueue=True,
        allow_purge=True,
        requests_per_second=0,
        audit_file=place / "audit.jsonl",
        log_url_template="https://logs.example.org/?q={invocation_id}",
    )
    config = uvicorn.Config(
        create_monitor_app(shop.app, settings), port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextlib.contextmanager
def photographer(address: str, folder: Path) -> Iterator[Photographer]:
    """One with a browser."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for whoever makes pictures only

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Photographer(browser.new_page(), address, folder)
        browser.close()


class Photographer:
    """Looks at one page after the other.

    Args:
        page: Of a browser.
        address: Of the monitor.
        folder: Where the pictures go.
    """

    def __init__(self, page: Any, address: str, folder: Path) -> None:
        self._page = page
        self._address = address
        self._folder = folder

    def take_all(self) -> None:
        """What ``docs/monitor.md`` shows while the shop works."""
        self._take("login", "/login", size=PHONE)
        self._log_in()
        self._pages()
        self._actions()
        self._phone_and_dark()

    def _log_in(self) -> None:
        page = self._page
        page.get_by_label("Your access token").fill(SECRET)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_selector("#content")

    def _pages(self) -> None:
        page, failed = self._page, self._first("/invocations?status=failed")
        self._take("dashboard", "/?range=15m", height=1200)
        self._take("invocations", "/invocations")
        self._take("query", "/invocations?q=task:*.charge_customer+status:failed+attempts:%3E0")
        self._take("timeline", self._moments())
        # Others may lie above its middle.
        page.locator("svg a:has(.bar)").nth(5).hover(force=True)
        page.wait_for_timeout(500)
        self._shoot("timeline-at")
        self._take("invocation", failed, height=1420)
        self._take("workflows", "/workflows")
        self._take("workflow-types", "/workflows/types")
        page.goto(self._address + "/workflows")
        run = page.locator("tbody a.id").nth(3).get_attribute("href")
        self._take("workflow", run)
        page.goto(self._address + run)
        self._take("family", page.get_by_role("link", name="timeline").last.get_attribute("href"))
        for name in ("tasks", "failures", "schedules", "queues", "runners", "system"):
            self._take(name, f"/{name}")
        self._take("task", "/tasks/shop_tasks.charge_customer", height=2100)
        self._take("failure", self._first("/failures", "main a[href^='/failures/']"), height=1150)
        self._take("schedule", self._first("/schedules", "main a[href^='/schedules/']"), height=1000)
        self._take("runner", self._first("/runners", "main tbody a[href^='/runners/']"))
        self._logs()

    def _logs(self) -> None:
        page = self._page
        log = Path(os.environ["PICTURES_DB"]).with_name("runner.log")
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "invocation:" in line]
        page.goto(self._address + "/logs")
        page.locator("textarea").fill("\n".join(lines[-12:]))
        page.get_by_role("button", name="Explain").click()
        page.wait_for_load_state()
        self._shoot("logs")

    def _actions(self) -> None:
        page = self._page
        page.goto(self._address + "/invocations?status=failed")
        page.locator("#bulk button[value=rerun]").click()
        page.wait_for_load_state()
        self._shoot("bulk")
        page.goto(self._address + self._first("/invocations?status=failed"))
        page.get_by_role("button", name="Run again").click()
        page.wait_for_load_state()
        self._take("enqueue", "/enqueue?task=shop_tasks.charge_customer")
        self._take("maintenance", "/system/maintenance")
        self._take("audit", "/audit")

    def _phone_and_dark(self) -> None:
        self._take("phone", "/invocations", size=PHONE)
        self._page.emulate_media(color_scheme="dark")
        self._take("dark", self._moments())
        self._page.emulate_media(color_scheme="light")

    def take_what_is_stale(self, store: Any) -> None:
        """The same while the store cannot be read."""
        page = self._page
        page.set_viewport_size({"width": 1440, "height": 320})
        page.goto(self._address + "/invocations")
        page.locator("#live-word", has_text="live").wait_for()
        database = Path(os.environ["PICTURES_DB"])
        kept = database.with_suffix(".kept")
        store.close()
        database.rename(kept)
        database.mkdir()
        try:
            page.locator("#stale:not(:empty)").wait_for(timeout=60_000)
            self._shoot("stale")
        finally:
            database.rmdir()
            kept.rename(database)

    @staticmethod
    def _moments() -> str:
        """The timeline of a few seconds, each bar of which can be seen."""
        since, until = (datetime.fromtimestamp(time.time() - ago, UTC) for ago in (12, 2))
        words = {"from": since.isoformat(timespec="seconds"), "to": until.isoformat(timespec="seconds")}
        return f"/timeline?{urlencode(words)}"

    def _first(self, path: str, link: str = "tbody a.id") -> str:
        self._page.goto(self._address + path)
        return str(self._page.locator(link).first.get_attribute("href"))

    def _take(self, name: str, path: str | None, size: tuple[int, int] = WIDE, height: int = 0) -> None:
        assert path, f"no address for {name}"
        self._page.set_viewport_size({"width": size[0], "height": height or size[1]})
        self._page.goto(self._address + path, wait_until="load")
        self._page.wait_for_timeout(400)  # until what comes by itself is there, too
        self._shoot(name)

    def _shoot(self, name: str) -> None:
        self._page.screenshot(path=self._folder / f"monitor-{name}.png")


if __name__ == "__main__":
    main()
