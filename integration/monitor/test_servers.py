"""The same pages on servers: what a file shows, Redis and MongoDB do, too, and a queue of its own is counted."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pynmon import create_monitor_app
from pynmon.timeline import density, spans

from .conftest import eventually, running, settings_on
from .crawl import Page, crawl
from .test_logs import sent


@pytest.fixture(scope="module", params=["redis", "mongodb", "rabbitmq"])
def store_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return settings_on(request.param, tmp_path_factory.mktemp("shop"))


def tasks_of(client: TestClient, query: str) -> list[str]:
    """The tasks that a query finds, newest first."""
    response = client.get("/api/v1/invocations", params={"q": query, "limit": 200})
    assert response.status_code == 200, response.text
    return [one["task_id"].removeprefix("pynmon_shop.") for one in response.json()["invocations"]]


def has_queue_apart(shop: ModuleType) -> bool:
    return type(shop.app.broker).__name__ == "RabbitMqBroker"


def test_every_link_leads_to_a_page(shop: ModuleType, client: TestClient) -> None:
    # Beside RabbitMQ the records are in a file, whose pages are all looked at elsewhere: here, those one click away.
    most = 20 if has_queue_apart(shop) else 400
    pages = crawl(client, limit=most)
    assert len(pages) > min(180, most - 1)
    assert {"/", "/queues", "/system", "/invocations"} <= {path.partition("?")[0] for path in pages}
    assert all(page.forbidden == [] and page.headings == 1 for page in pages.values())


def test_a_query_finds_what_it_says(client: TestClient) -> None:
    assert tasks_of(client, "task:pynmon_shop.charge args.customer_id:29") == ["charge"]
    assert set(tasks_of(client, "(status:failed OR task:*.flaky)")) == {"refuse", "flaky"}
    assert tasks_of(client, "is:retried") == ["flaky"]
    assert tasks_of(client, "has:workflow -has:parent") == ["nightly"]
    assert tasks_of(client, 'error:ValueError "{{ 7 * 7 }}"') == ["refuse"]
    assert tasks_of(client, "(created:>1d OR duration:>1h OR is:open)") == []
    assert len(tasks_of(client, "module:pynmon_shop ended:1h")) == 71


def test_equal_failures_are_one_line(client: TestClient) -> None:
    text = client.get("/failures").text
    assert "<b>8</b> failed invocations of 1 kind" in text
    (path,) = re.findall(r'href="(/failures/\w+\?range=24h)"', text)
    page = client.get(path).text
    assert "Traceback (most recent call last)" in page
    assert page.count("<tr id=") == 8


def test_what_runs_by_itself_is_shown_with_what_became_of_it(client: TestClient) -> None:
    assert "cron &#39;0 0 29 2 *&#39; UTC" in client.get("/schedules").text
    assert "in refusing" in client.get("/schedules/pynmon_shop.restock%232").text


def test_what_waits_is_counted_and_stays_where_it_is(shop: ModuleType, client: TestClient) -> None:
    held = shop.charge(1, 2.0)
    text = client.get("/queues").text
    assert held.invocation_id in text
    assert ("the records are the queue" not in text) is has_queue_apart(shop)
    assert shop.app.get_invocation(held.invocation_id).status.value == "registered"
    held.cancel()


def test_the_stores_say_that_they_are_well(client: TestClient) -> None:
    text = client.get("/system").text
    assert "answers" in text
    assert ">problem</span>" not in text


@pytest.mark.parametrize("others", ["", "&lanes=task", "&q=duration:<1h"])
def test_a_timeline_of_too_much_asks_four_questions(
    shop: ModuleType, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 5)
    monkeypatch.setattr(density, "FEWEST", 1)
    monitor = create_monitor_app(shop.app)
    text = TestClient(monitor, base_url="http://localhost").get(f"/timeline?range=7d{others}").text
    assert "More than" in text
    assert "8 failed</span>" in text
    asked = monitor.state.queries.histograms()
    assert 0 < sum(one.number for one in asked.values()) <= 4, asked


def test_ids_that_are_cut_short_are_found(shop: ModuleType, client: TestClient) -> None:
    (one, *_) = client.get("/api/v1/invocations", params={"q": "task:*.refuse"}).json()["invocations"]
    whole = one["invocation_id"]
    (record,) = shop.app.orchestrator.get_records([whole]).values()
    at = datetime.fromtimestamp(record.created_at + 1.0, UTC).isoformat()
    line = f"{at} INFO pynenc [runner:{record.runner_id[-8:]} invocation:{whole[-8:]} task:x.y] attempt"
    links = Page(sent(client, line).text).links
    assert f"/invocations/{whole}" in links
    assert f"/runners/{record.runner_id}" in links


def test_what_waits_for_another_attempt_is_on_the_timeline(shop: ModuleType, client: TestClient) -> None:
    waiting = shop.patient("again")
    with running(shop):
        eventually(lambda: shop.app.get_invocation(waiting.invocation_id).status.value == "retry")
    text = client.get("/export/timeline?range=1h&form=csv").text
    lines = [
        line for line in csv.DictReader(StringIO(text)) if line["invocation_id"] == waiting.invocation_id
    ]
    waiting.cancel()
    assert [(line["status"], bool(line["end"])) for line in lines if line["status"] != "pending"] == [
        ("retry", True),
        ("retry", False),
    ]
    assert len({line["runner_id"] for line in lines}) == 1
