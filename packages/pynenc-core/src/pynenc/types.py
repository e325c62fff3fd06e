"""Public path: type variables for code that passes tasks on."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Params = ParamSpec("Params")
Result = TypeVar("Result")
Args = dict[str, Any]
Func = Callable[Params, Result]

__all__ = ["Args", "Func", "Params", "Result"]
