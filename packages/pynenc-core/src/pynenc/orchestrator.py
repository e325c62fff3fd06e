"""Public path: the record of invocations."""

from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.contracts.orchestrator import BaseOrchestrator

__all__ = ["BaseOrchestrator", "MemOrchestrator", "SQLiteOrchestrator"]
