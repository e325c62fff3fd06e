"""What direct tasks are, without running them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from pynenc import Pynenc, Task
from pynenc.arguments import Arguments
from pynenc.exceptions import (
    ConfigError,
    InvalidTaskFunctionError,
    InvalidTaskOptionsError,
    TaskParallelProcessingError,
)

app = Pynenc({"app_id": "direct", "dev_mode_force_sync_tasks": True})


def add(x: int, y: int = 1) -> int:
    """Adds."""
    return x + y


async def add_later(x: int, y: int = 1) -> int:
    return x + y


def split_by(parallel: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    made: Callable[..., Any] = app.direct_task(parallel_func=parallel, aggregate_func=list)(add)
    return made


def test_it_stays_the_function_that_it_was() -> None:
    direct = app.direct_task(add)
    assert (direct.__name__, direct.__doc__, direct.__module__) == ("add", "Adds.", add.__module__)
    assert inspect.signature(direct) == inspect.signature(add)
    assert not inspect.iscoroutinefunction(direct)
    assert direct.__inner_function__ is add  # type: ignore[attr-defined]
    assert direct(1) == direct(x=1, y=1) == 2


def test_an_async_function_stays_one() -> None:
    direct = app.direct_task()(add_later)
    assert inspect.iscoroutinefunction(direct)
    assert asyncio.run(direct(1, y=2)) == 3


def test_it_carries_its_task() -> None:
    direct = app.direct_task(max_retries=3)(add)
    task = direct.__pynenc_task__  # type: ignore[attr-defined]
    assert isinstance(task, Task)
    assert (task.conf.max_retries, task.func) == (3, add)
    assert app.get_task(task.task_id) is task


@pytest.mark.parametrize(
    ("parallel", "expected"),
    [
        (lambda args: [(args["x"],), {"x": 5, "y": 5}, Arguments({"x": 7})], [2, 10, 8]),
        (lambda args: ({"x": args["x"]}, [{"y": 2}, {}]), [3, 2]),
        (lambda args: ({"x": args["x"]}, ({"y": n} for n in range(3))), [1, 2, 3]),
        (lambda _: ({"x": 1}, {"x": 2}), [2, 3]),
        (lambda args: ((args["x"], n) for n in range(2)), [1, 2]),
        (lambda _: (), []),
    ],
)
def test_a_call_is_split_in_every_shape(parallel: Callable[..., Any], expected: list[int]) -> None:
    assert split_by(parallel)(1) == expected


@pytest.mark.parametrize(
    "parallel", [lambda _: None, lambda _: 5, lambda _: "ab", lambda _: {"common_args": {}, "param_iter": []}]
)
def test_other_shapes_are_refused(parallel: Callable[..., Any]) -> None:
    with pytest.raises(TaskParallelProcessingError, match="parallel_func must return"):
        split_by(parallel)(1)


def test_splitting_sees_bound_arguments_with_defaults() -> None:
    seen: list[dict[str, Any]] = []
    split_by(lambda args: seen.append(dict(args)) or [])(5)  # type: ignore[func-returns-value]
    assert seen == [{"x": 5, "y": 1}]


def test_the_results_come_as_they_are_made_and_to_async_functions_at_once() -> None:
    kinds: list[type] = []

    def note(results: Any) -> int:
        kinds.append(type(results))
        return sum(results)

    options: dict[str, Any] = {"parallel_func": lambda _: [(1,), (2,)], "aggregate_func": note}
    assert app.direct_task(**options)(add)(0) == 5
    assert asyncio.run(app.direct_task(**options)(add_later)(0)) == 5
    assert issubclass(kinds[1], list)
    assert not issubclass(kinds[0], list)


def test_splitting_without_joining_is_refused() -> None:
    with pytest.raises(ValueError, match="Aggregation function required for parallel execution"):
        app.direct_task(parallel_func=lambda args: [args])(add)


def test_options_are_those_of_tasks() -> None:
    with pytest.raises(InvalidTaskOptionsError, match="max_retries"):
        app.direct_task(max_retry=1)(add)
    with pytest.raises(InvalidTaskOptionsError, match="triggers"):
        app.direct_task(triggers=[])(add)
    with pytest.raises(ConfigError, match=r"ConfigTask\.max_retries"):
        app.direct_task(max_retries=-1)(add)
    with pytest.raises(InvalidTaskFunctionError, match="lambda"):
        app.direct_task(lambda: 1)
