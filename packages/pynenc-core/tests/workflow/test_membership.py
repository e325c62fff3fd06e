"""Who belongs to a workflow, what belongs to it, and who may use what."""

from __future__ import annotations

import concurrent.futures
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pynenc import Pynenc
from pynenc.exceptions import (
    CorruptDataError,
    DeterministicOperationScopeError,
    InvalidTaskFunctionError,
    InvocationError,
    SerializationError,
    WorkflowError,
    WorkflowLimitError,
    WorkflowMembershipError,
)
from pynenc.testing import Harness
from pynenc.values.status import InvocationStatus as S
from pynenc.workflow import WorkflowIdentity
from pynenc.workflow_task import WorkflowTask

Start = Callable[..., Any]


def test_a_workflow_its_members_and_its_sub_workflows(start: Start, tasks: Any, harness: Harness) -> None:
    seen: dict[str, WorkflowIdentity] = {}

    def deep(wf: Any) -> None:
        seen["deep"] = wf.identity

    def sub(wf: Any) -> None:
        seen["sub"] = wf.identity
        tasks.member("deep").result  # noqa: B018

    def member(wf: Any) -> None:
        seen["member"] = wf.identity
        tasks.sub("sub of member").result  # noqa: B018

    def body(wf: Any) -> None:
        seen["flow"] = wf.identity
        tasks.member("member").result  # noqa: B018
        tasks.sub("sub").result  # noqa: B018

    tasks.bodies |= {"deep": deep, "sub": sub, "member": member}
    tasks.bodies["sub of member"] = lambda wf: seen.update({"sub of member": wf.identity})
    invocation = start(body)
    harness.run_until_idle()
    assert invocation.status is S.SUCCESS
    flow, key = invocation.invocation_id, "pynenc_workflow_sample"
    assert seen["flow"] == seen["member"] == WorkflowIdentity.new_workflow(flow, f"{key}.flow")
    assert not seen["flow"].is_subworkflow
    assert seen["sub"].parent_workflow_id == seen["sub of member"].parent_workflow_id == flow
    assert seen["sub"].is_subworkflow
    assert seen["deep"] == seen["sub"]
    assert seen["sub"].workflow_type == f"{key}.sub"
    assert invocation.workflow == seen["flow"]
    assert invocation.is_main_workflow_task()
    (deepest, *_) = harness.invocations(tasks.member)[1:]
    assert deepest.workflow == seen["sub"]
    assert not deepest.is_main_workflow_task()


def test_a_task_that_forces_a_new_workflow_has_the_operations(
    start: Start, tasks: Any, harness: Harness
) -> None:
    invocation = start(lambda wf: (wf.sleep(1), wf.random(), wf.identity.workflow_id)[2], task="old_style")
    harness.advance(1)
    assert invocation.result == invocation.invocation_id


def test_a_call_outside_of_workflows_belongs_to_none(tasks: Any, harness: Harness) -> None:
    def body(wf: Any) -> list[str]:
        errors = []
        for use in (lambda: wf.identity, lambda: wf.get_data("x"), lambda: wf.set_data("x", 1)):
            with pytest.raises(WorkflowMembershipError) as caught:
                use()
            errors.append(caught.value.operation_name)
            assert caught.value.task_id == "pynenc_workflow_sample.member"
        return errors

    tasks.bodies["it"] = body
    invocation = tasks.member("it")
    harness.run_until_idle()
    assert invocation.result == ["identity", "get_data", "set_data"]
    assert invocation.workflow is None


def test_data_is_shared_by_the_members_of_one_workflow(start: Start, tasks: Any, harness: Harness) -> None:
    tasks.bodies["writes"] = lambda wf: (wf.set_data("by", "member"), wf.get_data("own"))[1]
    tasks.bodies["apart"] = lambda wf: wf.get_data("own", "nothing")

    def body(wf: Any) -> list[Any]:
        wf.set_data("own", None)
        wf.set_data("own", [1, 2])
        return [
            tasks.member("writes").result,
            wf.get_data("by"),
            wf.get_data("absent"),
            wf.get_data("absent", 5),
            tasks.sub("apart").result,
        ]

    invocation = start(body)
    harness.run_until_idle()
    assert invocation.result == [[1, 2], "member", None, 5, "nothing"]


@pytest.mark.parametrize(
    "operation", ["random", "uuid", "utc_now", "sleep", "receive", "run_step", "patched", "on_failure"]
)
def test_operations_belong_to_the_body_alone(
    start: Start, tasks: Any, harness: Harness, operation: str
) -> None:
    arguments = {
        "sleep": (1,),
        "receive": ("x",),
        "run_step": (tasks.note,),
        "patched": ("x",),
        "on_failure": (tasks.note,),
    }

    def use(wf: Any) -> None:
        for where in (wf, wf.root):
            with pytest.raises(DeterministicOperationScopeError, match="only the body") as caught:
                getattr(where, operation)(*arguments.get(operation, ()))
            error = caught.value
            assert (error.operation_name, error.is_workflow_defining_invocation) == (operation, False)
            tasks.log.append((error.workflow_id, error.workflow_type))

    tasks.bodies["use"] = use
    invocation = start(lambda wf: tasks.member("use").result)
    alone = tasks.member("use")
    harness.run_until_idle()
    assert (invocation.status, alone.status) == (S.SUCCESS, S.SUCCESS)
    assert set(tasks.log) == {(invocation.invocation_id, "pynenc_workflow_sample.flow"), (None, None)}


def test_outside_of_a_task_there_is_no_workflow(tasks: Any, harness: Harness) -> None:
    for use in (tasks.flow.wf.random, lambda: tasks.flow.wf.identity, lambda: tasks.add.wf.send("x", "y")):
        with pytest.raises(WorkflowError, match="outside of a running task"):
            use()


