"""A workflow whose code was changed while it was under way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pynenc.exceptions import NonDeterminismError, WorkflowError
from pynenc.testing import Harness

Start = Callable[..., Any]


def _rewrite(tasks: Any, harness: Harness, start: Start, before: Any, after: Any) -> Any:
    """A workflow that sleeps between two versions of its code."""
    invocation = start(before)
    harness.run_until_idle()
    tasks.bodies["it"] = after
    harness.advance(60)
    return invocation


def test_another_operation_is_refused_with_both_shown(start: Start, tasks: Any, harness: Harness) -> None:
    def before(wf: Any) -> None:
        wf.random()
        tasks.add(1, 2)
        wf.sleep(60)

    def after(wf: Any) -> None:
        wf.random()
        wf.uuid()
        wf.sleep(60)

    invocation = _rewrite(tasks, harness, start, before, after)
    with pytest.raises(NonDeterminismError) as caught:
        invocation.result  # noqa: B018
    assert caught.value.seq == 2
    lines = str(caught.value).splitlines()
    assert "operation 2 differs" in lines[0]
    assert lines[1].split()[:3] == ["recorded", "1", "random"]
    assert lines[2].split() == ["-", "recorded", "2", "call", "pynenc_workflow_sample.add"]
    assert lines[3].split()[:4] == ["+", "requested", "2", "uuid"]
    assert f"{Path(__file__).name}:" in lines[1]
    assert f"{Path(__file__).name}:" in lines[3]
    assert lines[4].split()[:3] == ["recorded", "3", "sleep"]
    assert "patched" in lines[-1]


@pytest.mark.parametrize(
    ("after", "seq"),
    [
        (lambda wf, tasks: (tasks.add(1, 3), wf.sleep(60)), 1),
        (lambda wf, tasks: (tasks.once(1), wf.sleep(60)), 1),
        (lambda wf, tasks: wf.sleep(60), 1),
        (lambda wf, tasks: tasks.add(1, 2), 2),
        (lambda wf, tasks: None, 1),
        (lambda wf, tasks: (tasks.add(1, 2), wf.receive("x")), 2),
    ],
    ids=["arguments", "task", "left out", "ends early", "does nothing", "waits for something else"],
)
def test_any_difference_is_refused(start: Start, tasks: Any, harness: Harness, after: Any, seq: int) -> None:
    def before(wf: Any) -> None:
        tasks.add(1, 2)
        wf.sleep(60)

    invocation = _rewrite(tasks, harness, start, before, lambda wf: after(wf, tasks))
    with pytest.raises(NonDeterminismError) as caught:
        invocation.result  # noqa: B018
    assert caught.value.seq == seq


def test_catching_it_does_not_help(start: Start, tasks: Any, harness: Harness) -> None:
    def after(wf: Any) -> str:
        with contextlib.suppress(NonDeterminismError):
            wf.uuid()
        with pytest.raises(NonDeterminismError):
            wf.random()
        return "went on"

    invocation = _rewrite(tasks, harness, start, lambda wf: wf.sleep(60), after)
    with pytest.raises(NonDeterminismError):
        invocation.result  # noqa: B018


def test_a_patch_keeps_what_is_under_way_on_its_way(start: Start, tasks: Any, harness: Harness) -> None:
    def before(wf: Any) -> str:
        wf.sleep(60)
        wf.run_step(tasks.note, "old")
        wf.sleep(60)
        return "old"

    def after(wf: Any) -> str:
        new = wf.patched("new way")
        wf.sleep(60)
        if new:
            wf.run_step(tasks.note, "new")
            wf.run_step(tasks.note, "more")
        else:
            wf.run_step(tasks.note, "old")
        wf.sleep(60)
        assert wf.patched("new way") is new
        return "new" if new else "old"

    invocation = start(before)
    harness.run_until_idle()
    tasks.bodies["it"] = after
    later = start(after)
    harness.advance(120)
    assert (invocation.result, later.result) == ("old", "new")
    assert tasks.log == [("old",), ("new",), ("more",)]


def test_a_check_compares_without_doing_anything(start: Start, tasks: Any, harness: Harness) -> None:
    def before(wf: Any) -> str:
        wf.run_step(tasks.note, "step")
        tasks.add(1, 2).result  # noqa: B018
        wf.receive("go")
        wf.run_step(tasks.note, "after")
        return "done"

    invocation = start(before)
    harness.run_until_idle()
    carried_out, history = list(tasks.log), invocation.history
    assert tasks.app.check_workflow(invocation.invocation_id) == 4
    tasks.bodies["it"] = lambda wf: (wf.run_step(tasks.note, "step"), tasks.once(5))
    with pytest.raises(NonDeterminismError, match="operation 2 differs"):
        tasks.app.check_workflow(invocation.invocation_id)
    assert harness.run_until_idle() == 0
    assert (tasks.log, invocation.history) == (carried_out, history)
    tasks.bodies["it"] = before
    invocation.send("go")
    harness.run_until_idle()
    assert invocation.result == "done"


def test_code_that_fails_on_the_way_is_no_difference(start: Start, tasks: Any, harness: Harness) -> None:
    def body(wf: Any) -> None:
        wf.random()
        raise RuntimeError("as ever")

    invocation = start(body)
    harness.run_until_idle()
    assert tasks.app.check_workflow(invocation.invocation_id) == 1


def test_only_workflows_are_checked(tasks: Any, harness: Harness) -> None:
    child = tasks.add(1, 2)
    with pytest.raises(WorkflowError, match="no workflow"):
        tasks.app.check_workflow(child.invocation_id)
    with pytest.raises(KeyError, match="nobody"):
        tasks.app.check_workflow("nobody")
