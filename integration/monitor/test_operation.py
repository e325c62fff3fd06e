"""The pages of what an app works with: its queue, its tasks, its parts."""

from __future__ import annotations

import re
import types
from types import ModuleType, SimpleNamespace
from typing import Any

from fastapi.testclient import TestClient

from pynenc import Pynenc, PynencBuilder
from pynenc.inspection import notes_of
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynmon import create_monitor_app

from .conftest import eventually, running, statements_of

COMPONENTS = ("orchestrator", "broker", "state backend", "client data store", "trigger")


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


def test_a_task_shows_how_long_its_oldest_waits_also_while_nothing_ends(shop: ModuleType) -> None:
    held = shop.order("lamp")
    # One that has counted nothing yet.
    client = TestClient(create_monitor_app(shop.app), base_url="http://localhost")
    text = client.get("/tasks/pynmon_shop.order?range=5m").text
    held.cancel()
    outline = re.findall(r'<path class="curve oldest" d="([^"]*)"/>', text)[0]
    assert outline.startswith("M")
    assert 'aria-label="Wait over time, p50, p95, p99, oldest"' in text


def test_the_dashboard_shows_the_last_minutes_and_what_the_app_is_made_of(
    shop: ModuleType, client: TestClient
) -> None:
    with running(shop):
        assert shop.echo("lately").wait(30)
    text = client.get("/").text
    runner, *_ = re.findall(r'<a href="(/runners/[^"]+)"><title>', text)
    assert client.get(runner).status_code == 200
    assert re.search(r'data-lane="[^"]+"', text)
    components = re.findall(
        r"<b>([a-z ]+)</b> [\d.< ]+ m?s <span class=\"muted\">(\w+)", text.replace("&lt;", "<")
    )
    assert components == [(name, "SQLiteStore") for name in COMPONENTS]


def test_each_component_is_asked_how_long_it_takes(client: TestClient) -> None:
    text = client.get("/system").text.replace("&lt;", "<")
    found = re.findall(r"<li>([a-z ]+) <span class=\"muted\">[\d.< ]+ m?s</span></li>", text)
    assert found == list(COMPONENTS)


def test_components_of_several_stores_are_asked_each(tmp_path: Any) -> None:
    app = (
        PynencBuilder()
        .app_id("mixed")
        .sqlite(str(tmp_path / "x.db"))
        .custom_config(broker_cls="MemBroker")
        .build()
    )
    text = TestClient(create_monitor_app(app), base_url="http://localhost").get("/").text.replace("&lt;", "<")
    found = dict(re.findall(r"<b>([a-z ]+)</b> [\d.< ]+ m?s <span class=\"muted\">(\w+)", text))
    assert found == {**dict.fromkeys(COMPONENTS, "SQLiteStore"), "broker": "MemStore"}
    app.close()


def names_of(client: TestClient, only: str) -> set[str]:
    text = client.get("/tasks", params={"only": only, "range": "1h"}).text
    return set(re.findall(r'<tr id="t-pynmon_shop.(\w+)">', text))


def test_tasks_are_narrowed_to_those_that_somebody_looks_for(shop: ModuleType, client: TestClient) -> None:
    assert {"charge", "hold", "restock"} <= names_of(client, "")
    assert names_of(client, "failing") == {"refuse"}
    assert {"hold", "restock"} <= names_of(client, "new")
    assert not names_of(client, "new") & {"charge", "refuse"}
    assert names_of(client, "idle") == names_of(client, "slow") == names_of(client, "unknown") == set()
    foreign = PynencBuilder().app_id(shop.app.conf.app_id).sqlite(_path(shop)).build()
    without = TestClient(create_monitor_app(foreign), base_url="http://localhost")
    # Its runner said what it has, which is known where no code is loaded, too.
    assert names_of(without, "new") == names_of(client, "new")
    assert names_of(without, "unknown") == set()
    assert "As 1 runner has it" in without.get("/tasks/pynmon_shop.hold").text
    foreign.close()


