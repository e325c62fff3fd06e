"""Public path: the queue of invocations."""

from pynenc.backends.mem.broker import MemBroker
from pynenc.backends.sqlite.broker import SQLiteBroker
from pynenc.contracts.broker import BaseBroker

__all__ = ["BaseBroker", "MemBroker", "SQLiteBroker"]
