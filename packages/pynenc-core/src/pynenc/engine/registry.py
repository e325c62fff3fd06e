"""Task id → what is needed to call the function; an unknown task is a typed error."""

from __future__ import annotations

import importlib
import inspect
import logging
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pynenc.conf.config_task import ConfigTask
from pynenc.exceptions import PynencError
from pynenc.trigger.definition import TriggerDefinition
from pynenc.values.ids import TaskId

logger = logging.getLogger(__name__)

_SIMPLE = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_MISSING = inspect.Parameter.empty


class TaskNotRegisteredError(PynencError):
    """This process has no function for a task id."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class TaskDefinition:
    """A function that can be called from a stored call."""

    task_id: TaskId
    func: Callable[..., Any]
    conf: ConfigTask
    #: When it is run by itself.
    triggers: tuple[TriggerDefinition, ...] = ()
    key: str = field(init=False)
    signature: inspect.Signature = field(init=False)
    is_async: bool = field(init=False)
    _names: tuple[str, ...] = field(init=False)
    _defaults: dict[str, Any] = field(init=False)
    _positional: tuple[str, ...] | None = field(init=False)
    _hints: dict[str, Any] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.key = self.task_id.key
        self.signature = inspect.signature(self.func)
        self.is_async = inspect.iscoroutinefunction(self.func)
        parameters = self.signature.parameters.values()
        self._names = tuple(p.name for p in parameters)
        self._defaults = {p.name: p.default for p in parameters if p.default is not _MISSING}
        # Without *args, **kwargs and positional-only parameters, binding is a zip.
        simple = all(p.kind in _SIMPLE for p in parameters)
        self._positional = (
            tuple(p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD)
            if simple
            else None
        )

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Values by parameter name, defaults applied.

        Raises:
            TypeError: the values do not fit; the message shows the task and its signature.
        """
        positional = self._positional
        if positional is not None and len(args) <= len(positional):
            bound = dict(zip(positional, args, strict=False))
            if not kwargs and len(bound) == len(self._names):
                return bound
            if not (bound.keys() & kwargs.keys()):
                values = {**self._defaults, **bound, **kwargs}
                if len(values) == len(self._names) and values.keys() <= self.signature.parameters.keys():
                    return {name: values[name] for name in self._names}
        try:
            bound_arguments = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"task '{self.key}{self.signature}' cannot be called so: {error}") from None
        bound_arguments.apply_defaults()
        return dict(bound_arguments.arguments)

    def call(self, values: dict[str, Any]) -> Any:
        """Call the function with values by parameter name."""
        if self._positional is not None:
            return self.func(**values)
        bound = inspect.BoundArguments(self.signature, values)
        return self.func(*bound.args, **bound.kwargs)

    def hint(self, name: str) -> Any:
        """The resolved annotation of a parameter, or of ``return``; Any without one."""
        hints = self._hints
        return (self.hints() if hints is None else hints).get(name, Any)

    def hints(self) -> Mapping[str, Any]:
        """The resolved annotations that there are, by name of the parameter, or ``return``.

        For ``*args: int`` it is ``tuple[int, ...]``, for ``**kwargs: int`` it is ``dict[str, int]``.
        """
        hints = self._hints
        if hints is None:
            hints = self._hints = self._resolve_hints()
        return hints

    def _resolve_hints(self) -> dict[str, Any]:
        try:
            hints = typing.get_type_hints(self.func, include_extras=True)
        except Exception as error:  # noqa: BLE001  # boundary: evaluating annotations runs user code
            logger.warning(
                "annotations of task '%s' cannot be resolved (%s): its values are treated as unannotated",
                self.key,
                error,
            )
            return {}
        for parameter in self.signature.parameters.values():
            if parameter.name in hints and parameter.kind is parameter.VAR_POSITIONAL:
                hints[parameter.name] = types.GenericAlias(tuple, (hints[parameter.name], ...))
            elif parameter.name in hints and parameter.kind is parameter.VAR_KEYWORD:
                hints[parameter.name] = types.GenericAlias(dict, (str, hints[parameter.name]))
        return hints

    @property
    def may_be_helped(self) -> bool:
        """Whether it may run on the thread of an invocation that waits for it."""
        return not self.is_async and self.conf.time_limit is None


class TaskRegistry:
    """The tasks that this process knows, imported on demand where that is allowed.

    Args:
        importable: Names of modules and packages; a task of one of them, or of a module below one, may be
            imported on demand.
    """

    def __init__(self, importable: Callable[[], Iterable[str]]) -> None:
        self._importable = importable
        self._tasks: dict[str, TaskDefinition] = {}
        #: Keys of tasks that never run on a waiter's thread.
        self.not_helpable: frozenset[str] = frozenset()
        #: Keys of ``async def`` tasks.
        self.async_tasks: frozenset[str] = frozenset()
        #: Keys of synchronous tasks whose time limit may have to end their process.
        self.limited_tasks: frozenset[str] = frozenset()

    def register(self, definition: TaskDefinition) -> None:
        """Add or replace a task."""
        self._tasks[definition.key] = definition
        self.not_helpable = frozenset(k for k, d in self._tasks.items() if not d.may_be_helped)
        self.async_tasks = frozenset(k for k, d in self._tasks.items() if d.is_async)
        self.limited_tasks = self.not_helpable - self.async_tasks

    @property
    def tasks(self) -> Mapping[str, TaskDefinition]:
        """All tasks by key; grows as modules are imported."""
        return self._tasks

    def get(self, key: str) -> TaskDefinition:
        """The task, importing its module when that is allowed.

        Raises:
            TaskNotRegisteredError: it is not known, and importing is not allowed or did not help.
        """
        definition = self._tasks.get(key)
        return definition if definition is not None else self._import(key)

    def _import(self, key: str) -> TaskDefinition:
        module = key.rpartition(".")[0]
        allowed = tuple(self._importable())
        if any(module == name or module.startswith(name + ".") for name in allowed):
            try:
                importlib.import_module(module)
            except Exception as error:  # boundary: a user's module may raise anything
                raise TaskNotRegisteredError(
                    f"task '{key}' is not registered here, and importing {module!r} raised {error!r}"
                ) from error
            if key in self._tasks:
                return self._tasks[key]
        raise TaskNotRegisteredError(
            f"task '{key}' is not registered in this process: import its module where the app is defined, or "
            f"set task_modules (modules that may be imported on demand now: {', '.join(allowed) or 'none'})"
        )
