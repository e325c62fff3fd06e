"""How large pages are that are full: elements, and bytes as they are sent uncompressed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.backends import sqlite
from integration.backends.parts import Site
from integration.world import ERROR, RESULT, World, call, finish, workflow

from pynenc import PynencBuilder
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.runners import Beat, RunnerIdentity
from pynmon import MonitorSettings, create_monitor_app

from .conftest import a_minute_ago
from .crawl import Page

#: Tasks and runners; members of the workflow: more than are shown, and of no task so many that they are folded.
_EACH, _MEMBERS = 200, 320
#: By page: the most elements, and the most bytes.
BUDGETS = {
    "/": (2_000, 90_000),
    "/invocations": (2_500, 110_000),
    "/invocations?size=200": (4_000, 160_000),
    "/tasks": (4_000, 160_000),
    "/tasks?by=module": (4_000, 160_000),
    "/runners": (4_000, 160_000),
    "/workflows/run": (2_500, 180_000),
    "/failures": (4_000, 160_000),
    "/queues": (4_000, 160_000),
}


#: Until then nobody beats: each runner was silent, which is shown.
SILENCE = 40.0


def long_id() -> str:
    """As long as ids are."""
    return str(uuid.uuid4())


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """Each of 200 runners ended three invocations of a task of its own, one of which failed, and is gone."""
    folder = tmp_path_factory.mktemp("full")
    clock = a_minute_ago()
    world = World(sqlite.BACKEND, Site(folder, clock), "full")
    runners = [
        RunnerIdentity(runner_id=RunnerId(long_id()), runner_cls="ThreadRunner", host=f"host-{n % 3}", pid=n)
        for n in range(_EACH)
    ]
    world.orchestrator.beat(Beat(alive=tuple(runners)))
    for number, runner in enumerate(runners):
        arguments = f"customer_id={number}, amount=12.5"
        names = [InvocationId(long_id()) for _ in range(3)]
        world.submit(
            *(call(one, task_id=f"shop.tasks.task_{number:03}", args_preview=arguments) for one in names)
        )
        claims = world.claims(runner, ids=tuple(names), limit=3)
        world.do(*(finish(claim, RESULT if at else ERROR) for at, claim in enumerate(claims)))
    clock.advance(SILENCE)
    ends = tuple((one.runner_id, "clean") for one in runners[_EACH // 4 :])
    world.orchestrator.beat(Beat(alive=tuple(runners[: _EACH // 4]), stopped=ends))
    inside = {"root_id": InvocationId("run"), "workflow_id": "run", "workflow_type": "shop.flows.nightly"}
    calls = [workflow("run", task_id="shop.flows.nightly")]
    calls += [
        call(long_id(), parent_id="run", depth=1, task_id=f"shop.tasks.task_{number % _EACH:03}", **inside)
        for number in range(_MEMBERS)
    ]
    world.orchestrator.submit(calls, {}, enqueue=True)
    app = PynencBuilder().app_id(world.app_id).sqlite(str(folder / "all.db")).build()
    yield create_monitor_app(app, MonitorSettings(requests_per_second=0))
    app.close()
    world.close()


@pytest.mark.parametrize("path", BUDGETS)
def test_a_page_is_not_larger_than_browsers_and_people_like(full: FastAPI, path: str) -> None:
    nodes, size = BUDGETS[path]
    response = TestClient(full, base_url="http://localhost").get(path)
    page = Page(response.text)
    assert response.status_code == 200
    assert len(page.tags) <= nodes
    assert len(response.content) <= size


def test_pages_that_are_measured_are_full(full: FastAPI) -> None:
    client = TestClient(full, base_url="http://localhost")
    for path, lines in (
        ("/invocations?size=200", 200),
        ("/tasks", _EACH),
        ("/runners", _EACH),
        ("/workflows/run", 300),
    ):
        assert client.get(path).text.count("<tr") >= lines
    assert client.get("/tasks").text.count('class="trend"') >= _EACH
    assert client.get("/runners").text.count('class="gap"') == _EACH
