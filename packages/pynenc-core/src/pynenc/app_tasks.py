"""What decorators say → the definition of a task, or the reason why there can be none."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pynenc.conf.config_task import ConfigTask
from pynenc.engine.registry import TaskDefinition, TaskNotRegisteredError
from pynenc.exceptions import InvalidTaskFunctionError, InvalidTaskOptionsError
from pynenc.main_module import importable_name
from pynenc.task import Task
from pynenc.trigger.trigger_builder import build_all
from pynenc.values.ids import TaskId


def define(
    func: Callable[..., Any],
    options: Mapping[str, Any],
    config_values: Mapping[str, Any],
    config_filepath: str | None,
) -> TaskDefinition:
    """Define a task.

    Args:
        func: A function at the top level of an importable module.
        options: What the decorator was given.
        config_values: Values of the app.
        config_filepath: File of the app.

    Raises:
        InvalidTaskOptionsError: an option does not exist, or names an argument that the function lacks.
        InvalidTaskFunctionError: the function cannot be found again by another process, or cannot be a workflow.
        ConfigError: an option has a wrong value.
        TriggerError: a trigger is declared wrongly.
    """
    if isinstance(func, Task):
        raise InvalidTaskFunctionError(func.task_id, "is a task already: decorate the function once")
    task_id = _task_id_of(func)
    conf = ConfigTask(
        config_values,
        config_filepath,
        module=task_id.module,
        func_name=task_id.func_name,
        options={name: value for name, value in options.items() if name != "triggers"},
    )
    given = options.get("triggers")
    triggers = () if given is None else build_all(task_id.key, given)
    definition = TaskDefinition(task_id, func, conf, triggers)
    unknown = [name for name in conf.key_arguments if name not in definition.signature.parameters]
    if unknown:
        raise InvalidTaskOptionsError(
            task_id, f"key_arguments names {unknown[0]!r}, but the signature is {definition.signature}"
        )
    if conf.is_workflow_task and definition.is_async:
        raise InvalidTaskFunctionError(
            task_id, "is an async def, and the operations of a workflow block: make it a plain def"
        )
    return definition


def unknown_definition(task_key: str) -> TaskDefinition:
    """Stand for a task whose code this process does not have."""

    def unknown() -> Any:
        raise TaskNotRegisteredError(f"task '{task_key}' is not registered in this process")

    return TaskDefinition(TaskId.from_key(task_key), unknown, ConfigTask())


def _task_id_of(func: Callable[..., Any]) -> TaskId:
    name = getattr(func, "__qualname__", None) or repr(func)
    module = getattr(func, "__module__", None) or ""
    if not inspect.isfunction(func):
        raise InvalidTaskFunctionError(
            f"{module}.{name}", f"a task is made of a function, not of {type(func).__name__}"
        )
    if func.__name__ == "<lambda>" or name != func.__name__:
        kind = "a lambda" if func.__name__ == "<lambda>" else "defined inside of another function or class"
        raise InvalidTaskFunctionError(
            f"{module}.{name}",
            f"is {kind}, so that another process could not find it: define it with `def` at the top level of "
            "a module",
        )
    importable = importable_name(module)
    if importable is None:
        raise InvalidTaskFunctionError(
            f"{module}.{name}",
            "cannot create a task from a function of the `__main__` module, because it has no file that "
            "another process could import: move the function into a module, for example tasks.py",
        )
    return TaskId(importable, func.__name__)
