"""What every memory component has in common: where its store comes from."""

from __future__ import annotations

import os
from typing import Self

from pynenc.backends.mem.store import MemStore
from pynenc.conf.config_base import ConfigBase
from pynenc.contracts.store import BaseComponent, BaseStore, StoreKey
from pynenc.values.clock import Clock


class MemComponent(BaseComponent):
    """A component on the memory of this process."""

    def __init__(self, store: MemStore) -> None:
        self.store: MemStore = store

    @classmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:
        """All memory components of one app object share a store; another app object makes its own."""
        return StoreKey("mem", f"process {os.getpid()}", app_id)

    @classmethod
    def make_store(cls, conf: ConfigBase, app_id: str, clock: Clock) -> MemStore:
        """Make an empty store."""
        return MemStore(clock)

    @classmethod
    def on_store(cls, store: BaseStore) -> Self:
        """Make the component on a memory store."""
        assert isinstance(store, MemStore)
        return cls(store)
