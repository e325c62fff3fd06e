"""Many at once: counted first, confirmed, carried out in the background, and on record. On every kind of store."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon import Role, create_monitor_app
from pynmon.actions import ActionRefusedError, Actor
from pynmon.bulk.jobs import MOST_FOR_OPERATORS, Job, Jobs, JobState, Order
from pynmon.bulk.scope import CHUNK, BulkAction, Scope
from pynmon.identity import Identity
from pynmon.settings import MonitorSettings

from .conftest import eventually, settings_on
from .logins import OURS, bearer, client_of, entries, form_token_of, logged_in, monitor_of
from .test_stale import Drive

ACTOR = Actor(Identity("olga", Role.OPERATOR), "10.0.0.7")


@pytest.fixture(scope="module", params=["sqlite", "redis", "mongodb", "rabbitmq"])
def store_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return settings_on(request.param, tmp_path_factory.mktemp("shop"))


@pytest.fixture
def guarded(shop: ModuleType) -> FastAPI:
    return monitor_of(shop)


@pytest.fixture
def operator(guarded: FastAPI) -> TestClient:
    return logged_in(guarded, Role.OPERATOR)


@pytest.fixture
def waiting(shop: ModuleType) -> Iterator[list[Any]]:
    """More than one chunk of invocations that nobody takes."""
    group = list(shop.charge.parallelize([(7, 0.25)] * (CHUNK + 5)))
    yield group
    shop.app.engine.canceller.cancel([one.invocation_id for one in group], cascade=False, reason="")


def dry_run(client: TestClient, action: str, **data: Any) -> tuple[str, dict[str, Any]]:
    """The page that says what would happen, and what its form carries."""
    form = {"form_token": form_token_of(client), "action": action, **data}
    response = client.post("/bulk/preview", headers=OURS, data=form)
    assert response.status_code == 200, response.text
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', response.text):
        fields.setdefault(name, []).append(html.unescape(value))
    return response.text, fields


def confirm(client: TestClient, fields: dict[str, Any], **data: Any) -> Any:
    return client.post("/bulk", headers=OURS, data={**fields, **data})


def job_of(client: TestClient, location: str) -> dict[str, Any]:
    """A job that has ended."""

    def shown() -> dict[str, Any]:
        answer: dict[str, Any] = client.get(f"/api/v1{location}", headers=bearer(Role.OPERATOR)).json()
        return answer

    eventually(lambda: shown()["state"] != "running")
    return shown()


def statuses(invocations: list[Any]) -> set[InvocationStatus]:
    """As the store has them now."""
    return {one.record.status for one in invocations}


def test_a_dry_run_counts_and_changes_nothing(operator: TestClient, waiting: list[Any]) -> None:
    page, fields = dry_run(operator, "cancel", q="task:pynmon_shop.charge")
    assert fields["expected"] == [str(len(waiting))]
    assert "left alone: It has ended." in page
    assert f'Type <b class="data">{len(waiting)}</b> to go on' in page
    assert statuses(waiting[:3]) == {InvocationStatus.REGISTERED}
    page, fields = dry_run(operator, "rerun", q="task:pynmon_shop.charge status:registered")
    assert "There is nothing to do." in page
    assert "job_id" not in fields


def test_what_a_query_finds_is_cancelled_once_it_is_confirmed(
    shop: ModuleType, guarded: FastAPI, operator: TestClient, waiting: list[Any]
) -> None:
    _, fields = dry_run(operator, "cancel", q="task:pynmon_shop.charge is:open")
    late = shop.charge(7, 0.25)
    refused = confirm(operator, fields, typed=str(len(waiting) + 1))
    assert refused.status_code == 409
    assert "not confirmed" in refused.text
    assert statuses(waiting[:1]) == {InvocationStatus.REGISTERED}
    location = confirm(operator, fields, typed=str(len(waiting)), reason="a mistake").headers["location"]
    job = job_of(operator, location)
    assert (job["state"], job["done"]) == ("done", len(waiting))
    assert statuses(waiting) == {InvocationStatus.CANCELLED}
    assert waiting[0].history[-1].reason == f"by operator, bulk {job['job_id']}: a mistake"
    # Registered after the dry run, or ended before it.
    assert late.record.status is InvocationStatus.REGISTERED
    late.cancel()
    end, begin = entries(guarded)[:2]
    assert (begin.action, begin.result, begin.subject) == ("bulk cancel", "begun", job["job_id"])
    assert "task:pynmon_shop.charge is:open, registered until" in begin.detail
    assert (end.result, end.detail) == ("done", f"{len(waiting)} done, 0 left alone")
    page = operator.get(location).text
    assert f"{len(waiting)} of {len(waiting)} done" in page
    assert waiting[-1].invocation_id in page


def test_what_failed_is_made_again_once_for_each_form(shop: ModuleType, operator: TestClient) -> None:
    page, fields = dry_run(operator, "rerun", q="status:failed", task="pynmon_shop.refuse")
    assert "to go on" not in page
    answers = [confirm(operator, fields) for _ in range(2)]
    (location,) = {one.headers["location"] for one in answers}
    job = job_of(operator, location)
    assert (job["state"], job["done"]) == ("done", len(shop.HOSTILE))
    made = [shop.app.get_invocation(one) for one in job["latest"]]
    firsts = [shop.app.get_invocation(one.record.rerun_of) for one in made]
    assert [one.arguments.kwargs["reason"] for one in made] == list(shop.HOSTILE)
    assert [one.arguments.kwargs for one in firsts] == [one.arguments.kwargs for one in made]
    assert statuses(made) == {InvocationStatus.REGISTERED}
    listed = operator.get("/api/v1/invocations", params={"q": "is:rerun is:open"}).json()["invocations"]
    assert {one["invocation_id"] for one in listed} == set(job["latest"])
    for one in made:
        one.cancel()


def test_only_chosen_rows_are_acted_upon(operator: TestClient, waiting: list[Any]) -> None:
    chosen = [one.invocation_id for one in waiting[:3]]
    page, fields = dry_run(operator, "cancel", q="task:pynmon_shop.charge", id=chosen)
    assert "3 chosen invocations" in page
    job = job_of(operator, confirm(operator, fields, typed="3").headers["location"])
    assert job["done"] == 3
    assert statuses(waiting[:3]) == {InvocationStatus.CANCELLED}
    assert statuses(waiting[3:]) == {InvocationStatus.REGISTERED}


def test_no_more_are_acted_upon_than_were_confirmed(operator: TestClient, waiting: list[Any]) -> None:
    _, fields = dry_run(operator, "cancel", q="task:pynmon_shop.charge is:open")
    location = confirm(operator, {**fields, "expected": "2"}, typed="2").headers["location"]
    job = job_of(operator, location)
    assert (job["state"], job["done"]) == ("limited", 2)
    assert statuses(waiting[:2]) == {InvocationStatus.CANCELLED}
    assert statuses(waiting[2:]) == {InvocationStatus.REGISTERED}


def test_many_need_an_admin(shop: ModuleType, guarded: FastAPI, operator: TestClient) -> None:
    _, fields = dry_run(operator, "rerun", q="status:failed", task="pynmon_shop.refuse")
    for many in (str(MOST_FOR_OPERATORS + 1), "5+"):
        response = confirm(operator, {**fields, "expected": many}, typed=many)
        assert response.status_code == 409
        assert "role of an admin" in response.text
        assert entries(guarded)[0].result == "refused"
    admin = logged_in(guarded, Role.ADMIN)
    _, fields = dry_run(admin, "rerun", q="status:failed", task="pynmon_shop.refuse")
    job = job_of(admin, confirm(admin, {**fields, "expected": "5+"}, typed="5+").headers["location"])
    assert (job["state"], job["done"]) == ("done", len(shop.HOSTILE))
    for one in job["latest"]:
        shop.app.get_invocation(one).cancel()


def test_a_query_that_says_nothing_acts_on_nothing(operator: TestClient) -> None:
    form = {"form_token": form_token_of(operator), "action": "cancel", "q": "nonsense:1"}
    response = operator.post("/bulk/preview", headers=OURS, data=form)
    assert response.status_code == 422
    assert "there is no" in response.text
    assert operator.get("/bulk/0123456789ab").status_code == 404


def test_programs_act_in_bulk_by_their_token(
    guarded: FastAPI, operator: TestClient, waiting: list[Any]
) -> None:
    client, asked = client_of(guarded), {"action": "cancel", "q": "task:pynmon_shop.charge is:open"}
    assert client.post("/api/v1/bulk/preview", headers=bearer(Role.VIEWER), json=asked).status_code == 403
    counted = client.post("/api/v1/bulk/preview", headers=bearer(Role.OPERATOR), json=asked).json()
    assert (counted["eligible"], counted["is_exact"]) == (len(waiting), True)
    order = {**asked, "until": counted["until"], "expected": counted["expected"]}
    job = client.post("/api/v1/bulk", headers=bearer(Role.OPERATOR), json=order).json()
    assert job_of(client, f"/bulk/{job['job_id']}")["done"] == len(waiting)
    stop = client.post(f"/api/v1/bulk/{job['job_id']}/stop", headers=bearer(Role.OPERATOR), json={})
    assert stop.status_code == 409
    # A browser sends its cookie by itself, so that it needs what only a page of ours knows.
    assert operator.post("/api/v1/bulk", headers=OURS, json=order).status_code == 403


class Gated(Scope):
    """Goes on from one chunk to the next only when it is let through."""

    gate = threading.Semaphore(0)

    def chunks(self, store: BaseMonitorStore) -> Iterator[tuple[InvocationRecord, ...]]:
        for chunk in super().chunks(store):
            yield chunk
            assert self.gate.acquire(timeout=30)


def gated(jobs: Jobs, app: Any, action: BulkAction = BulkAction.CANCEL) -> Job:
    """A job that has done its first chunk."""
    store = app.orchestrator.open_monitor_store()
    scope = Gated(text="x", until=app.orchestrator.store.now())
    order = Order(job_id=jobs.reserve_id(), action=action, scope=scope, limit=1000)
    job = jobs.start(ACTOR, order)
    eventually(lambda: job.done == CHUNK)
    assert store.change_token()
    return job


def test_a_job_is_stopped_between_two_steps_and_is_the_only_one(
    shop: ModuleType, guarded: FastAPI, operator: TestClient, waiting: list[Any]
) -> None:
    shop.app.purge()  # of what ended, so that the first chunk is what waits
    waiting[:] = list(shop.charge.parallelize([(7, 0.25)] * (2 * CHUNK)))
    jobs: Jobs = guarded.state.jobs
    job = gated(jobs, shop.app)
    page = operator.get(f"/bulk/{job.order.job_id}").text
    assert 'hx-trigger="changed, every 1s"' in page
    assert "<button>Stop it</button>" in page
    other = Order(job_id=jobs.reserve_id(), action=BulkAction.CANCEL, scope=job.order.scope, limit=1)
    with pytest.raises(ActionRefusedError, match=job.order.job_id):
        jobs.start(ACTOR, other)
    data = {"form_token": form_token_of(operator)}
    assert operator.post(f"/bulk/{job.order.job_id}/stop", headers=OURS, data=data).status_code == 303
    assert "It ends after its present step." in operator.get(f"/bulk/{job.order.job_id}").text
    Gated.gate.release()
    eventually(lambda: job.is_over)
    assert job.state is JobState.STOPPED
    assert statuses(waiting[:CHUNK]) == {InvocationStatus.CANCELLED}
    assert statuses(waiting[CHUNK:]) == {InvocationStatus.REGISTERED}
    assert [one.result for one in entries(guarded)[:3]] == ["stopped", "stop asked for", "refused"]
    assert operator.post(f"/bulk/{job.order.job_id}/stop", headers=OURS, data=data).status_code == 409


def test_a_job_ends_when_its_store_goes_away(tmp_path: Path) -> None:
    drive = Drive(tmp_path)
    drive.app.conf.publish_timeout_seconds = 0.1
    for number in range(2 * CHUNK):
        drive.submit(f"n{number:04}")
    monitor = create_monitor_app(drive.app, MonitorSettings())
    job = gated(monitor.state.jobs, drive.app)
    drive.take_away()
    Gated.gate.release()
    eventually(lambda: job.is_over)
    assert job.state is JobState.FAILED
    assert "the store did not answer" in job.problem
    assert entries(monitor)[0].detail == f"{CHUNK} done, 0 left alone"
    drive.bring_back()
    drive.app.close()
