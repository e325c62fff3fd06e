"""A timeline of more than can be shown one by one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pynenc.values.status import InvocationStatus
from pynmon.timeline import density, spans

from .conftest import statements


def test_a_timeline_of_too_much_shows_how_busy_runners_were_and_every_failure(
    shop: ModuleType, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 5)
    failed = shop.app.orchestrator.count_by_status()[InvocationStatus.FAILED]
    with statements(shop) as seen:
        text = client.get("/timeline?range=1h").text
    assert len(seen) <= 4, seen
    # What belongs to runners is asked once a second, whoever wants to know.
    again = []
    for _ in range(5):
        with statements(shop) as seen:
            client.get("/timeline?range=1h")
        again.append(len(seen))
    assert min(again) <= 3, again
    assert f"{failed} failed" in text
    ticks = re.findall(r'<a href="([^"]+)" aria-label="(\d+) failed from', text)
    assert sum(int(n) for _, n in ticks) == failed
    # The strip above has marks of failures, too, and its parts become windows of their own.
    (strip,) = re.findall(r'<svg class="overview".*?</svg>', text, re.DOTALL)
    assert 'class="rail"' in strip
    assert "begin=" not in strip
    # A tick leads to what failed there.
    address, n = ticks[0]
    table = client.get(address.replace("&amp;", "&") + "&view=table").text
    assert table.count('<td><span class="status st-failed"') == int(n)
    # The same as a table.
    text = client.get("/timeline?range=1h&view=table").text
    counts = re.findall(r'<a class="bad" href="[^"]+">(\d+)</a>', text)
    assert sum(map(int, counts)) == failed


def test_a_timeline_of_too_much_shows_when_what_a_query_asks_for_was(
    shop: ModuleType, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 5)
    monkeypatch.setattr(density, "FEWEST", 5)
    # All of it ended at about the same time.
    monkeypatch.setattr(density, "EACH", 100)
    monkeypatch.setattr(density, "MOST_RECORDS", 100 * density.PARTS * density.PER_PART)
    count = shop.app.orchestrator.count_by_status
    ended = sum(count().values())
    # By its figures, and by its record.
    for query, task, failures, ceiling in (
        ("task:*.refuse", "refuse", 8, 4),
        ("task:*.refuse status:failed duration:<1h", "refuse", 8, 4),
        ("task:*.charge", "charge", 0, 4),
        ("error:ValueError", "refuse", 8, 5),
    ):
        number = sum(count(f"pynmon_shop.{task}").values())
        with statements(shop) as seen:
            text = client.get("/timeline", params={"range": "1h", "q": query}).text
        assert len(seen) <= ceiling, seen
        assert f"{number} of {ended} that were looked at match" in text, query
        ticks = re.findall(r'aria-label="(\d+) failed from', text)
        assert sum(map(int, ticks)) == failures
        assert text.count('class="lane-name"') >= 2  # a runner, and the failures


def test_a_timeline_of_too_much_that_matches_shows_the_end_of_it_in_full_width(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn_since() -> datetime:
        text = client.get("/timeline?range=7d&q=-is:open").text
        return datetime.fromisoformat(re.findall(r'runners? from <time datetime="([^"]+)"', text)[0])

    assert drawn_since() < datetime.now(UTC) - timedelta(days=6)
    monkeypatch.setattr(spans, "LIMIT", 5)
    assert drawn_since() > datetime.now(UTC) - timedelta(hours=1)
    assert "More ended in this window than is drawn" in client.get("/timeline?range=7d&q=-is:open").text


def test_a_timeline_of_too_much_has_lanes_of_tasks(
    shop: ModuleType, client: TestClient, monkeypatch: Any
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 10)
    text = client.get("/timeline?range=1h&lanes=task&colour=task").text
    assert "how busy each task was" in text
    assert re.search(r'<a href="(/tasks/pynmon_shop.\w+)"><title>', text)
