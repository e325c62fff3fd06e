"""Public path: the store of calls and outcomes."""

from pynenc.backends.mem.state_backend import MemStateBackend
from pynenc.backends.sqlite.state_backend import SQLiteStateBackend
from pynenc.contracts.state_backend import BaseStateBackend

__all__ = ["BaseStateBackend", "MemStateBackend", "SQLiteStateBackend"]