def test_other_threads_may_not_use_it(start: Start, tasks: Any, harness: Harness) -> None:
    def body(wf: Any) -> list[str]:
        context = contextvars.copy_context()
        errors = []
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            for use in (wf.random, lambda: tasks.add(1, 2), lambda: wf.sleep(5)):
                error = pool.submit(context.run, use).exception()
                assert type(error) is WorkflowError
                errors.append(str(error))
        wf.random()
        return errors

    invocation = start(body)
    harness.run_until_idle()
    assert all("another thread" in error for error in invocation.result)
    assert [one.name for one in tasks.app.engine.workflows.operations(invocation.invocation_id)] == ["random"]
    assert tasks.log == []


def test_many_threads_at_once_are_all_refused(start: Start, tasks: Any, harness: Harness) -> None:
    def body(wf: Any) -> int:
        refused = []

        def use(context: contextvars.Context) -> None:
            try:
                context.run(wf.uuid)
            except WorkflowError:
                refused.append(1)

        threads = [threading.Thread(target=use, args=(contextvars.copy_context(),)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(refused)

    assert start(body).result == 20


@pytest.mark.parametrize("use", ["random", "call", "sleep"])
def test_a_step_may_not_use_the_workflow(start: Start, tasks: Any, harness: Harness, use: str) -> None:
    def body(wf: Any) -> None:
        uses = {"random": wf.random, "call": lambda: tasks.add(1, 2), "sleep": lambda: wf.sleep(1)}

        def nested() -> None:
            uses[use]()

        wf.run_step(nested)

    invocation = start(body)
    harness.run_until_idle()
    with pytest.raises(WorkflowError, match=r"inside of 'step .*nested'"):
        invocation.result  # noqa: B018
    assert tasks.log == []


@pytest.mark.parametrize(
    ("use", "error", "match"),
    [
        (
            lambda wf, t: wf.run_step(object),
            SerializationError,
            "result of step builtins.object, operation 1",
        ),
        (lambda wf, t: wf.run_step(t.add, 1, 2), WorkflowError, "is a task"),
        (lambda wf, t: wf.run_step("no function"), WorkflowError, "takes a function"),
        (lambda wf, t: wf.sleep(-1), ValueError, "at least 0"),
        (lambda wf, t: wf.sleep(float("nan")), ValueError, "at least 0"),
        (lambda wf, t: wf.sleep(float("inf")), ValueError, "at least 0"),
        (lambda wf, t: wf.sleep("1"), TypeError, "seconds or a timedelta"),
        (lambda wf, t: wf.receive("x", timeout=-1), ValueError, "timeout of wf.receive"),
        (lambda wf, t: wf.set_data("k", object()), SerializationError, "workflow data 'k'"),
        (lambda wf, t: wf.send("nobody", "x", object()), SerializationError, "message 'x'"),
    ],
    ids=range(10),
)
def test_bad_input_is_told(
    start: Start, tasks: Any, harness: Harness, use: Any, error: type[Exception], match: str
) -> None:
    invocation = start(lambda wf: use(wf, tasks))
    harness.run_until_idle()
    with pytest.raises(error, match=match):
        invocation.result  # noqa: B018


def test_async_functions_are_no_workflows(tasks: Any, harness: Harness) -> None:
    async def body() -> None: ...

    body.__qualname__ = "body"
    body.__module__ = tasks.__name__
    with pytest.raises(InvalidTaskFunctionError, match="async def"):
        tasks.app.workflow(body)


def test_the_number_of_operations_is_bounded(
    start: Start, tasks: Any, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.app.conf, "max_workflow_operations", 5)

    def body(wf: Any) -> None:
        while True:
            wf.random()

    invocation = start(body)
    harness.run_until_idle()
    with pytest.raises(WorkflowLimitError, match=r"sub-workflows.*max_workflow_operations"):
        invocation.result  # noqa: B018
    assert len(tasks.app.engine.workflows.operations(invocation.invocation_id)) == 5


@pytest.mark.parametrize("data", ["", "no json", "[]", "{}", '{"v":"no json"}'])
def test_unreadable_records_are_told(start: Start, tasks: Any, harness: Harness, data: str) -> None:
    invocation = start(lambda wf: (wf.random(), wf.sleep(1)))
    harness.run_until_idle()
    log = tasks.app.orchestrator.store.tables.workflows._logs[invocation.invocation_id]
    log.operations[1] = type(log.operations[1])(1, "random", data)
    harness.advance(1)
    with pytest.raises((CorruptDataError, InvocationError), match=invocation.invocation_id):
        invocation.result  # noqa: B018


def test_records_are_signed_for_their_place(harness: Harness, start: Start, tasks: Any) -> None:
    app = Pynenc({"app_id": "signed", "signing_keys": ["k:secret"]})
    codec = app.engine.workflows._codec
    text = codec.pack("flow", "1", {"v": "0.5"})
    assert codec.unpack("flow", "1", text) == {"v": "0.5"}
    for owner, place, stored in (("flow", "2", text), ("other", "1", text), ("flow", "1", '{"v":"0.5"}')):
        with pytest.raises(SerializationError):
            codec.unpack(owner, place, stored)
    app.close()


def test_the_decorator_makes_a_workflow_task(tasks: Any) -> None:
    assert isinstance(tasks.flow, WorkflowTask)
    assert tasks.flow.is_workflow_root_task
    assert not tasks.add.is_workflow_root_task
    assert not tasks.old_style.is_workflow_root_task
    assert tasks.patient.conf.max_retries == 1
