"""Task orchestration: decorate a function, call it, get the result from anywhere.

The names below are imported when they are first used, so that ``import pynenc`` alone costs next to nothing.
"""

from typing import TYPE_CHECKING

from pynenc.lazy_names import lazy_names

if TYPE_CHECKING:
    from pynenc.app import Pynenc
    from pynenc.builder import PynencBuilder
    from pynenc.conf.config_task import ConcurrencyControlType
    from pynenc.task import Task

__all__ = ["ConcurrencyControlType", "Pynenc", "PynencBuilder", "Task"]

__getattr__ = lazy_names(
    __name__,
    {
        "ConcurrencyControlType": "pynenc.values.concurrency",
        "Pynenc": "pynenc.app",
        "PynencBuilder": "pynenc.builder",
        "Task": "pynenc.task",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
