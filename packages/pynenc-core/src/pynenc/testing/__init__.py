"""For tests of programs and plugins that use pynenc."""

from pynenc.testing.faulty_store import FAULT_VARIABLE, Fault, FaultMode, Faults, faulty, inject, with_faults

__all__ = ["FAULT_VARIABLE", "Fault", "FaultMode", "Faults", "faulty", "inject", "with_faults"]
