"""The page of a large workflow: bounded, and what failed in it is seen, however deep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from integration.backends import sqlite
from integration.backends.parts import Site
from integration.world import ERROR, World, call, finish, ids, workflow

from pynenc import Pynenc, PynencBuilder
from pynenc.values.clock import SystemClock
from pynenc.values.ids import InvocationId
from pynmon import MonitorSettings, create_monitor_app

from .conftest import Watched, for_everybody, served, statements_of
from .crawl import Page

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pynenc]:
    """A run of 3 000 calls, of which the last one failed, five levels below the beginning."""
    folder = tmp_path_factory.mktemp("large")
    world = World(sqlite.BACKEND, Site(folder, SystemClock()), "large")
    inside = {"root_id": InvocationId("run"), "workflow_id": "run", "workflow_type": "app.flow"}
    calls = [workflow("run", task_id="app.flow")]
    for number in range(30):
        batch = InvocationId(f"batch-{number:02}")
        calls.append(call(batch, parent_id="run", depth=1, task_id="app.batch", **inside))
        calls += [
            call(f"{batch}-{leaf:02}", parent_id=batch, depth=2, args_preview=f"leaf={leaf}", **inside)
            for leaf in range(99)
        ]
    above = "run"
    for depth in range(1, 6):
        calls.append(call(f"deep-{depth}", parent_id=above, depth=depth, task_id="app.deep", **inside))
        above = f"deep-{depth}"
    world.orchestrator.submit(calls, {}, enqueue=True)
    world.do(finish(world.claim(ids=ids("deep-5")), ERROR))
    app = PynencBuilder().app_id(world.app_id).sqlite(str(folder / "all.db")).build()
    yield app
    app.close()
    world.close()


def drawn(text: str) -> list[str]:
    """The lines of the hierarchy: the last part of their tasks, and how many they stand for."""
    rows = re.findall(r'<td class="depth-(\d)">.*?<a class="task"[^>]*>(\w+)</a>(.*?)</td>', text, re.DOTALL)
    return [
        f"{depth} {task}" + "".join(f" {n}" for n in re.findall(r"&times; (\d+)", rest))
        for depth, task, rest in rows
    ]


def client_of(app: Pynenc) -> TestClient:
    monitor = create_monitor_app(app, MonitorSettings(requests_per_second=0))
    return TestClient(monitor, base_url="http://localhost")


def test_what_failed_deep_in_a_large_workflow_is_seen(large: Pynenc) -> None:
    client = client_of(large)
    with statements_of(large) as seen:
        text = client.get("/workflows/run").text
    # One for each level above what is not among the oldest.
    assert len(seen) <= 4 + 4, seen
    lines = drawn(text)
    assert len(lines) <= 300
    # Equal siblings are one line that leads to all of them.
    assert lines[:5] == ["0 flow", "1 batch", "2 task 99", "1 batch", "2 task 99"]
    assert lines[-5:] == [f"{depth} deep" for depth in range(1, 6)]
    assert "figures and hierarchy are of the oldest" in text
    (folded,) = set(re.findall(r'href="(/invocations\?q=[^"]+batch-03[^"]+)"', text))
    listed = client.get(folded.replace("&amp;", "&") + "&size=200").text
    assert listed.count("<tr id=") == 99


def test_a_workflow_is_searched_whole_by_the_store(large: Pynenc) -> None:
    client = client_of(large)
    with statements_of(large) as seen:
        text = client.get("/workflows/run", params={"q": "args.leaf:42 parent:batch-29"}).text
    assert len(seen) <= 7, seen
    assert drawn(text) == ["0 flow", "1 batch", "2 task"]
    assert text.count('class="found"') == 1
    assert "batch-29-42" in text
    assert "Found 1;" in text
    # Of a part of it, what is below that only.
    assert drawn(client.get("/workflows/deep-3", params={"q": "task:app.deep"}).text) == [
        "0 deep",
        "1 deep",
        "2 deep",
    ]
    assert "Found 50+" in client.get("/workflows/run", params={"q": "task:app.task"}).text
    assert "Nothing in it is so" in client.get("/workflows/run", params={"q": "is:slow"}).text
    wrong = client.get("/workflows/run", params={"q": f"stauts:x {HOSTILE}"})
    assert wrong.status_code == 422
    assert Page(wrong.text).forbidden == []
    assert "<mark>stauts:x</mark>" in wrong.text
    assert len(drawn(wrong.text)) > 5


def test_workflows_are_shown_by_what_they_are_runs_of(large: Pynenc) -> None:
    text = client_of(large).get("/workflows/types").text
    (row,) = re.findall(r'<tr id="y-app.flow">(.*?)</tr>', text)
    assert '/workflows/run"' in row
    assert re.findall(r'<td class="num">(?:<a[^>]*>)?(\w+)', row)[:3] == [
        "1",
        "1",
        "1",
    ]  # all, looked at, open


def test_a_large_workflow_is_searched_by_keys_and_read_by_everybody(large: Pynenc, chromium: Any) -> None:
    monitor = create_monitor_app(large, MonitorSettings(requests_per_second=0))
    with served(monitor) as address:
        watched = Watched(chromium, address)
        page = watched.open("/workflows/run")
        for_everybody(page, "a large workflow")
        page.get_by_label("Query").focus()
        page.keyboard.type("args.leaf:7 parent:batch-01")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=args.leaf**")
        assert page.locator("tr.found").count() == 1
        for_everybody(page, "found in a workflow")
        page = watched.open("/workflows/types")
        for_everybody(page, "workflows by what they are runs of")
        assert watched.complaints == []
        watched.context.close()
