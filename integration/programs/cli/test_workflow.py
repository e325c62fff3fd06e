from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pynenc.app import Pynenc
from pynenc.app_loader import load_app
from pynenc.cli.main import main
from pynenc.values.status import InvocationStatus as S

from .conftest import running

_FLOWS = """
from pynenc import PynencBuilder

app = PynencBuilder().app_id("flows").sqlite("flows.db").thread_runner(1, 1).build()
ran = []


@app.task
def add(x: int, y: int) -> int:
    ran.append((x, y))
    return x + y


def secret() -> dict:
    return {"password": "hunter2"}


@app.workflow
def order(n: int) -> list:
    total = add(n, 1).result
    order.wf.run_step(secret)
    answer = order.wf.receive("answer")
    if answer == "fail":
        raise ValueError(answer)
    return [total, answer]
"""


@pytest.fixture
def flows(directory: Path) -> Iterator[Pynenc]:
    (directory / "flow_tasks.py").write_text(_FLOWS)
    app = load_app(None)
    yield app
    app.close()


@pytest.fixture
def waiting(flows: Pynenc) -> Any:
    """A workflow that waits for an answer."""
    invocation = flows.get_task("flow_tasks.order")(5)
    with running(flows):
        _until(invocation, S.PAUSED)
    return invocation


def _until(invocation: Any, status: S) -> None:
    deadline = time.monotonic() + 20
    while not (invocation.record.status is status and invocation.record.token is None):
        assert time.monotonic() < deadline, invocation.record
        time.sleep(0.01)


def _out(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["workflow", *arguments]) == code
    return capsys.readouterr().out


def test_workflows_are_listed_without_what_they_called(
    waiting: Any, flows: Pynenc, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = _out(capsys, "list", "--open").splitlines()
    assert lines[0].split() == ["workflow", "task", "status", "created", "arguments"]
    assert [line.split()[:3] for line in lines[1:]] == [[waiting.invocation_id, "flow_tasks.order", "paused"]]
    waiting.cancel()
    assert len(_out(capsys, "list", "--open").splitlines()) == 1
    assert len(json.loads(_out(capsys, "list", "--json", "--task", "flow_tasks.order"))) == 1
    assert json.loads(_out(capsys, "list", "--json", "--task", "flow_tasks.add")) == []


def test_what_was_recorded_is_shown(waiting: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(_out(capsys, "show", waiting.invocation_id, "--json"))
    assert (shown["status"], shown["task_id"]) == ("paused", "flow_tasks.order")
    assert [(one["seq"], one["name"]) for one in shown["operations"]] == [
        (1, "call flow_tasks.add"),
        (2, "step flow_tasks.secret"),
        (3, "receive answer"),
    ]
    assert shown["operations"][0]["result"] == f"{waiting.invocation_id}.1 success"
    text = _out(capsys, "show", waiting.invocation_id)
    assert "flow_tasks.py:" in text
    assert "hunter2" not in text


def test_a_workflow_is_cancelled_and_resumed(
    waiting: Any, flows: Pynenc, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cancelled" in _out(capsys, "cancel", waiting.invocation_id, "--reason", "not wanted")
    assert waiting.history[-1].reason == "not wanted"
    assert "final already" in _out(capsys, "cancel", waiting.invocation_id, code=1)
    resumed: Any = flows.get_invocation(_out(capsys, "resume", waiting.invocation_id).strip())
    resumed.send("answer", "yes")
    with running(flows):
        assert resumed.get(20) == [6, "yes"]


def test_a_workflow_is_forked(waiting: Any, flows: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    fork: Any = flows.get_invocation(_out(capsys, "fork", waiting.invocation_id, "--from-step", "1").strip())
    fork.send("answer", "other")
    with running(flows):
        assert fork.get(20) == [6, "other"]
    assert waiting.record.status is S.PAUSED
    assert main(["workflow", "fork", waiting.invocation_id, "--from-step", "-1"]) == 1


def test_open_workflows_are_compared_with_the_code(
    waiting: Any, flows: Pynenc, directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    before = waiting.history
    out = _out(capsys, "check")
    assert "agrees" in out
    assert "1 checked, 0 differ" in out
    task = flows.get_task("flow_tasks.order")
    monkeypatch.setattr(task._definition, "func", lambda n: task.wf.random())
    out = _out(capsys, "check", waiting.invocation_id, code=1)
    assert "differs" in out
    assert "- recorded      1  call flow_tasks.add" in out
    assert "1 checked, 1 differ" in out
    assert waiting.history == before


def test_what_is_no_workflow_is_told(flows: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    child = flows.get_task("flow_tasks.add")(1, 2)
    for action in ("show", "cancel", "resume", "check"):
        assert main(["workflow", action, child.invocation_id]) == 1
        assert "is no workflow" in capsys.readouterr().err
        assert main(["workflow", action, "unknown"]) == 1
        assert "no invocation 'unknown'" in capsys.readouterr().err
