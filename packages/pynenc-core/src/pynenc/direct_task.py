"""Tasks that are called like the functions they were made of: the call returns the value."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

from pynenc.arguments import Arguments
from pynenc.exceptions import TaskParallelProcessingError
from pynenc.invocation.base_invocation import BaseInvocationGroup
from pynenc.task import Task

P = ParamSpec("P")
R = TypeVar("R")

#: Given the bound arguments of a call: the calls to make of it. Either an iterable of what ``parallelize``
#: takes, or a pair of the values that all calls share and an iterable of dicts.
ParallelFunc = Callable[[dict[str, Any]], Any]
#: Given the results of those calls, as they come (all at once for an ``async def`` task): the result.
AggregateFunc = Callable[[Iterable[Any]], Any]


def direct_function(
    task: Task[P, R], parallel_func: ParallelFunc | None = None, aggregate_func: AggregateFunc | None = None
) -> Callable[P, R]:
    """A function with the call contract of the task's own: it routes the call, waits, returns or raises.

    Args:
        task: The task.
        parallel_func: Splits a call into several.
        aggregate_func: Makes one result of theirs.

    Raises:
        ValueError: there is a ``parallel_func`` without an ``aggregate_func``.
    """
    if parallel_func is not None and aggregate_func is None:
        raise ValueError("Aggregation function required for parallel execution")

    def split(args: tuple[Any, ...], kwargs: dict[str, Any]) -> BaseInvocationGroup[R] | None:
        if parallel_func is None:
            return None
        items, common = _calls_of(task, parallel_func(task.args(*args, **kwargs).kwargs))
        return task.parallelize(items, common)

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        group = split(args, kwargs)
        if group is None or aggregate_func is None:
            return task(*args, **kwargs).result
        return cast("R", aggregate_func(group.results))

    async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
        # Registering is store I/O: not on the loop.
        group = await asyncio.to_thread(split, args, kwargs)
        if group is None or aggregate_func is None:
            invocation = await asyncio.to_thread(task, *args, **kwargs)
            return await invocation.async_result()
        return aggregate_func([result async for result in group.async_results()])

    function: Any = functools.wraps(task.func)(call_async if task.is_async else call)
    function.__pynenc_task__ = task
    function.__inner_function__ = task.func
    return cast("Callable[P, R]", function)


def _calls_of(
    task: Task[Any, Any], given: Any
) -> tuple[Iterable[tuple[Any, ...] | dict[str, Any] | Arguments], Mapping[str, Any] | None]:
    """What ``parallel_func`` returned, as the arguments of ``parallelize``."""
    common = None
    # Two dicts are two calls; a dict and something to iterate over: what all calls share, and the calls.
    is_pair = isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], dict)
    if is_pair and not isinstance(given[1], dict | Arguments):
        common, given = given
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise TaskParallelProcessingError(
            task.task_id,
            "parallel_func must return an iterable of calls (tuples, dicts or Arguments), or a pair of common "
            f"values and an iterable of dicts, not {type(given).__name__}",
        )
    return given, common
