"""What every MongoDB component has in common: where its store comes from."""

from __future__ import annotations

from typing import Self

from pynenc.conf.config_base import ConfigBase
from pynenc.contracts.store import BaseComponent, BaseStore, StoreKey
from pynenc.values.clock import Clock
from pynenc_mongodb.conf import ConfigMongo
from pynenc_mongodb.server import location_of
from pynenc_mongodb.store import MongoStore


class MongoComponent(BaseComponent):
    """A component in a MongoDB database."""

    def __init__(self, store: MongoStore) -> None:
        self.store: MongoStore = store

    @classmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:
        """Components with the same servers and database share a store."""
        assert isinstance(conf, ConfigMongo)
        return StoreKey("mongodb", location_of(conf), app_id)

    @classmethod
    def make_store(cls, conf: ConfigBase, app_id: str, clock: Clock) -> MongoStore:
        """Make the store; it connects with the first use."""
        assert isinstance(conf, ConfigMongo)
        return MongoStore(conf, app_id)

    @classmethod
    def on_store(cls, store: BaseStore) -> Self:
        """Make the component on a MongoDB store."""
        assert isinstance(store, MongoStore)
        return cls(store)
