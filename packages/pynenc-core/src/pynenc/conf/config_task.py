"""Settings of one task."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import Field, field_validator

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.field_types import Seconds
from pynenc.conf.known_fields import nearest
from pynenc.conf.sources import document_of
from pynenc.exceptions import ConfigError, InvalidTaskOptionsError, RetryError
from pynenc.values.concurrency import ConcurrencyControlType as ConcurrencyControlType


class ConfigTask(ConfigBase):
    """Options of a task: how it is retried, limited and how its calls may overlap.

    Args:
        config_values: Values of the app.
        config_filepath: File of the app.
        module: Module of the task's function; configuration may address the task by it.
        func_name: Name of the task's function.
        options: What the decorator was given; ``None`` means not given.

    Raises:
        InvalidTaskOptionsError: ``options`` has a name that is no field.
    """

    max_retries: int = Field(0, ge=0, le=1_000_000, description="How often a failed attempt is repeated.")
    retry_for: tuple[type[BaseException] | str, ...] = Field(
        (RetryError,),
        description="Exceptions to retry besides RetryError: classes, 'module.Class' or builtins by name.",
    )
    retry_backoff: Seconds | None = Field(
        None, description="Delay before the first retry; it doubles with each. Unset retries at once."
    )
    retry_backoff_max: Seconds | None = Field(None, description="Longest delay before a retry.")
    retry_jitter: bool = Field(
        False, description="Shorten each delay by a random part, so that retries spread."
    )
    soft_time_limit: Seconds | None = Field(
        None, gt=0, description="Running time after which SoftTimeLimitError is raised inside the task."
    )
    time_limit: Seconds | None = Field(
        None, gt=0, description="Running time after which the invocation is ended."
    )

    running_concurrency: ConcurrencyControlType = Field(
        ConcurrencyControlType.DISABLED, description="Which invocations may not run at the same time."
    )
    registration_concurrency: ConcurrencyControlType = Field(
        ConcurrencyControlType.DISABLED, description="Which calls reuse an invocation that has not started."
    )
    max_running: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="How many that running_concurrency counts as the same may run; unset is one.",
    )
    key_arguments: tuple[str, ...] = Field((), description="Arguments that mode 'keys' compares.")
    on_diff_non_key_args_raise: bool = Field(
        False, description="Refuse a call that would reuse an invocation with other arguments."
    )
    reroute_on_concurrency_control: bool = Field(
        False,
        description="Let invocations that may not run yet wait for their turn instead of refusing them.",
    )

    parallel_batch_size: int = Field(
        100, ge=1, le=1_000_000, description="Calls that parallelize submits at once."
    )
    call_result_cache: bool = Field(
        False, description="Answer a call with the stored result of the same arguments."
    )
    disable_cache_args: tuple[str, ...] = Field(
        (), description="Arguments that never go to the client data store; '*' is all of them."
    )
    force_new_workflow: bool = Field(
        False, description="Let every call of the task begin a workflow of its own."
    )
    is_workflow_task: bool = Field(False, description="The task is the body of a workflow.")

    def __init__(
        self,
        config_values: Mapping[str, Any] | None = None,
        config_filepath: str | None = None,
        *,
        module: str = "",
        func_name: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        key = f"{module}.{func_name}"
        given = {name: value for name, value in (options or {}).items() if value is not None}
        for name in given:
            _require_option(key, name)
        self._resolve(
            config_values,
            config_filepath,
            # The second form is how the environment spells it.
            task_names=(key, f"{module}#{func_name}".upper()) if func_name else (),
            options=document_of(given, f"decorator of task '{key}'") if given else None,
        )

    def retry_classes(self) -> tuple[type[BaseException], ...]:
        """The classes of ``retry_for`` and RetryError; names are imported on the first call.

        Raises:
            ConfigError: a name does not lead to an exception class.
        """
        return _resolve_classes(self.retry_for)

    @field_validator("retry_for", mode="before")
    @classmethod
    def _wrap_single_class(cls, value: object) -> object:
        return (value,) if isinstance(value, type) else value

    @field_validator("retry_for")
    @classmethod
    def _check_names(
        cls, value: tuple[type[BaseException] | str, ...]
    ) -> tuple[type[BaseException] | str, ...]:
        for name in value:
            if isinstance(name, str) and "." not in name and not _is_exception(getattr(builtins, name, None)):
                raise ValueError(f"'{name}' is no builtin exception; name others as 'module.Class'")
        return value


def _require_option(task_key: str, name: str) -> None:
    if name not in ConfigTask.model_fields:
        raise InvalidTaskOptionsError(
            task_key, f"there is no option '{name}'{nearest(name, ConfigTask.model_fields)}"
        )


@cache
def _resolve_classes(names: tuple[type[BaseException] | str, ...]) -> tuple[type[BaseException], ...]:
    classes = (name if isinstance(name, type) else _import_class(name) for name in names)
    return tuple(dict.fromkeys((RetryError, *classes)))


def _import_class(name: str) -> type[BaseException]:
    module, _, class_name = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module) if module else builtins, class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"retry_for names '{name}', which cannot be imported: {error}") from error
    if not _is_exception(found):
        raise ConfigError(f"retry_for names '{name}', which is no exception class")
    return found  # type: ignore[no-any-return]


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)
