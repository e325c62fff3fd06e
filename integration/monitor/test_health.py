"""What the dashboard says of an app, and why an invocation does not begin."""

from __future__ import annotations

import re
from types import ModuleType

from fastapi.testclient import TestClient

from pynenc.inspection import notes_of
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import NewInvocation
from pynenc.values.runners import Beat, RunnerIdentity
from pynmon import MonitorSettings, Thresholds, create_monitor_app

from .conftest import asks_few, eventually, running

HOSTILE = "<img src=x onerror=alert(1)>.task"
#: Every check that has something to say of a shop that works.
CHECKS = {
    "runners",
    "unserved",
    "queue",
    "owners",
    "failures",
    "store",
    "sweeper",
    "clock",
    "retention",
}


def checks_of(text: str) -> dict[str, tuple[int, str, str]]:
    """By name: how bad it is, where it leads, and what it says."""
    found = re.findall(r'<li id="check-(\w+)" class="level-(\d)">.*?<a href="([^"]+)">(.*?)</a>', text)
    return {name: (int(level), href, sentence) for name, level, href, sentence in found}


def test_a_task_that_no_runner_has_is_said_where_it_waits(shop: ModuleType) -> None:
    name = InvocationId("nobody-has-it")
    call = NewInvocation(invocation_id=name, task_id=HOSTILE, args_id="x", root_id=name)
    shop.app.orchestrator.submit([call], {}, enqueue=True)

    def fresh(path: str) -> str:
        client = TestClient(create_monitor_app(shop.app), base_url="http://localhost")
        return str(client.get(path).text)

    assert "No live runner accepts this task: none is alive" in fresh(f"/invocations/{name}")
    assert "unserved" not in checks_of(fresh("/"))
    with running(shop):
        runner_id = shop.app.runner.runner_id
        eventually(lambda: notes_of(shop.app).get(runner_id) and notes_of(shop.app)[runner_id].code)
        text = fresh("/")
        assert checks_of(text)["unserved"] == (
            1,
            "/queues",
            "1 invocation waits of &lt;img src=x onerror=alert(1)&gt;.task, which no runner that lives declares",
        )
        assert HOSTILE not in text
        assert set(checks_of(text)) >= CHECKS
        # Without a detour over its alias.
        assert checks_of(text)["sweeper"][1] == "/runners#leader"
        eventually(lambda: "none declares it" in fresh(f"/invocations/{name}"))
        shop.app.get_invocation(name).cancel()
        assert checks_of(fresh("/"))["unserved"][0] == 0


def test_what_nobody_has_costs_few_questions_more(shop: ModuleType) -> None:
    name = InvocationId("nobody-has-this")
    call = NewInvocation(invocation_id=name, task_id="a.b", args_id="x", root_id=name)
    shop.app.orchestrator.submit([call], {}, enqueue=True)
    lone = RunnerIdentity(runner_id=RunnerId("lone"), runner_cls="ThreadRunner", host="here", pid=1)
    shop.app.orchestrator.beat(Beat(alive=(lone,)))
    trigger = shop.app.engine.components.trigger
    trigger.set_values("code", {"lone": next(iter(trigger.get_values(["code"])["code"].values()))})
    # One more each, for what runners have.
    asks_few(shop, "/", 13)
    asks_few(shop, f"/invocations/{name}", 9)
    shop.app.get_invocation(name).cancel()
    shop.app.orchestrator.beat(Beat(stopped=((lone.runner_id, "clean"),)))


def test_from_where_on_something_is_worth_a_look_is_a_setting(shop: ModuleType) -> None:
    settings = MonitorSettings(thresholds=Thresholds(answer_seconds=0.0))
    client = TestClient(create_monitor_app(shop.app, settings), base_url="http://localhost")
    level, href, sentence = checks_of(client.get("/").text)["store"]
    assert (level, href) == (1, "/system")
    assert sentence.startswith("The store answers within ")
