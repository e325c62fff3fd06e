"""Binding calls to functions, and what happens to unknown tasks."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pynenc.conf.config_task import ConfigTask
from pynenc.engine.registry import TaskDefinition, TaskNotRegisteredError, TaskRegistry
from pynenc.values.ids import TaskId


def define(func: Any, **options: Any) -> TaskDefinition:
    task_id = TaskId("pkg.tasks", func.__name__)
    return TaskDefinition(
        task_id, func, ConfigTask({}, None, module="pkg.tasks", func_name=func.__name__, options=options)
    )


def plain(x: int, y: int = 2, *, z: int = 3) -> tuple[int, int, int]:
    return x, y, z


def variadic(first: int, /, *rest: int, key: str = "k", **more: int) -> tuple[Any, ...]:
    return first, rest, key, more


def test_values_are_bound_by_name_with_defaults() -> None:
    task = define(plain)
    assert task.bind((1,), {}) == {"x": 1, "y": 2, "z": 3}
    assert task.bind((1, 5), {"z": 6}) == {"x": 1, "y": 5, "z": 6}
    assert list(task.bind((), {"z": 1, "x": 0})) == ["x", "y", "z"]


def test_every_kind_of_parameter_comes_back() -> None:
    task = define(variadic)
    values = task.bind((1, 2, 3), {"key": "a", "b": 4})
    assert task.call(values) == (1, (2, 3), "a", {"b": 4})


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, 3), {}), ((1,), {"x": 2}), ((1,), {"unknown": 2})]
)
def test_values_that_do_not_fit_are_refused_with_the_signature(
    args: tuple[int, ...], kwargs: dict[str, int]
) -> None:
    with pytest.raises(TypeError, match=r"task 'pkg\.tasks\.plain\(x: .*\).*' cannot be called so"):
        define(plain).bind(args, kwargs)


def test_hints_of_collecting_parameters() -> None:
    task = define(variadic)
    assert task.hint("rest") == tuple[int, ...]
    assert task.hint("more") == dict[str, int]
    assert task.hint("missing") is Any


def test_an_unknown_task_is_imported_only_where_that_is_allowed() -> None:
    registry = TaskRegistry(lambda: ["json"])
    with pytest.raises(TaskNotRegisteredError, match=r"not registered in this process.*json"):
        registry.get("antigravity.fly")
    with pytest.raises(TaskNotRegisteredError):
        registry.get("json.decoder.nothing")
    assert "antigravity" not in sys.modules


def test_tasks_that_may_not_be_helped() -> None:
    async def coroutine() -> None: ...

    registry = TaskRegistry(list)
    registry.register(define(plain))
    registry.register(define(variadic, time_limit=3.0))
    registry.register(define(coroutine))
    assert registry.not_helpable == {"pkg.tasks.variadic", "pkg.tasks.coroutine"}
    assert registry.limited_tasks == {"pkg.tasks.variadic"}
    assert registry.async_tasks == {"pkg.tasks.coroutine"}
