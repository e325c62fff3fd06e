"""The pages of what an app works with: its queue, its tasks, its parts."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

from fastapi.testclient import TestClient

from pynenc import Pynenc, PynencBuilder
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynmon import create_monitor_app

from .conftest import running, statements_of


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


def test_the_system_page_tells_sizes_indexes_and_its_own_questions(
    shop: ModuleType, client: TestClient
) -> None:
    client.get("/invocations")
    text = client.get("/system").text
    total = sum(
        sum(by_status.values())
        for by_status in shop.app.orchestrator.open_monitor_store().count_by_task().values()
    )
    sizes = dict(re.findall(r'<th scope="row">([\w ]+)</th><td class="num">([^<]*)</td>', text))
    assert sizes["invocations"] == str(total)
    assert re.search(r'<th scope="row">file</th><td class="num">–</td><td class="num">[\d.]+ [KM]B<', text)
    assert re.search(r"all \d+ indexes are there", text)
    assert int(sizes["list invocations"]) > 0


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


def names_of(client: TestClient, only: str) -> set[str]:
    text = client.get("/tasks", params={"only": only, "range": "1h"}).text
    return set(re.findall(r'<tr id="t-pynmon_shop.(\w+)">', text))


def test_tasks_are_narrowed_to_those_that_somebody_looks_for(shop: ModuleType, client: TestClient) -> None:
    assert {"charge", "hold", "restock"} <= names_of(client, "")
    assert names_of(client, "failing") == {"refuse"}
    assert {"hold", "restock"} <= names_of(client, "new")
    assert not names_of(client, "new") & {"charge", "refuse"}
    assert names_of(client, "idle") == names_of(client, "slow") == names_of(client, "unknown") == set()
    path = shop.app.orchestrator.store.writer.execute("PRAGMA database_list").fetchone()[2]
    foreign = PynencBuilder().app_id(shop.app.conf.app_id).sqlite(path).build()
    without = TestClient(create_monitor_app(foreign), base_url="http://localhost")
    # Nothing is told apart where no code is loaded.
    assert "not in this code" not in without.get("/tasks").text
    assert "has no such task" in without.get("/tasks/pynmon_shop.charge").text
    assert without.get("/tasks/pynmon_shop.hold").status_code == 404
    foreign.close()


def test_a_task_that_was_never_called_shows_its_options(client: TestClient) -> None:
    text = client.get("/tasks/pynmon_shop.patient").text
    assert "never been called" in text
    (row,) = re.findall(r'<td class="data">retry_backoff</td><td class="data">(\S+)</td><td>(.*?)</td>', text)
    assert (float(row[0]), row[1]) == (3600.0, "decorator of task &#39;pynmon_shop.patient&#39;")
    assert re.search(r"pynmon_shop, line \d+", text)
    answer = client.get("/api/v1/tasks/pynmon_shop.patient").json()
    assert (answer["task"]["counts"], answer["task"]["is_known"]) == ({}, True)
    assert float(answer["options"]["retry_backoff"]) == 3600.0
    # What runs by itself says so, and leads there.
    text = client.get("/tasks/pynmon_shop.restock").text
    assert 'href="/schedules/pynmon_shop.restock%231"' in text
    assert "At 00:00, on day 29 of the month" in text
    (restock,) = (
        one for one in client.get("/api/v1/tasks").json()["tasks"] if one["task_id"] == "pynmon_shop.restock"
    )
    assert restock["triggers"] == ["pynmon_shop.restock#1", "pynmon_shop.restock#2"]
