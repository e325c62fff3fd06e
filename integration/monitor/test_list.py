"""Lists by query: what is found, paged, counted, narrowed, and when it ended."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

from pynmon import MonitorSettings, create_monitor_app

from .crawl import Page


def test_older_pages_hold_what_the_newest_do_not(client: TestClient) -> None:
    seen: list[str] = []
    path = "/invocations?size=25"
    while path:
        text = client.get(path).text
        page = re.findall(r'<tr id="i-([^"]+)"', text)
        assert len(page) <= 25
        seen += page
        older = re.findall(r'rel="next" href="([^"]+)"', text)
        path = "/invocations" + older[0].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 30 + 16 + 1 + 1 + 9 + 1 + (1 + 2 + 8 + 2)


def test_the_total_is_exact(client: TestClient) -> None:
    assert "<b>8</b> invocations" in client.get("/invocations?status=failed&task=pynmon_shop.refuse").text
    assert "<b>0</b> invocations" in client.get("/invocations?status=failed&task=pynmon_shop.charge").text


def shown(client: TestClient, query: str) -> list[str]:
    """The tasks that a query finds, newest first."""
    response = client.get("/invocations", params={"q": query, "size": 200})
    assert response.status_code == 200, response.text
    return re.findall(r'<td><a class="task" href="/tasks/pynmon_shop.(\w+)"', response.text)


def test_a_query_finds_what_it_says(shop: ModuleType, client: TestClient) -> None:
    assert shown(client, "task:pynmon_shop.charge args.customer_id:29") == ["charge"]
    assert set(shown(client, "(status:failed OR task:*.flaky)")) == {"refuse", "flaky"}
    assert shown(client, "is:retried") == ["flaky"]
    assert shown(client, "has:workflow -has:parent") == ["nightly"]
    assert shown(client, 'error:ValueError "{{ 7 * 7 }}"') == ["refuse"]
    assert shown(client, "created:>1d") == shown(client, "is:open") == []
    assert len(shown(client, "module:pynmon_shop ended:1h")) == 71


def test_each_number_beside_a_list_is_that_of_the_list_to_which_it_leads(client: TestClient) -> None:
    text = client.get("/invocations?status=failed").text
    beside = text[text.index('<aside class="facets"') :]
    leads = re.findall(r'<li><a href="([^"]+)" title="[^"]+">.*?</a><span class="muted">(\d+)</span>', beside)
    assert len(leads) > 3
    for address, number in leads:
        found = client.get("/invocations" + address.replace("&amp;", "&") + "&size=200").text
        assert len(re.findall(r'<tr id="i-', found)) == int(number), address


def test_a_query_stays_in_the_address_of_older_pages(client: TestClient) -> None:
    text = client.get("/invocations", params={"q": "task:*.charge", "size": 25}).text
    (older,) = re.findall(r'rel="next" href="([^"]+)"', text)
    text = client.get("/invocations" + older.replace("&amp;", "&")).text
    assert 'value="task:*.charge"' in text
    assert 0 < text.count("<tr id=") <= 25


def test_the_number_of_rows_is_kept_by_whatever_narrows_the_list(client: TestClient) -> None:
    text = client.get("/invocations", params={"q": "task:*.charge", "size": 25, "range": "6h"}).text
    leads = re.findall(r'<a href="(\?[^"]*)"', text[text.index('<nav class="quick"') :])
    assert len(leads) > 15
    for address in leads:
        assert "size=25" in address, address
        if f'{address}">' not in "".join(re.findall(r'<nav class="segments".*?</nav>', text, re.DOTALL)):
            assert "range=6h" in address, address
    assert "size=" not in "".join(re.findall(r"<aside.*</aside>", client.get("/invocations").text, re.DOTALL))


def test_each_term_of_a_query_can_be_taken_out(client: TestClient) -> None:
    text = client.get("/invocations", params={"q": "status:failed task:*.refuse"}).text
    without = re.findall(r'<a href="(\?[^"]*)" title="Without it"', text)
    assert without == ["?q=task%3A%2A.refuse", "?q=status%3Afailed"]


#: A column of the strip: where it leads, and how many were registered in it.
COLUMN = re.compile(r'<a href="\?([^"]+)" data-end="[^"]+"[^>]* aria-label="(\d+) invocation')


@pytest.mark.parametrize(
    "asked", ["task:*.refuse status:failed", "task:*.refuse", "duration:>0ms -task:*.refuse"]
)
def test_each_column_of_the_strip_leads_to_what_was_registered_in_it(client: TestClient, asked: str) -> None:
    whole = {"q": asked, "size": "200", "range": "5m"}
    page = client.get("/invocations", params=whole).text
    columns = COLUMN.findall(page)
    assert sum(int(number) for _, number in columns) == page.count("<tr id=") > 0
    for address, number in columns:
        narrowed = client.get("/invocations?size=200&" + address.replace("&amp;", "&")).text
        assert narrowed.count("<tr id=") == int(number)
        # The strip remains, and the column is marked in it.
        assert COLUMN.findall(narrowed) == columns
        assert narrowed.count('class="chosen"') == 1


def test_the_strip_says_what_it_does_not_show(shop: ModuleType, client: TestClient) -> None:
    # Figures do not tell that.
    assert 'class="chart strip"' not in client.get("/invocations?q=args:customer").text
    assert "None of it was registered within 1h" in client.get("/invocations?q=status:running").text
    assert client.get("/invocations?range=2h").status_code == 422
    few = create_monitor_app(shop.app, MonitorSettings(sample_limit=5))
    page = TestClient(few, base_url="http://localhost").get("/invocations").text
    assert "; of the latest<" in page
    assert 0 < sum(int(number) for _, number in COLUMN.findall(page)) <= 5


def test_workflows_are_asked_for_as_invocations_are(client: TestClient) -> None:
    assert client.get("/workflows", params={"q": "args:size has:result"}).text.count("<tr id=") == 1
    text = client.get("/workflows", params={"q": "is:open", "status": "success"}).text
    assert "<tr id=" not in text
    assert "No workflow is so" in text


@pytest.mark.parametrize(
    "path", ["/invocations", "/workflows", "/failures", "/timeline", "/timeline?view=table"]
)
def test_every_page_marks_what_is_wrong_with_a_query(client: TestClient, path: str) -> None:
    response = client.get(
        path, params={"q": "is:open stauts:<b>", **dict([("view", "table")] if "?" in path else [])}
    )
    assert response.status_code == 422
    assert "is:open <mark>stauts:&lt;b&gt;</mark>" in response.text
    assert "did you mean &#39;status&#39;?" in response.text
    assert Page(response.text).headings == 1
