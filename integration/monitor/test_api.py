"""The JSON API and the metrics: whole, bounded, and in forms that their readers can parse."""

from __future__ import annotations

import csv
import io
import json
import re
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynenc.values.triggers import TriggerRun
from pynmon import create_monitor_app
from pynmon.source import SHORT_SECONDS
from pynmon.statistics import BOUNDS

from .conftest import asks_few, eventually, running, statements

#: Address and the most questions that it may ask the store, however much is in there.
CEILINGS = {
    "/api/v1/invocations": 1,
    "/api/v1/invocations?status=failed&status=retry&task=pynmon_shop.refuse&limit=200": 2,
    "/api/v1/invocations?q=duration:>5s%20-status:failed%20is:stuck": 4,
    "/api/v1/tasks": 5,
    "/api/v1/tasks/pynmon_shop.charge": 6,
    "/api/v1/workflows": 1,
    "/api/v1/workflows?q=has:result": 2,
    "/api/v1/failures": 1,
    "/api/v1/failures?q=error:ValueError": 2,
    "/api/v1/runners": 3,
    "/api/v1/schedules": 4,
    "/api/v1/schedules/pynmon_shop.restock%232?count=50": 4,
    "/metrics": 12,
    "/api/v1/openapi.json": 0,
    "/healthz": 0,
}


@pytest.mark.parametrize("path", CEILINGS)
def test_an_answer_asks_the_store_few_questions(shop: ModuleType, path: str) -> None:
    asks_few(shop, path, CEILINGS[path])


