"""Stored results that answer equal calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.behaviour.conftest import RunningApp

from pynenc.engine.retention import delete_expired

TIMEOUT = 60


def test_an_equal_call_is_answered_with_the_stored_result(running: RunningApp, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    first = running.tasks.cached(log, 1)
    assert first.get(TIMEOUT) == running.tasks.Point(1, "computed")
    again = running.tasks.cached(log, x=1)
    assert (again.invocation_id, again.status.value) == (first.invocation_id, "success")
    assert again.result == running.tasks.Point(1, "computed")
    assert again.arguments.kwargs == {"log": log, "x": 1}
    other = running.tasks.cached(log, 2)
    assert other.invocation_id != first.invocation_id
    other.get(TIMEOUT)
    group = running.tasks.cached.parallelize([(log, x) for x in (2, 3, 1)])
    assert [point.x for point in group.get(TIMEOUT)] == [2, 3, 1]
    ids = [invocation.invocation_id for invocation in group]
    assert (ids[0], ids[2]) == (other.invocation_id, first.invocation_id)
    assert Path(log).read_text().split() == ["1", "2", "3"]


def test_failures_answer_nothing(running: RunningApp, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    failed = running.tasks.cached_at_the_second_call(log)
    with pytest.raises(ValueError, match="the first time"):
        failed.get(TIMEOUT)
    made = running.tasks.cached_at_the_second_call(log)
    assert made.get(TIMEOUT) == "made"
    assert running.tasks.cached_at_the_second_call(log).invocation_id == made.invocation_id


def test_a_deleted_result_is_made_again(running: RunningApp, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    first = running.tasks.cached(log, 1)
    first.get(TIMEOUT)
    answered = running.tasks.cached(log, 1)
    assert delete_expired(running.app.engine.components, 0.0) == 1
    assert answered.result.x == 1  # what was given stays given
    again = running.tasks.cached(log, 1)
    assert again.invocation_id != first.invocation_id
    assert again.get(TIMEOUT).x == 1
    assert Path(log).read_text().split() == ["1", "1"]


def test_a_rerun_is_a_new_invocation_whose_result_answers_from_then_on(
    running: RunningApp, tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    first = running.tasks.cached(log, 1)
    first.get(TIMEOUT)
    rerun = running.app.rerun(first.invocation_id)
    rerun.get(TIMEOUT)
    assert running.tasks.cached(log, 1).invocation_id == rerun.invocation_id != first.invocation_id
