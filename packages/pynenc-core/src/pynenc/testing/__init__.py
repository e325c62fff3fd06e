"""For tests of programs and plugins that use pynenc. The names below are imported when they are first used."""

from typing import TYPE_CHECKING

from pynenc.lazy_names import lazy_names

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

_HOMES = {
    "CrashPoint": "pynenc.testing.crashes",
    "FakeClock": "pynenc.testing.fake_clock",
    "Harness": "pynenc.testing.harness",
}
__getattr__ = lazy_names(__name__, dict.fromkeys(__all__, "pynenc.testing.faulty_store") | _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
