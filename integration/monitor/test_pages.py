"""Every page: whole, harmless, and without any trace in the store."""

from __future__ import annotations

import re
import sqlite3
import sys
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynenc.contracts import BaseOrchestrator
from pynenc.exceptions import MonitorUnavailableError
from pynmon import MonitorSettings, create_monitor_app

from .crawl import Page, crawl


@pytest.fixture(scope="module")
def crawled(shop: ModuleType, monitor: FastAPI) -> dict[str, Page]:
    """Every page; to read them nothing was written, no payload decoded and no task imported."""
    client = TestClient(monitor, base_url="http://localhost", raise_server_exceptions=False)
    path = shop.app.orchestrator.store.writer.execute("PRAGMA database_list").fetchone()[2]
    other = sqlite3.connect(path)
    version = other.execute("PRAGMA data_version").fetchone()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(shop.app.serializer), "deserialize", lambda *_, **__: pytest.fail("a payload was decoded")
        )
        patch.delitem(sys.modules, "pynmon_shop")
        pages = crawl(client, alike=3)
        assert "pynmon_shop" not in sys.modules, "a task was imported"
    assert other.execute("PRAGMA data_version").fetchone() == version, "something was written"
    other.close()
    return pages


def test_every_link_leads_to_a_page_and_no_page_breaks_the_rules(crawled: dict[str, Page]) -> None:
    assert len(crawled) > 200
    for path, page in crawled.items():
        assert page.forbidden == [], path
        assert page.headings == 1, path
        assert len(page.ids) == len(set(page.ids)), (
            path,
            [one for one in page.ids if page.ids.count(one) > 1],
        )
        assert all(source.startswith(("/static/", "#", "data:")) for source in page.sources), (
            path,
            page.sources,
        )


@pytest.mark.parametrize("path", ["/invocations", "/timeline", "/workflows", "/failures", "/tasks"])
def test_a_page_that_looks_again_is_sent_nothing_of_what_is_around_it(client: TestClient, path: str) -> None:
    whole, again = client.get(path), client.get(path, headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert again.text.count('id="content"') == whole.text.count('id="content"') == 1
    assert "<nav" in whole.text.partition("<main")[0]
    assert not re.search("<(html|head|body|main|footer)\\b", again.text)


def test_secrets_are_masked(crawled: dict[str, Page]) -> None:
    text = "".join(page.text for page in crawled.values())
    assert "hunter2" not in text
    assert "k-123" not in text
    assert "***@db/shop" in text
    assert "main" in text


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/nothing", 404, "no such page"),
        ("/invocations/unknown", 404, "There is no invocation"),
        ("/tasks/unknown.task", 404, "no invocation of a task"),
        ("/?range=6y", 422, "choose one of 5m"),
        ("/tasks?sort=x", 422, "cannot be sorted"),
        ("/tasks?only=x", 422, "choose one of failing"),
        ("/invocations?status=x", 422, "no such status"),
        ("/invocations?q=stauts:failed", 422, "did you mean"),
        ("/failures?range=6y", 422, "choose one of"),
        ("/failures/unknown", 404, "There is no failure"),
        ("/schedules/unknown", 404, "There is no trigger"),
        ("/invocations?size=7", 422, "25, 50, 100, 200"),
        ("/invocations?size=many", 422, "cannot be shown"),
        ("/invocations?cursor=x", 400, "damaged"),
        ("/timeline?from=2026-01-01", 422, "no window"),
        ("/timeline?range=1x", 422, "choose one of"),
        ("/workflows/unknown", 404, "no workflow"),
        ("/workflows?cursor=x", 400, "damaged"),
        ("/workflows?status=x", 422, "no such status"),
        ("/runners/unknown", 404, "There is no runner"),
        ("/runners?state=x", 422, "choose one of starting"),
        ("/runners?ended=x", 422, "choose one of lately"),
        ("/find?id=ab", 422, "four characters"),
    ],
)
def test_a_wrong_address_is_told_what_is_wrong(client: TestClient, path: str, code: int, words: str) -> None:
    response = client.get(path)
    assert response.status_code == code
    assert words in response.text
    assert Page(response.text).headings == 1


def test_a_store_that_is_away_is_said_without_details(shop: ModuleType, tmp_path: Any) -> None:
    lost = PynencBuilder().app_id("lost").sqlite(str(tmp_path / "missing" / "x.db")).build()
    client = TestClient(create_monitor_app(lost), base_url="http://localhost", raise_server_exceptions=False)
    response = client.get("/")
    assert response.status_code == 503
    assert "cannot be read" in response.text
    assert str(tmp_path) not in response.text


def test_an_empty_store_says_what_to_do(tmp_path: Any) -> None:
    empty = PynencBuilder().app_id("empty").sqlite(str(tmp_path / "x.db")).build()
    client = TestClient(create_monitor_app(empty), base_url="http://localhost")
    assert "Nothing has been called yet" in client.get("/").text
    assert "A task appears here" in client.get("/tasks").text
    assert "Call a task" in client.get("/invocations").text


def test_memory_is_watched_by_the_process_that_has_it() -> None:
    app = PynencBuilder().app_id("memory").memory().build()
    monitor = create_monitor_app(app, MonitorSettings(requests_per_second=0))
    assert len(crawl(TestClient(monitor, base_url="http://localhost"))) > 3


def test_a_backend_without_a_monitor_store_is_named(monkeypatch: Any) -> None:
    app = PynencBuilder().app_id("old").memory().build()
    monkeypatch.setattr(type(app.orchestrator), "open_monitor_store", BaseOrchestrator.open_monitor_store)
    with pytest.raises(MonitorUnavailableError, match="has no monitor store"):
        create_monitor_app(app)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/invocations/timeline?time_range=15m&limit=5", "/timeline?range=15m"),
        ('/invocations/timeline?time_range="><script>', "/timeline"),
        ("/broker/", "/queues"),
        ("/broker/queue", "/queues"),
        ("/orchestrator/", "/system"),
        ("/state-backend/", "/system"),
        ("/client-data-store/", "/system"),
        ("/runners/atomic-service/timeline", "/runners"),
        ("/log-explorer/", "/logs"),
    ],
)
def test_an_address_of_the_published_monitor_leads_to_what_shows_that_now(
    client: TestClient, old: str, new: str
) -> None:
    response = client.get(old, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (301, new)
    assert client.get(old).status_code == 200


def test_it_is_mounted_in_another_app(shop: ModuleType) -> None:
    host = FastAPI()
    host.mount("/ops/watch", create_monitor_app(shop.app))
    client = TestClient(host, base_url="http://localhost")
    pages = crawl(client, "/ops/watch/", limit=20)
    assert len(pages) == 20
    for page in pages.values():
        assert all(link.startswith(("/ops/watch/", "#", "?")) for link in page.links)
        for source in page.sources:
            assert source.startswith(("/ops/watch/static/", "#", "data:"))
    assert client.get(next(iter(pages.values())).sources[1]).status_code == 200
