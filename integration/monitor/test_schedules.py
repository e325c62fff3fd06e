"""The pages of what runs by itself."""

from __future__ import annotations

import re
from types import ModuleType

from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynenc.trigger import on_cron
from pynmon import create_monitor_app

from .conftest import eventually, running


def test_what_runs_by_itself_is_shown_with_what_became_of_it(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/schedules").text
    assert "no runner has it</span> <b>2</b>" in " ".join(text.split())
    assert "cron &#39;0 0 29 2 *&#39; UTC" in text
    assert "ValueError" in text
    page = client.get("/schedules/pynmon_shop.restock%232").text
    assert "Traceback" in page
    assert "in refusing" in page
    page = client.get("/schedules/pynmon_shop.restock%231").text
    assert re.findall(r'<td class="data"><time datetime="(\d{4}-02-29T00:00:00.000Z)"', page)
    assert "It has never run" in page


def test_a_monitor_without_the_code_knows_what_runners_have(shop: ModuleType) -> None:
    path = (
        shop.app.conf.app_id,
        shop.app.orchestrator.store.writer.execute("PRAGMA database_list").fetchone()[2],
    )
    foreign = PynencBuilder().app_id(path[0]).sqlite(path[1]).build()
    client = TestClient(create_monitor_app(foreign), base_url="http://localhost")
    assert "Nothing runs by itself" in client.get("/schedules").text
    with running(shop):
        eventually(lambda: "in force</span> <b>2</b>" in " ".join(client.get("/schedules").text.split()))
        shop.app.trigger.pause("pynmon_shop.restock#1")
        text = client.get("/schedules/pynmon_shop.restock%231").text
        shop.app.trigger.resume("pynmon_shop.restock#1")
    assert "paused" in text
    assert re.findall(r'<td class="data"><time datetime="(\d{4}-02-29T00:00:00.000Z)"', text)
    foreign.close()


def close_the_half() -> None:
    """Is due in winter and in summer."""


def test_times_ahead_are_shown_by_the_clocks_that_they_are_written_for() -> None:
    app = PynencBuilder().app_id("halves").memory().build()
    app.task(triggers=[on_cron("0 0 1 1,7 *", timezone="Europe/Berlin")])(close_the_half)
    client = TestClient(create_monitor_app(app), base_url="http://localhost")
    (path,) = re.findall(r'href="(/schedules/[^"]+)"', client.get("/schedules").text)
    text = client.get(path).text
    shown = re.findall(
        r"T(\d\d):00:00.000Z</time></td><td[^>]*>[^<]* 01 (Jan|Jul) [^<]* 00:00:00 (\w+)</td>", text
    )
    assert len(shown) == 5
    assert set(shown) == {("23", "Jan", "CET"), ("22", "Jul", "CEST")}
    assert "Clocks are moved between these times" in text