def items(client: TestClient, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_the_query_is_that_of_the_pages(client: TestClient) -> None:
    found = items(client, "/api/v1/invocations?q=task:*.charge%20args.customer_id:29")["invocations"]
    assert [one["task_id"] for one in found] == ["pynmon_shop.charge"]
    assert items(client, "/api/v1/invocations?q=task:*.charge&status=failed")["invocations"] == []
    wrong = client.get("/api/v1/invocations?q=stauts:failed")
    assert wrong.status_code == 422
    assert "stauts:failed: there is no 'stauts' to ask for (did you mean 'status'?)" in wrong.json()["detail"]


def test_failures_and_workflows_are_asked_for_by_queries(client: TestClient) -> None:
    (kind,) = items(client, "/api/v1/failures?q=task:*.refuse")["kinds"]
    assert (kind["number"], kind["tasks"]) == (8, {"pynmon_shop.refuse": 8})
    assert kind["error_type"].endswith("ValueError")
    assert items(client, f"/api/v1/invocations/{kind['latest']}")["invocation"]["status"] == "failed"
    assert items(client, "/api/v1/failures?q=-error:ValueError")["kinds"] == []
    assert len(items(client, "/api/v1/workflows?q=has:result")["invocations"]) == 1
    assert items(client, "/api/v1/workflows?q=is:open")["invocations"] == []
    for path in ("failures", "workflows"):
        assert client.get(f"/api/v1/{path}?q=stauts:failed").status_code == 422


def test_one_of_each_is_shown_with_few_questions(shop: ModuleType, client: TestClient) -> None:
    run = items(client, "/api/v1/workflows")["invocations"][0]["invocation_id"]
    runner = items(client, "/api/v1/runners")["runners"][0]["runner_id"]
    for path, ceiling in (
        (f"/api/v1/invocations/{run}", 2),
        (f"/api/v1/workflows/{run}", 2),
        (f"/api/v1/runners/{runner}", 3),
    ):
        with statements(shop) as seen:
            items(client, path)
        assert 0 < len(seen) <= ceiling, seen


def test_following_the_cursor_gives_each_invocation_once(client: TestClient) -> None:
    ids: list[str] = []
    cursor = ""
    while True:
        page = items(client, f"/api/v1/invocations?limit=20&cursor={cursor}")
        ids += [one["invocation_id"] for one in page["invocations"]]
        if not (cursor := page["next"]):
            break
    assert len(ids) == len(set(ids)) == 30 + 16 + 1 + 1 + 9 + 1 + (1 + 2 + 8 + 2)
    totals = [count for task in items(client, "/api/v1/tasks")["tasks"] for count in task["counts"].values()]
    assert sum(totals) == len(ids)


def test_an_invocation_tells_what_happened_to_it(shop: ModuleType, client: TestClient) -> None:
    page = items(client, "/api/v1/invocations?task=pynmon_shop.refuse&status=failed&limit=200")
    assert {one["outcome"]["error_msg"] for one in page["invocations"]} == {
        text.encode("utf-8", "backslashreplace").decode()[:200] for text in shop.HOSTILE
    }
    one = page["invocations"][0]
    detail = items(client, f"/api/v1/invocations/{one['invocation_id']}")
    assert detail["invocation"] == one
    assert detail["history"][0]["status"] == "registered"
    assert detail["history"][-1]["status"] == "failed"
    assert detail["history"][-1]["at"] == one["ended_at"]
    assert "token" not in one
    assert "arguments" not in one


def test_a_workflow_has_its_members(client: TestClient) -> None:
    (run,) = items(client, "/api/v1/workflows")["invocations"]
    detail = items(client, f"/api/v1/workflows/{run['invocation_id']}")
    assert detail["run"] == run
    assert len(detail["members"]) == 2 + 8 + 2
    assert not detail["is_cut"]


def test_a_task_has_its_figures(client: TestClient) -> None:
    detail = items(client, "/api/v1/tasks/pynmon_shop.refuse?range=1h")
    assert detail["task"]["counts"] == {"failed": 8}
    assert detail["figures"]["failed"] == detail["figures"]["total"] == 8
    assert detail["figures"]["run"]["p95"] > 0


def test_a_runner_is_shown_after_its_end(client: TestClient) -> None:
    terms: list[Any] = []
    for one in items(client, "/api/v1/runners")["runners"]:
        detail = items(client, f"/api/v1/runners/{one['runner_id']}")
        assert detail["runner"]["state"] == "stopped"
        assert detail["owned"] == []
        assert "pynmon_shop.charge" in detail["tasks"]
        assert detail["version"]
        terms += detail["terms"]
    assert terms


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/api/v1/invocations/unknown", 404, "no invocation"),
        ("/api/v1/workflows/unknown", 404, "no invocation"),
        ("/api/v1/runners/unknown", 404, "no runner"),
        ("/api/v1/tasks/unknown", 404, "no invocation of a task"),
        ("/api/v1/nothing", 404, ""),
        ("/api/v1/invocations?limit=201", 422, "limit"),
        ("/api/v1/invocations?status=x", 422, "status"),
        ("/api/v1/invocations?cursor=x", 400, "damaged"),
        ("/api/v1/tasks/pynmon_shop.charge?range=1x", 422, "choose one of"),
    ],
)
def test_a_wrong_address_is_told_what_is_wrong(client: TestClient, path: str, code: int, words: str) -> None:
    response = client.get(path)
    assert response.status_code == code
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == code
    assert words in response.json()["detail"]


def test_a_store_that_is_away_is_a_problem_without_details(tmp_path: Any) -> None:
    lost = PynencBuilder().app_id("lost").sqlite(str(tmp_path / "missing" / "x.db")).build()
    client = TestClient(create_monitor_app(lost), base_url="http://localhost", raise_server_exceptions=False)
    for path in ("/api/v1/invocations", "/metrics"):
        response = client.get(path)
        assert response.status_code == 503
        assert str(tmp_path) not in response.text
    assert client.get("/healthz").status_code == 200


