"""Pasted log lines lead to what they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

from fastapi.testclient import TestClient

from .conftest import invocation_of, statements
from .crawl import Page


def test_log_lines_lead_to_what_they_are_about(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "refuse")
    whole = path.rpartition("/")[2]
    lines = [
        f"2026-01-01T00:00:00 INFO     pynenc [runner:abcd invocation:{whole} task:pynmon_shop.refuse] attempt 1",
        f"2026-01-01T00:00:01 ERROR    pynenc [invocation:{whole[:30]} task:pynmon_shop.refuse] failed",
        "Traceback <script>window.__pwned = 9</script>",
        '{"severity": "INFO", "text": "2026-01-01 INFO json [invocation:unknown-one]"}',
    ]
    with statements(shop) as seen:
        response = client.post(
            "/logs", data={"text": "\n".join(lines)}, headers={"Sec-Fetch-Site": "same-origin"}
        )
    assert response.status_code == 200
    assert len(seen) <= 6, seen
    page = Page(response.text)
    assert page.forbidden == []
    assert page.links.count(path) == 3  # both lines and the table
    assert page.tags.count("script") == Page(client.get("/logs").text).tags.count("script")
    assert "json [invocation:unknown-one]" in response.text
    errors = client.post(
        "/logs", data={"text": "\n".join(lines), "level": "ERROR"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert "Traceback" in errors.text
    assert "attempt 1</li>" not in errors.text


def test_ids_that_are_cut_short_are_found_by_when_they_were_logged(
    shop: ModuleType, client: TestClient
) -> None:
    whole = invocation_of(shop, client, "refuse").rpartition("/")[2]
    (record,) = shop.app.orchestrator.get_records([whole]).values()
    at = datetime.fromtimestamp(record.created_at + 1.0, UTC).isoformat()
    lines = [
        f"{at} INFO     pynenc [runner:{record.runner_id[-8:]} invocation:{whole[-8:]} task:{record.task_id}] attempt",
        f"{at} INFO     pynenc [invocation:{'z' * 8}] unknown",
    ]
    with statements(shop) as seen:
        text = client.post(
            "/logs", data={"text": "\n".join(lines)}, headers={"Sec-Fetch-Site": "same-origin"}
        ).text
    assert len(seen) <= 6, seen
    page = Page(text)
    assert page.links.count(f"/invocations/{whole}") == 2
    assert f"/runners/{record.runner_id}" in page.links
    assert "Not found" in text
    assert text.count("z" * 8) >= 2
    # Of another day there is none.
    old = "\n".join(lines).replace(at[:10], "2020-01-01")
    text = client.post("/logs", data={"text": old}, headers={"Sec-Fetch-Site": "same-origin"}).text
    assert f"/invocations/{whole}" not in Page(text).links
