"""Public path: the store of large values."""

from pynenc.backends.mem.client_data_store import MemClientDataStore
from pynenc.backends.sqlite.client_data_store import SQLiteClientDataStore
from pynenc.contracts.client_data_store import BaseClientDataStore

__all__ = ["BaseClientDataStore", "MemClientDataStore", "SQLiteClientDataStore"]
