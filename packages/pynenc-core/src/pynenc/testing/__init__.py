"""For tests of programs and plugins that use pynenc. The names below are imported when they are first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pynenc.testing.crashes import CrashPoint
    from pynenc.testing.fake_clock import FakeClock
    from pynenc.testing.faulty_store import (
        FAULT_VARIABLE,
        Fault,
        FaultMode,
        Faults,
        faulty,
        inject,
        with_faults,
    )
    from pynenc.testing.harness import Harness

__all__ = [
    "FAULT_VARIABLE",
    "CrashPoint",
    "FakeClock",
    "Fault",
    "FaultMode",
    "Faults",
    "Harness",
    "faulty",
    "inject",
    "with_faults",
]

#: Everything else is in ``faulty_store``.
_HOMES = {"CrashPoint": "crashes", "FakeClock": "fake_clock", "Harness": "harness"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pynenc.testing' has no attribute {name!r}")
    return getattr(import_module(f"pynenc.testing.{_HOMES.get(name, 'faulty_store')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
