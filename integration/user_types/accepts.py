"""Code that has to type-check: what editors and mypy know about calls of tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

from pynenc import ConcurrencyControlType, Pynenc, PynencBuilder, Task
from pynenc.context import current_invocation
from pynenc.identifiers import InvocationId
from pynenc.invocation import BaseInvocation, BaseInvocationGroup, DistributedInvocation, InvocationStatus

app = Pynenc({"app_id": "typed"})
assert_type(PynencBuilder().app_id("typed").memory().thread_runner(max_threads=2).build(), Pynenc)


@app.task
def add(x: int, y: int = 0) -> int:
    assert_type(current_invocation().attempt, int)
    assert_type(current_invocation().invocation_id, InvocationId)
    return x + y


@app.task(max_retries=3, running_concurrency=ConcurrencyControlType.TASK)
def describe(*names: str, loud: bool = False) -> str | None:
    return " ".join(names) or None


def of_calls() -> None:
    invocation = add(1, y=2)
    assert_type(invocation, BaseInvocation[int])
    assert_type(invocation.result, int)
    assert_type(invocation.get(timeout=1), int)
    assert_type(invocation.wait(timeout=1), bool)
    assert_type(invocation.status, InvocationStatus)
    assert_type(describe("a", "b", loud=True).result, str | None)
    assert_type(add.func(1, 2), int)


def of_groups() -> None:
    group = add.parallelize([(1, 2), {"x": 3}, add.args(4)], common_args=None)
    assert_type(group, BaseInvocationGroup[int])
    assert_type(group.results, Iterator[int])
    assert_type(group.get(), list[int])
    assert_type(group.async_results(), AsyncIterator[int])


async def of_awaiting() -> None:
    assert_type(await add(1).async_result(), int)


def of_handles() -> None:
    assert_type(app.get_invocation("id"), DistributedInvocation[Any])
    assert_type(add.handle(InvocationId("id")), DistributedInvocation[int])


def of_tasks_as_values(task: Task[[int], str]) -> str:
    return task(1).result
