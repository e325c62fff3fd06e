"""Pasted log lines lead to what they are about."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
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
    listed = re.search(r'<ol class="log".*?</ol>', response.text, re.DOTALL)
    assert listed
    assert listed.group().count(f'href="{path}"') == 2
    assert page.links.count(path) == 3  # and the table
    assert page.tags.count("script") == Page(client.get("/logs").text).tags.count("script")
    assert "json [invocation:unknown-one]" in response.text
    for level in ("ERROR", "errors"):
        errors = explained(client, lines, level)
        # The traceback belongs to the error above it.
        assert re.findall(r'id="l(\d)"', errors) == ["2", "3"]
        assert 'aria-pressed="true"' in errors
    nothing = explained(client, lines, "CRITICAL")
    assert "No line is shown" in nothing


def explained(client: TestClient, lines: list[str], level: str = "") -> str:
    address = f"/logs?level={level}" if level else "/logs"
    response = client.post(
        address, data={"text": "\n".join(lines)}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert response.status_code == 200
    return str(response.text)


def test_what_is_odd_about_lines_is_told(shop: ModuleType, client: TestClient) -> None:
    name = invocation_of(shop, client, "flaky").rpartition("/")[2]
    (record,) = shop.app.orchestrator.get_records([name]).values()
    at = datetime.fromtimestamp(record.started_at, UTC).isoformat()
    line = f"{at} INFO pynenc [runner:{record.runner_id} invocation:{name} task:{record.task_id}] attempt 2"
    text = explained(client, ["WARNING nothing", line])
    assert re.search(r"<b>retry</b>.*tried again once.*line 2", text)
    assert "ownership conflict" not in text
    # Each named thing once, and where all of it is.
    links = Page(text).links
    assert f"/tasks/{record.task_id}" in links
    assert f"/runners/{record.runner_id}" in links
    (everything,) = re.findall(r'href="([^"]+)">Everything of that time', text)
    assert "flaky" in client.get(f"{unescape(everything)}&view=table").text
    assert Page(text).links.count(f"/invocations/{name}") > 3  # its bars, too


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
    assert f"/invocations/{whole}" in page.links
    assert f"/runners/{record.runner_id}" in page.links
    assert "Not found" in text
    assert text.count("z" * 8) >= 2
    # Of another day there is none.
    old = "\n".join(lines).replace(at[:10], "2020-01-01")
    text = explained(client, [old])
    assert f"/invocations/{whole}" not in Page(text).links
