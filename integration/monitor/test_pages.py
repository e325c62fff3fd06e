"""Every page: whole, bounded, harmless, and without any trace in the store."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynenc import Pynenc, PynencBuilder
from pynenc.contracts import BaseOrchestrator
from pynenc.exceptions import MonitorUnavailableError
from pynenc.trigger import on_cron
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import NewInvocation
from pynenc.values.status import InvocationStatus
from pynmon import MonitorSettings, Role, create_monitor_app
from pynmon.timeline import density, spans

from .conftest import eventually, running
from .crawl import Page, crawl
from .test_access import OURS, form_token_of, logged_in, monitor_of


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


def invocation_of(shop: ModuleType, client: TestClient, task: str) -> str:
    page = client.get(f"/invocations?task=pynmon_shop.{task}")
    return str(re.findall(r'href="(/invocations/[^"]+)"', page.text)[-1])


#: Page and the most questions that it may ask the store, however much is in there.
CEILINGS = {
    "/": 12,
    "/invocations": 4,
    "/invocations?status=failed&task=pynmon_shop.refuse": 4,
    "/invocations?status=running&status=registered": 4,
    "/invocations?q=duration:>5s%20-status:failed%20is:stuck": 5,
    "/invocations?q=(status:failed%20OR%20money)%20task:pynmon_shop.*": 4,
    "/invocations?q=is:slow": 5,
    "/invocations?range=7d&q=ended:2026-01-31..2026-02-01": 4,
    "/failures": 2,
    "/failures?q=task:*.refuse": 2,
    "/failures?q=error:ValueError": 3,
    "/failures?range=7d": 2,
    "/schedules": 5,
    "/schedules/pynmon_shop.restock%232": 4,
    "/queues": 6,
    "/system": 3,
    "/tasks": 3,
    "/tasks/pynmon_shop.charge": 8,
    "/find?id=00000": 2,
    "/runners": 4,
    "/workflows": 3,
    "/workflows/types": 2,
    "/workflows?status=failed": 4,
    "/workflows?q=args:size%20is:final": 3,
    "/timeline?range=1h": 6,
    "/timeline?range=1h&q=duration:>1ms%20-is:open": 6,
    "/timeline?range=1h&q=args.customer_id:4": 6,
    "/timeline?range=7d&errors=true&view=table": 6,
    # What belongs to runners is asked once a second, however often somebody points.
    "/timeline/at?at=0&near=1&lane=pynmon_shop.charge&lanes=task": 2,
    "/timeline/totals?range=1h": 6,
    "/timeline?range=1h&lanes=workflow&colour=workflow&cut=true": 6,
}


@pytest.mark.parametrize("path", CEILINGS)
def test_a_page_asks_the_store_few_questions(shop: ModuleType, path: str) -> None:
    client = TestClient(create_monitor_app(shop.app), base_url="http://localhost")  # nothing is cached yet
    with statements(shop) as seen:
        response = client.get(path)
    assert response.status_code == 200
    assert 0 < len(seen) <= CEILINGS[path], seen


def test_what_operators_see_asks_few_questions(shop: ModuleType) -> None:
    monitor = monitor_of(shop)
    client = logged_in(monitor, Role.OPERATOR)
    form = {"form_token": form_token_of(client), "action": "rerun", "q": "task:pynmon_shop.nothing"}
    with statements(shop) as seen:
        assert client.post("/bulk/preview", headers=OURS, data=form).status_code == 200
    assert 0 < len(seen) <= 2, seen
    with statements(shop) as seen:
        assert (
            client.post("/bulk/preview", headers=OURS, data={**form, "q": "status:failed"}).status_code == 200
        )
    assert 0 < len(seen) <= 2, seen
    order = {**form, "job_id": "0123456789ab", "until": "1", "expected": "0"}
    location = client.post("/bulk", headers=OURS, data=order).headers["location"]
    eventually(lambda: monitor.state.jobs.find("0123456789ab").is_over)
    for path, ceiling in ((location, 1), ("/audit", 0), ("/export/invocations?status=failed", 2)):
        with statements(shop) as seen:
            assert client.get(path).status_code == 200
        assert len(seen) <= ceiling, (path, seen)


@pytest.mark.parametrize("task", ["batch", "charge"])
def test_an_invocation_asks_no_more_for_a_large_family(
    shop: ModuleType, client: TestClient, task: str
) -> None:
    path = invocation_of(shop, client, task)
    for one in (path, f"{path}/peek"):
        with statements(shop) as seen:
            assert client.get(one).status_code == 200
        assert 0 < len(seen) <= 8, seen


def test_a_runner_asks_few_questions_and_is_shown_after_its_end(shop: ModuleType, client: TestClient) -> None:
    page = client.get("/runners").text
    path = re.findall(r'href="(/runners/[^"]+)"', page)[0]
    assert "stopped" in page
    assert "clean" in page
    with statements(shop) as seen:
        text = client.get(path).text
    assert len(seen) <= 6, seen
    assert "ThreadRunner" in text
    assert "charge" in text


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
        pages = crawl(client)
        assert "pynmon_shop" not in sys.modules, "a task was imported"
    assert other.execute("PRAGMA data_version").fetchone() == version, "something was written"
    other.close()
    return pages


def test_every_link_leads_to_a_page_and_no_page_breaks_the_rules(crawled: dict[str, Page]) -> None:
    assert len(crawled) > 60
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
    return re.findall(r'<td class="clip">\s*<a class="task" href="/tasks/pynmon_shop.(\w+)"', response.text)


def test_a_part_of_an_id_in_the_address_leads_to_the_whole(shop: ModuleType, client: TestClient) -> None:
    whole = invocation_of(shop, client, "charge")
    response = client.get(whole[:-4])
    assert response.status_code == 404
    assert f'href="{whole}"' in response.text
    response = client.get("/invocations/nothing-begins-so")
    assert (response.status_code, "There is no invocation" in response.text) == (404, True)


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


def test_failures_are_asked_for_as_invocations_are(client: TestClient) -> None:
    def number(query: str) -> str:
        response = client.get("/failures", params={"q": query})
        assert response.status_code == 200
        return str(re.findall(r'<p class="count"><b>(\d+)</b>', response.text)[0])

    # By what is known of all failures, by their records, by both.
    assert number("task:*.refuse") == number("error:ValueError task:*.refuse") == "8"
    assert number('"{{ 7 * 7 }}"') == "1"
    assert number("task:*.charge") == number("-error:ValueError") == "0"


#: A column of the strip: where it leads, and how many ended in it.
COLUMN = re.compile(r'<a href="\?([^"]+)" data-end="[^"]+"[^>]* aria-label="(\d+) invocation')


@pytest.mark.parametrize(
    "asked", ["task:*.refuse status:failed", "task:*.refuse", "duration:>0ms -task:*.refuse"]
)
def test_each_column_of_the_strip_leads_to_what_ended_in_it(client: TestClient, asked: str) -> None:
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
    assert "None of it ended within 1h" in client.get("/invocations?q=status:running").text
    assert client.get("/invocations?range=2h").status_code == 422
    few = create_monitor_app(shop.app, MonitorSettings(sample_limit=5))
    page = TestClient(few, base_url="http://localhost").get("/invocations").text
    assert "of the latest that ended" in page
    assert 0 < sum(int(number) for _, number in COLUMN.findall(page)) <= 5


def test_workflows_are_asked_for_as_invocations_are(client: TestClient) -> None:
    assert client.get("/workflows", params={"q": "args:size has:result"}).text.count("<tr id=") == 1
    text = client.get("/workflows", params={"q": "is:open", "status": "success"}).text
    assert "<tr id=" not in text
    assert "No workflow is so" in text


def test_the_timeline_shows_what_a_query_asks_for(shop: ModuleType, client: TestClient) -> None:
    def tasks(query: str, **others: str) -> set[str]:
        response = client.get("/timeline", params={"range": "1h", "q": query, **others})
        assert response.status_code == 200
        return set(re.findall(r"<title>pynmon_shop.(\w+): ", response.text))

    assert tasks("is:retried") == {"flaky"}
    assert tasks("status:failed") == {"refuse"}
    assert tasks("task:*.refuse", errors="true") == {"refuse"}
    assert tasks("duration:>1h") == set()
    root = invocation_of(shop, client, "nightly").rpartition("/")[2]
    assert tasks("task:*.batch", root=root, range="") == {"batch"}


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


def test_equal_failures_are_one_line(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/failures").text
    assert "<b>8</b> failed invocations of 1 kind" in text
    (path,) = re.findall(r'href="(/failures/\w+\?range=24h)"', text)
    with statements(shop) as seen:
        page = client.get(path).text
    assert len(seen) <= 5, seen
    assert "Traceback (most recent call last)" in page
    assert page.count("<tr id=") == 8
    assert "100 %" in page
    listed = re.findall(r'href="(/invocations\?q=[^"]+)">as a list', page)
    assert client.get(listed[0].replace("&amp;", "&")).text.count("<tr id=") == 8


def test_a_window_without_failures_says_so() -> None:
    app = PynencBuilder().app_id("fine").memory().build()
    client = TestClient(create_monitor_app(app), base_url="http://localhost")
    assert "Nothing failed in this window" in client.get("/failures").text


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


def test_a_queue_without_workers_is_said(tmp_path: Any) -> None:
    app = PynencBuilder().app_id("stands").sqlite(str(tmp_path / "x.db")).build()
    monitor = create_monitor_app(app)
    client = TestClient(monitor, base_url="http://localhost")
    assert "Nothing waits for a runner" in client.get("/queues").text
    call = NewInvocation(
        invocation_id=InvocationId("it"), task_id="a.b", args_id="x", root_id=InvocationId("it")
    )
    app.orchestrator.submit([call], {}, enqueue=True)
    client = TestClient(create_monitor_app(app), base_url="http://localhost")
    with statements_of(app) as seen:
        text = client.get("/queues").text
    assert "1 invocation waits and no runner is alive" in text
    assert "the records are the queue" in text
    assert not [one for one in seen if not one.startswith(("SELECT", "PRAGMA"))]


def test_looking_at_a_queue_takes_nothing_out(shop: ModuleType, client: TestClient) -> None:
    held = shop.charge(1, 2.0)
    before = shop.app.orchestrator.get_records([held.invocation_id])
    assert held.invocation_id in client.get("/queues").text
    assert shop.app.orchestrator.get_records([held.invocation_id]) == before
    held.cancel()


def test_the_system_page_says_what_stores_say_and_hides_secrets() -> None:
    app = Pynenc({"app_id": "secretive", "signing_keys": "key:canary"})
    text = TestClient(create_monitor_app(app), base_url="http://localhost").get("/system").text
    assert "MemStore answers" in text
    assert "config_values" in text
    assert "max_recoveries" in text
    assert "canary" not in text


def test_a_task_shows_when_its_invocations_ended(client: TestClient) -> None:
    text = client.get("/tasks?range=1h").text
    rows = dict(re.findall(r'<tr id="t-pynmon_shop.(\w+)">(.*?)</tr>', text, re.DOTALL))
    charts = {
        name: set(re.findall(r'class="fill (st-\w+)"', row))
        for name, row in rows.items()
        if 'class="trend"' in row
    }
    # Other tests cancel some.
    assert (charts["charge"] - {"st-cancelled"}, charts["refuse"]) == ({"st-success"}, {"st-failed"})


def test_a_failed_invocation_is_explained(shop: ModuleType, client: TestClient) -> None:
    text = client.get(invocation_of(shop, client, "refuse")).text
    assert "Traceback (most recent call last)" in text
    assert "ValueError" in text


def test_an_invocation_leads_to_its_log_lines_elsewhere(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "flaky")
    assert "log lines</a>" not in client.get(path).text
    settings = MonitorSettings(log_url="https://logs.example.org/?q={invocation_id}&on={host}")
    other = TestClient(create_monitor_app(shop.app, settings), base_url="http://localhost")
    name = path.rpartition("/")[2]
    assert f'<a href="https://logs.example.org/?q={name}&amp;on=' in other.get(path).text


def test_an_invocation_is_found_by_either_end_of_its_id(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "flaky")
    name = path.rpartition("/")[2]
    shown = f"…{name[-8:]}"
    assert shown in client.get(path).text
    for wanted in (name, name[:-1], shown, name[-8:], f" invocation:{name} "):
        response = client.get("/find", params={"id": wanted}, follow_redirects=False)
        assert (response.status_code, response.headers.get("location")) == (303, path), wanted
    many = client.get("/find", params={"id": name[:4]}).text
    assert "Ids that begin with" in many
    assert many.count("<tr id=") == 20
    assert "No invocation has an id that begins so" in client.get("/find", params={"id": "zzzz"}).text
    assert client.get("/find", params={"id": "%%%%"}).status_code == 200


def test_an_invocation_names_those_that_called_it(shop: ModuleType, client: TestClient) -> None:
    text = client.get(invocation_of(shop, client, "nightly")).text
    assert "Called by" not in text
    below = re.findall(
        r'href="(/invocations/[^"]+)"', client.get("/invocations?q=task:*.batch%20has:parent").text
    )
    called = re.findall(r"Called by.*?<b>this</b>", client.get(below[0]).text, re.DOTALL)[0]
    assert re.findall(r'href="/tasks/pynmon_shop.(\w+)"', called) == ["nightly"]


def test_a_family_shows_its_equal_members_once(shop: ModuleType, client: TestClient) -> None:
    text = client.get(invocation_of(shop, client, "batch")).text
    assert "&times; 9" in text


def test_every_stretch_of_work_is_on_the_timeline(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/timeline?range=1h&task=pynmon_shop.flaky").text
    titles = re.findall(r"<title>pynmon_shop.flaky: (\w+),", text)
    # Under load it may have been claimed some time before it ran.
    assert [title for title in titles if title != "Pending"] == ["Retry", "Success"]
    # Of many stretches within one pixel the picture shows the first ones only, the table all.
    text = client.get("/timeline?range=1h&task=pynmon_shop.batch&view=table").text
    rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)
    assert any("batch" in row and "Success" in row for row in rows)


def test_a_timeline_of_too_much_shows_how_busy_runners_were_and_every_failure(
    shop: ModuleType, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 5)
    failed = shop.app.orchestrator.count_by_status()[InvocationStatus.FAILED]
    with statements(shop) as seen:
        text = client.get("/timeline?range=1h").text
    assert len(seen) <= 6, seen
    assert f"{failed} failed" in text
    ticks = re.findall(r'<a href="([^"]+)" aria-label="(\d+) failed from', text)
    assert sum(int(n) for _, n in ticks) == failed
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
    for query, task, failures in (
        ("task:*.refuse", "refuse", 8),
        ("task:*.charge", "charge", 0),
        ("error:ValueError", "refuse", 8),
    ):
        number = sum(count(f"pynmon_shop.{task}").values())
        with statements(shop) as seen:
            text = client.get("/timeline", params={"range": "1h", "q": query}).text
        assert len(seen) <= 9, seen
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


def test_the_timeline_shows_what_overlaps_its_window(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "batch")
    # From its claim on: before that it is nowhere.
    _, begin, *_, end = re.findall(r'<td class="data"><time datetime="([^"]+)"', client.get(path).text)
    first, last = datetime.fromisoformat(begin), datetime.fromisoformat(end)
    middle = first + (last - first) / 2
    # Shorter than the invocation, inside of it: it began before and ended after.
    around = {
        "from": (middle - timedelta(seconds=0.025)).isoformat(),
        "to": (middle + timedelta(seconds=0.025)).isoformat(),
    }
    assert "pynmon_shop.batch" in client.get("/timeline", params=around).text
    later = {"from": (last + timedelta(hours=1)).isoformat(), "to": (last + timedelta(hours=2)).isoformat()}
    assert "Nothing ran in this window" in client.get("/timeline", params=later).text


@pytest.mark.parametrize("lanes", ["task", "workflow", "invocation"])
def test_a_lane_of_a_timeline_leads_to_what_it_stands_for(
    shop: ModuleType, client: TestClient, lanes: str
) -> None:
    text = client.get(f"/timeline?range=1h&q=task:*.batch&colour=task&lanes={lanes}").text
    links = re.findall(rf'<a href="(/{lanes}s/[^"]+)"><title>', text)
    assert links != []
    assert all(client.get(link).status_code == 200 for link in links)
    assert '<rect class="fill hue-1"' in text
    if lanes == "workflow":
        # One ran by itself, two in the other.
        assert len(links) == 1
        assert "no workflow" in text


def test_a_timeline_tells_what_ran_at_an_instant(shop: ModuleType, client: TestClient) -> None:
    record = (
        shop.app.orchestrator.open_monitor_store()
        .list_invocations(RecordQuery(task_id="pynmon_shop.batch"))
        .records[0]
    )
    at = (record.started_at + record.ended_at) / 2
    link = f'href="/invocations/{record.invocation_id}"'

    def ran(**words: object) -> str:
        return str(client.get("/timeline/at", params={"at": at, **words}).text)

    for lanes, lane in (
        ("runner", record.runner_id),
        ("task", record.task_id),
        ("workflow", record.workflow_id or ""),
        ("invocation", record.invocation_id),
    ):
        assert link in ran(lanes=lanes, lane=lane), lanes
        assert link not in ran(lanes=lanes, lane="another"), lanes
    assert link in ran(q="task:*.batch")
    assert link not in ran(q="-task:*.batch")
    assert link not in ran(errors="true")
    # Of all that ran then only the first are named.
    alone = {"lanes": "invocation", "lane": record.invocation_id, "at": record.ended_at + 0.01}
    assert link not in ran(**alone, near=0.001)
    assert link in ran(**alone, near=0.02)
    refused: list[dict[str, object]] = [{"at": text} for text in ("nan", "inf", "1e400", "1e12", "-1")]
    refused += [{"at": at, "near": "nan"}, {"at": at, "near": "1e400"}, {"at": at, "q": "stauts:failed"}]
    for words in refused:
        assert client.get("/timeline/at", params=words).status_code == 422, words


def test_a_timeline_adds_up_what_it_shows(shop: ModuleType, client: TestClient, monkeypatch: Any) -> None:
    text = client.get("/timeline/totals?range=1h&q=task:*.refuse").text
    assert re.search(rf"Failed</span></dt><dd>{len(shop.HOSTILE)}</dd>", text), text
    assert client.get("/timeline/totals?range=1h&q=stauts:x").status_code == 422
    monkeypatch.setattr(spans, "LIMIT", 5)
    assert "More than 5 ended" in client.get("/timeline/totals?range=1h").text


def test_a_timeline_of_too_much_has_lanes_of_tasks(
    shop: ModuleType, client: TestClient, monkeypatch: Any
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 10)
    text = client.get("/timeline?range=1h&lanes=task&colour=task").text
    assert "how busy each task was" in text
    assert re.search(r'<a href="(/tasks/pynmon_shop.\w+)"><title>', text)


def test_the_dashboard_shows_the_last_minutes_and_what_the_app_is_made_of(
    shop: ModuleType, client: TestClient
) -> None:
    with running(shop):
        assert shop.echo("lately").wait(30)
    text = client.get("/").text
    runner, *_ = re.findall(r'<a href="(/runners/[^"]+)"><title>', text)
    assert client.get(runner).status_code == 200
    assert re.search(r'data-lane="[^"]+"', text)
    components = re.findall(r"<b>([a-z ]+)</b> <span class=\"muted\">(\w+)", text)
    assert components == [
        (name, "SQLiteStore")
        for name in ("orchestrator", "broker", "state backend", "client data store", "trigger")
    ]


def test_a_timeline_of_failures_shows_nothing_else(client: TestClient) -> None:
    text = client.get("/timeline?range=1h&errors=true&view=table").text
    rows = re.findall(r'<td><span class="status (\S+)"', text)
    assert rows
    assert set(rows) == {"st-failed"}


def test_a_family_has_a_timeline_of_its_own(shop: ModuleType, client: TestClient) -> None:
    page = client.get(invocation_of(shop, client, "batch")).text
    (link,) = re.findall(r'href="(/timeline\?root=[^"]+)"', page)
    with statements(shop) as seen:
        text = client.get(link).text
    assert len(seen) <= 6, seen
    titles = re.findall(r"<title>pynmon_shop.(\w+): (\w+),", text)
    assert {task for task, _ in titles} == {"batch", "charge"}
    assert titles.count(("charge", "Success")) == 9
    assert client.get("/timeline?root=unknown").status_code == 404


def test_a_timeline_has_few_nodes(client: TestClient) -> None:
    page = Page(client.get("/timeline?range=1h").text)
    assert page.tags.count("rect") > 10
    assert len(page.tags) <= 1500


def test_a_workflow_shows_its_hierarchy(shop: ModuleType, client: TestClient) -> None:
    (path,) = re.findall(r'href="(/workflows/(?!types)[^"]+)"', client.get("/workflows").text)
    with statements(shop) as seen:
        text = client.get(path).text
    assert len(seen) <= 6, seen
    assert "13 invocations" in text
    assert "3 levels" in text
    assert f'href="/timeline?root={path.rpartition("/")[2]}"' in text
    rows = re.findall(
        r'<tr><td class="depth-(\d)">.*?<b>(\w+)</b></a>\s*(<a [^>]+><b>&times; 8</b>)?', text, re.DOTALL
    )
    assert [(depth, task, bool(folded)) for depth, task, folded in rows] == [
        ("0", "nightly", False),
        ("1", "batch", False),
        ("2", "charge", True),
        ("1", "batch", False),
        ("2", "charge", False),
        ("2", "charge", False),
    ]


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


def test_an_invocation_as_json_is_found_where_it_was(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "charge")
    for old in ("api", "history"):
        assert client.get(f"{path}/{old}").json() == client.get(f"/api/v1{path}").json()


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