def test_the_description_names_every_address(client: TestClient) -> None:
    described = items(client, "/api/v1/openapi.json")
    assert described["openapi"].startswith("3.1")
    kinds = ("invocations", "tasks", "workflows", "runners", "schedules")
    names = {
        "invocations": "invocation_id",
        "tasks": "task_id",
        "workflows": "workflow_id",
        "runners": "runner_id",
        "schedules": "trigger_id",
    }
    expected = {f"/api/v1/{kind}" for kind in kinds}
    expected |= {f"/api/v1/{kind}/{{{names[kind]}}}" for kind in kinds}
    acting = {f"/api/v1/invocations/{{invocation_id}}/{action}" for action in ("rerun", "retry", "cancel")}
    acting |= {"/api/v1/tasks/{task_id}/enqueue"} | {
        f"/api/v1/maintenance/{one}" for one in ("purge", "undo")
    }
    acting |= {f"/api/v1/bulk{rest}" for rest in ("", "/preview", "/{job_id}/stop")}
    acting |= {f"/api/v1/schedules/{{trigger_id}}/{action}" for action in ("pause", "resume", "fire")}
    acting |= {"/api/v1/failures/{fingerprint}/acknowledge"}
    acting |= {f"/api/v1/runners/{{runner_id}}/{action}" for action in ("drain", "recover")}
    expected |= {"/api/v1/bulk/{job_id}", "/api/v1/failures", "/api/v1/failures/{fingerprint}"}
    expected |= {
        f"/api/v1/invocations/{{invocation_id}}/{what}" for what in ("arguments/{argument}", "outcome")
    }
    assert set(described["paths"]) == expected | acting
    for path, methods in described["paths"].items():
        assert set(methods) == ({"post"} if path in acting else {"get"})


def test_metrics_and_the_api_know_the_slots_of_what_lives(shop: ModuleType, client: TestClient) -> None:
    with running(shop):
        eventually(lambda: samples(client.get("/metrics").text)["pynenc_slots", 'state="free"'] == 4)
        found = {one["runner_id"]: one for one in items(client, "/api/v1/runners")["runners"]}
        assert found[shop.app.runner.runner_id]["slots"] == 4
    eventually(lambda: samples(client.get("/metrics").text)["pynenc_slots", 'state="free"'] == 0)


SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? ([0-9.e+-]+)')


def samples(text: str) -> dict[tuple[str, str], float]:
    """By name and labels; every line has to be a sample or a comment."""
    found = {}
    for line in text.removesuffix("\n").split("\n"):
        if not line.startswith("# "):
            match = SAMPLE.fullmatch(line)
            assert match, line
            found[match[1], match[2] or ""] = float(match[3])
    return found


def test_metrics_are_what_the_store_counts(shop: ModuleType, client: TestClient) -> None:
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(response.text)
    assert found["pynenc_invocations", 'task="pynmon_shop.refuse",status="failed"'] == 8
    assert sum(value for (name, _), value in found.items() if name == "pynenc_invocations") == 71
    assert found["pynenc_queue_depth", ""] == 0
    assert found["pynenc_queue_oldest_age_seconds", ""] == 0
    assert found["pynenc_runners", 'state="alive"'] == 0
    for kind in ("pending", "running"):
        assert found["pynenc_recoveries_total", f'kind="{kind}"'] == 0
    # No runner lives that has them, and the schedule has never been due.
    assert found["pynenc_triggers", 'state="no runner has it"'] == 2
    assert found["pynenc_triggers", 'state="in force"'] == 0
    assert not [name for name, _ in found if name == "pynenc_trigger_lateness_seconds"]
    assert {
        check: found["pynenc_health_check", f'check="{check}"'] for check in ("runners", "queue", "owners")
    } == {
        "runners": 1,  # none is alive, and nothing waits
        "queue": 0,
        "owners": 0,
    }
    # Of itself: what it had asked before this answer was made.
    assert found["pynmon_query_seconds_count", 'query="count_by_task"'] >= 1
    assert found["pynmon_query_seconds_sum", 'query="count_by_task"'] > 0
    assert found["pynmon_sampler_lag_seconds", ""] == 0
    assert found["pynenc_runners", 'state="stopped"'] == len(items(client, "/api/v1/runners")["runners"])


def test_metrics_tell_how_long_the_oldest_waits(shop: ModuleType, client: TestClient) -> None:
    waiting = shop.charge(0, 0.0)
    try:
        # They are read apart from each other.
        eventually(lambda: samples(client.get("/metrics").text)["pynenc_queue_oldest_age_seconds", ""] > 0)
        eventually(lambda: samples(client.get("/metrics").text)["pynenc_queue_depth", ""] == 1)
    finally:
        waiting.cancel()


