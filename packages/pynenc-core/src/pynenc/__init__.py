"""Task orchestration: decorate a function, call it, get the result from anywhere.

The names below are imported when they are first used, so that ``import pynenc`` alone costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pynenc.app import Pynenc
    from pynenc.builder import PynencBuilder
    from pynenc.conf.config_task import ConcurrencyControlType
    from pynenc.task import Task

__all__ = ["ConcurrencyControlType", "Pynenc", "PynencBuilder", "Task"]

_HOMES = {
    "ConcurrencyControlType": "pynenc.values.concurrency",
    "Pynenc": "pynenc.app",
    "PynencBuilder": "pynenc.builder",
    "Task": "pynenc.task",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pynenc' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
