"""Triggers on every backend, with every runner."""

from __future__ import annotations

import importlib
import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.backends.parts import Backend
from integration.behaviour.conftest import RUNNERS, RunningApp, eventually

from pynenc.values.operations import InvocationQuery
from pynenc.values.status import InvocationStatus

MODULE = "integration.behaviour.triggered"


@pytest.fixture
def running(
    backend: Backend, runner_cls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningApp]:
    config = {
        "app_id": f"triggers-{uuid.uuid4().hex}",
        "runner_cls": runner_cls,
        "logging_level": "warning",
        **backend.settings(tmp_path),
        **RUNNERS[runner_cls],
    }
    monkeypatch.setenv("PYNENC_BEHAVIOUR_CONFIG", json.dumps(config))
    sys.modules.pop(MODULE, None)
    made = RunningApp(importlib.import_module(MODULE))
    made.start()
    eventually(lambda: all(info.in_force for info in made.app.trigger.list_triggers()))
    yield made
    made.stop()
    made.app.purge()
    made.app.close()


def results(running: RunningApp, task: Any) -> list[Any]:
    """Of the invocations of a task; all of them have to be successful."""
    key = task.task_id.key
    statuses = frozenset({InvocationStatus.SUCCESS})
    records = running.app.orchestrator.list_records(
        InvocationQuery(task_id=key, statuses=statuses, oldest_first=True, limit=500)
    )
    return [running.app.get_invocation(record.invocation_id).result for record in records]


def test_triggers_react_once_to_each_occurrence(running: RunningApp) -> None:
    tasks = running.tasks
    for n in range(3):
        tasks.source(n)
    tasks.source(9, True)
    tasks.emit(9)
    tasks.emit(10)
    running.app.trigger.emit_event("order", {"n": 11})
    running.app.trigger.emit_event("right")
    eventually(lambda: sorted(results(running, tasks.use_result)) == [[0, 0], [10, 1], [20, 2]])
    eventually(lambda: results(running, tasks.after_success) == ["after"] * 3)
    eventually(lambda: results(running, tasks.use_failure) == [["LookupError", "no 9"]])
    eventually(lambda: sorted(results(running, tasks.on_large_order)) == [10, 11])
    assert results(running, tasks.on_both) == []
    running.app.trigger.emit_event("left")
    eventually(lambda: results(running, tasks.on_both) == [1])
    eventually(lambda: len(results(running, tasks.every_second)) >= 2)
    ticks = [run for run in running.app.trigger.list_runs() if run.trigger_id.endswith("every_second#1")]
    assert len({run.occurrence_ids for run in ticks}) == len(ticks)
    assert len(results(running, tasks.after_success)) == 3
    assert len(results(running, tasks.use_failure)) == 1
    assert [run for run in running.app.trigger.list_runs() if run.error] == []