def test_what_ended_is_counted_once_however_often_it_is_asked_for(shop: ModuleType) -> None:
    client = TestClient(create_monitor_app(shop.app), base_url="http://localhost")
    before = numbers(client)
    with running(shop):
        assert all(call.wait(30) for call in [shop.echo("x"), shop.echo("y"), shop.refuse("z")])
    echo, refuse = 'task="pynmon_shop.echo"', 'task="pynmon_shop.refuse"'
    told = f'pynenc_invocations_ended_total{{{refuse},status="failed"}}'
    # Within a second the same is told again; then the store is asked anew, and anew.
    eventually(lambda: numbers(client).get(told) != before.get(told))
    for _ in range(2):
        eventually(lambda: asked(shop, client) > 0)
    after = numbers(client)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert grown(f'pynenc_invocations_ended_total{{{echo},status="success"}}') == 2
    assert grown(f'pynenc_invocations_ended_total{{{refuse},status="failed"}}') == 1
    for name in ("pynenc_invocation_run_seconds", "pynenc_invocation_wait_seconds"):
        assert grown(f"{name}_count{{{echo}}}") == 2
        assert grown(f'{name}_bucket{{{echo},le="+Inf"}}') == 2
        bounds = [after[f'{name}_bucket{{{echo},le="{bound}"}}'] for bound in (*BOUNDS, "+Inf")]
        assert bounds == sorted(bounds)
        assert after[f"{name}_sum{{{echo}}}"] > 0


def test_scrapes_after_the_first_one_ask_the_store_nothing(shop: ModuleType) -> None:
    with TestClient(create_monitor_app(shop.app), base_url="http://localhost") as client:
        assert 0 < asked(shop, client) <= 12
        with statements(shop) as seen:
            # Longer than anything is remembered for pages.
            eventually(lambda: numbers(client)["pynmon_sample_age_seconds"] > 2 * SHORT_SECONDS)
        assert seen == []


def asked(shop: ModuleType, client: TestClient) -> int:
    """Questions of one answer of metrics."""
    with statements(shop) as seen:
        numbers(client)
    return len(seen)


def numbers(client: TestClient) -> dict[str, float]:
    lines = [line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
    found = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    assert len(found) == len(lines)
    return found


def test_a_list_is_exported_whole_and_no_cell_is_a_formula(shop: ModuleType, client: TestClient) -> None:
    waiting = [shop.echo(text) for text in ("=1+1", "@x", 'a,b\n"c"')]
    query = {"q": "task:pynmon_shop.echo is:open"}
    text = client.get("/export/invocations", params=query).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["invocation_id"] for row in rows] == [one.invocation_id for one in reversed(waiting)]
    assert all(not str(cell).startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    every = client.get("/export/invocations", params={"form": "ndjson"})
    assert every.headers["content-disposition"] == 'attachment; filename="invocations.ndjson"'
    lines = [json.loads(line) for line in every.text.splitlines()]
    assert lines[0] == items(client, "/api/v1/invocations?limit=1")["invocations"][0]
    stored = sum(shop.app.orchestrator.count_by_status().values())
    assert len({line["invocation_id"] for line in lines}) == len(lines) == stored
    failed = client.get("/export/invocations", params={"status": "failed", "task": "pynmon_shop.refuse"}).text
    rows = list(csv.DictReader(io.StringIO(failed, newline="")))
    assert {row["outcome_error_type"] for row in rows} == {"builtins.ValueError"}
    assert client.get("/export/invocations?form=xlsx").status_code == 422
    assert client.get("/export/invocations?q=stauts:failed").status_code == 422
    for one in waiting:
        one.cancel()


def test_metrics_tell_by_how_much_schedules_come_late(shop: ModuleType, client: TestClient) -> None:
    trigger = next(one for one in shop.app.trigger.list_triggers() if one.schedules)
    run = TriggerRun(
        run_id="a-run", trigger_id=trigger.trigger_id, occurrence_ids=("2024-02-29T00:00:00+00:00",)
    )
    shop.app.engine.components.trigger.settle([], [run])
    late = "pynenc_trigger_lateness_seconds", f'trigger="{trigger.trigger_id}"'
    eventually(lambda: late in samples(client.get("/metrics").text))
    found = samples(client.get("/metrics").text)
    assert found[late] > 3600
    assert found["pynenc_health_check", 'check="schedules"'] == 1