def test_a_task_that_was_never_called_shows_its_options(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/tasks/pynmon_shop.patient").text
    assert "never been called" in text
    (row,) = re.findall(r'<td class="data">retry_backoff</td><td class="data">(\S+)</td><td>(.*?)</td>', text)
    assert (float(row[0]), row[1]) == (3600.0, "decorator of task &#39;pynmon_shop.patient&#39;")
    assert re.search(r"pynmon_shop, line \d+", text)
    answer = client.get("/api/v1/tasks/pynmon_shop.patient").json()
    assert (answer["task"]["counts"], answer["task"]["is_known"]) == ({}, True)
    (variant,) = answer["variants"]
    assert float(variant["options"]["retry_backoff"]) == 3600.0
    assert variant["runners"] == [shop.app.runner.runner_id]
    # What runs by itself says so, and leads there.
    text = client.get("/tasks/pynmon_shop.restock").text
    assert 'href="/schedules/pynmon_shop.restock%231"' in text
    assert "At 00:00, on day 29 of the month" in text
    (restock,) = (
        one for one in client.get("/api/v1/tasks").json()["tasks"] if one["task_id"] == "pynmon_shop.restock"
    )
    assert restock["triggers"] == ["pynmon_shop.restock#1", "pynmon_shop.restock#2"]


def test_a_runner_shows_what_it_is_what_it_did_and_when_it_led(shop: ModuleType, client: TestClient) -> None:
    notes = notes_of(shop.app)
    runner_id = next(key for key, one in notes.items() if one.terms)
    listed = client.get("/runners?state=stopped").text
    assert f'href="/runners/{runner_id}"' in listed
    assert 'class="beats"' in listed
    assert "within 30 m: " in listed
    assert (
        f'href="/runners/{runner_id}"' not in client.get("/runners?state=alive").text.partition("leader")[0]
    )
    text = client.get(f"/runners/{runner_id}").text
    assert re.search(r"max_threads</dt><dd><span class=\"data\">4</span>", text)
    assert "Share of the slots in use" in text
    assert "When it put right what dead runners leave behind" in text
    assert re.search(r"<dt>tasks of its code</dt><dd><a[^>]*>1\d</a>", text)


def test_tasks_on_which_runners_do_not_agree_are_said(shop: ModuleType, client: TestClient) -> None:
    """Of two runners the second has other code: one task with another option, one missing, one with a hostile name."""
    assert names_of(client, "disputed") == set()
    app = PynencBuilder().app_id(shop.app.conf.app_id).sqlite(_path(shop)).thread_runner(1, 1).build()
    app.task(max_retries=7)(_like(shop.charge))
    app.task(_like(shop.echo, "<i>echo</i>"))
    with running(SimpleNamespace(app=shop.app)), running(SimpleNamespace(app=app)):
        ids = {one.runner.runner_id for one in (shop.app, app)}
        eventually(lambda: {key for key, one in notes_of(app).items() if one.code} >= ids)
        fresh = TestClient(create_monitor_app(shop.app), base_url="http://localhost")
        assert names_of(fresh, "disputed") == {"charge"}
        text = fresh.get("/tasks/pynmon_shop.charge").text
        assert "runners do not agree" in text
        assert 'max_retries</td><td class="data">7</td>' in text
        assert text.count("As 1 runner has it") == 2
        assert "Not declared by" in fresh.get("/tasks/pynmon_shop.hold").text
        listed = fresh.get("/tasks?only=new").text
        assert "&lt;i&gt;echo&lt;/i&gt;" in listed
        assert "<i>echo" not in listed
        (charge,) = (
            one
            for one in fresh.get("/api/v1/tasks").json()["tasks"]
            if one["task_id"] == "pynmon_shop.charge"
        )
        assert (charge["runners"], charge["is_disputed"]) == (2, True)
    app.close()


def _path(shop: ModuleType) -> str:
    return str(shop.app.orchestrator.store.writer.execute("PRAGMA database_list").fetchone()[2])


def _like(task: Any, name: str = "") -> Any:
    """The function of a task as an other version of its module would have it."""
    func = types.FunctionType(task.func.__code__, task.func.__globals__, name or task.func.__name__)
    func.__annotations__ = dict(task.func.__annotations__)
    func.__module__, func.__qualname__ = task.func.__module__, name or task.func.__qualname__
    return func
