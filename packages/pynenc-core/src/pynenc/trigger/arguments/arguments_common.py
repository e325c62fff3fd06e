"""The functions that users give to triggers: filters and providers."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

from pynenc.exceptions import NonModuleLevelFunctionError, TriggerError

__all__ = ["NonModuleLevelFunctionError", "name_of", "require_callable", "require_importable"]


def require_callable(function: object, what: str) -> None:
    """Refuse what cannot be called, or returns a coroutine.

    Raises:
        TriggerError: naming what it was given for.
    """
    if not callable(function):
        raise TriggerError(f"{what} must be a function, not {function!r}")
    if inspect.iscoroutinefunction(function):
        raise TriggerError(f"{what} is an `async def`, which nobody would await: use a plain function")


def name_of(function: Callable[..., Any]) -> str:
    """What tells one function from another in every process: its place, or the hash of its code if it has none."""
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__qualname__)}"
    code = getattr(function, "__code__", None)
    if is_importable(function) or code is None:
        return name
    digest = hashlib.sha256(code.co_code + repr(code.co_names).encode() + repr(code.co_firstlineno).encode())
    return f"{name}:{digest.hexdigest()[:12]}"


def is_importable(function: Callable[..., Any]) -> bool:
    """Whether another process finds the function by its module and name."""
    qualname = getattr(function, "__qualname__", "")
    return bool(qualname) and "<" not in qualname and qualname == getattr(function, "__name__", "")


def require_importable(function: Callable[..., Any], what: str) -> None:
    """Refuse a function that several processes cannot recognise as the same one.

    Raises:
        NonModuleLevelFunctionError: naming the function and what to do.
    """
    if not is_importable(function):
        raise NonModuleLevelFunctionError(
            f"{what} is {getattr(function, '__qualname__', repr(function))!r}, which has no name at the top level of a "
            "module: the runners of an app compare their triggers by the names of such functions, to know which "
            "version is in force. Define it with `def` at the top level of a module, or keep triggers in memory, "
            "where there is one runner only"
        )
