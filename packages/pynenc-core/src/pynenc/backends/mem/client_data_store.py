"""The client data store in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pynenc.backends.mem.component import MemComponent
from pynenc.backends.mem.payloads import ClientData
from pynenc.backends.mem.store import MemStore
from pynenc.conf.config_components import ConfigClientDataStore
from pynenc.contracts.client_data_store import BaseClientDataStore


class MemClientDataStore(MemComponent, BaseClientDataStore):
    """Large values in this process."""

    config_cls = ConfigClientDataStore
    store: MemStore

    def put(self, values: Mapping[str, str]) -> None:
        """Add values, or renew their last use."""
        with self.store.lock:
            self.store.client_data.put(values, self.store.now())

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """The values that exist."""
        with self.store.lock:
            found = ((key, self.store.client_data.get(key)) for key in keys)
            return {key: value for key, value in found if value is not None}

    def find_unused(self, age_seconds: float, limit: int) -> list[str]:
        """Keys by time of last use, oldest first."""
        with self.store.lock:
            return self.store.client_data.find_unused(self.store.now() - age_seconds, limit)

    def touch(self, keys: Sequence[str]) -> None:
        """Renew the last use of values that exist."""
        with self.store.lock:
            now = self.store.now()
            for key in keys:
                self.store.client_data.touch(key, now)

    def delete(self, keys: Sequence[str], age_seconds: float) -> None:
        """Forget values that nobody has used since."""
        with self.store.lock:
            last_use = self.store.now() - age_seconds
            for key in keys:
                self.store.client_data.delete(key, last_use)

    def count(self) -> int:
        """How many values there are."""
        with self.store.lock:
            return len(self.store.client_data)

    def purge(self) -> None:
        """Forget everything."""
        with self.store.lock:
            self.store.client_data = ClientData()
