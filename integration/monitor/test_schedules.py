"""The pages of what runs by itself."""

from __future__ import annotations

import re
from types import ModuleType, SimpleNamespace

from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynenc.trigger import on_cron, on_event
from pynmon import create_monitor_app

from .conftest import eventually, running


def test_what_runs_by_itself_is_shown_with_what_became_of_it(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/schedules").text
    assert "no runner has it</span> <b>2</b>" in " ".join(text.split())
    assert "cron &#39;0 0 29 2 *&#39; UTC" in text
    assert "At 00:00, on day 29 of the month, only in February, UTC" in text
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
        (runner,) = {one.runner_id for one in shop.app.trigger.list_triggers()}
    assert "paused" in text
    assert f'href="/runners/{runner}"' in text
    assert re.findall(r'<td class="data"><time datetime="(\d{4}-02-29T00:00:00.000Z)"', text)
    foreign.close()


def test_a_trigger_is_tried_after_any_instant_without_a_run(shop: ModuleType, client: TestClient) -> None:
    path = "/schedules/pynmon_shop.restock%231"
    before = shop.app.trigger.list_runs()
    text = client.get(path, params={"after": "2030-01-01", "count": 10}).text
    shown = re.findall(r'<td class="data"><time datetime="(\d{4})-02-29T00:00:00.000Z"', text)
    assert shown == [str(year) for year in range(2032, 2069, 4)]
    answer = client.get(f"/api/v1{path}", params={"after": "2030-01-01", "count": 10}).json()
    assert [one[:4] for one in answer["due"]] == shown
    assert answer["schedule"]["words"] == ["At 00:00, on day 29 of the month, only in February, UTC"]
    assert shop.app.trigger.list_runs() == before
    for words in ({"after": "<b>"}, {"after": "9999-12-31"}, {"count": "7"}, {"count": "x"}):
        for one in (path, f"/api/v1{path}"):
            assert client.get(one, params=words).status_code == 422, (one, words)
    assert "&#39;&lt;b&gt;&#39; is no instant" in client.get(path, params={"after": "<b>"}).text


def test_schedules_as_json_say_what_the_pages_say(client: TestClient) -> None:
    timed, told = sorted(
        client.get("/api/v1/schedules").json()["schedules"], key=lambda one: one["trigger_id"]
    )
    assert (timed["state"], timed["latest_at"], told["words"]) == ("no runner has it", None, [])
    (run,) = client.get("/api/v1/schedules/pynmon_shop.restock%232").json()["runs"]
    assert (run["invocation_id"], run["error"][:10]) == (None, "ValueError")
    assert client.get("/api/v1/schedules/unknown").status_code == 404


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


PACKED = "<i>packed</i>"


def ship() -> None:
    """Needs two things to happen."""


def test_what_has_happened_and_waits_for_the_rest_is_shown() -> None:
    app = PynencBuilder().app_id("pairs").memory().thread_runner(1, 1).build()
    app.task(triggers=on_event(PACKED).on_event("paid"))(ship)
    client = TestClient(create_monitor_app(app), base_url="http://localhost")
    with running(SimpleNamespace(app=app)):
        eventually(lambda: "in force" in client.get("/schedules").text)
        (path,) = re.findall(r'href="(/schedules/[^"]+)"', client.get("/schedules").text)
        assert "Nothing has happened that waits for the rest" in client.get(path).text
        for _ in range(2):
            app.trigger.emit_event(PACKED)
        eventually(lambda: "<b>\u00d7 2</b>" in client.get(path).text)
        (rows,) = re.findall(r"<h2>Half complete.*?<tbody>(.*?)</tbody>", client.get(path).text, re.DOTALL)
        assert re.findall(r'<span class="data">([^<]+)</span>', rows) == [
            "event &#39;&lt;i&gt;packed&lt;/i&gt;&#39;"
        ]
        assert re.findall(r'<td class="data">([^<]+)</td>', rows) == ["event &#39;paid&#39;"]
        app.trigger.emit_event("paid")
        eventually(app.trigger.list_runs)
        eventually(lambda: "<b>\u00d7 2</b>" not in client.get(path).text)
        assert "Still missing" in client.get(path).text
