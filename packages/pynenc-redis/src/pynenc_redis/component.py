"""What every Redis component has in common: where its store comes from."""

from __future__ import annotations

from typing import Self

from pynenc.conf.config_base import ConfigBase
from pynenc.contracts.store import BaseComponent, BaseStore, StoreKey
from pynenc.values.clock import Clock
from pynenc_redis.conf import ConfigRedis
from pynenc_redis.server import location_of
from pynenc_redis.store import RedisStore


class RedisComponent(BaseComponent):
    """A component on a Redis server."""

    def __init__(self, store: RedisStore) -> None:
        self.store: RedisStore = store

    @classmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:
        """Components with the same server and database share a store."""
        assert isinstance(conf, ConfigRedis)
        return StoreKey("redis", location_of(conf), app_id)

    @classmethod
    def make_store(cls, conf: ConfigBase, app_id: str, clock: Clock) -> RedisStore:
        """Make the store; it connects with the first use."""
        assert isinstance(conf, ConfigRedis)
        return RedisStore(conf, app_id)

    @classmethod
    def on_store(cls, store: BaseStore) -> Self:
        """Make the component on a Redis store."""
        assert isinstance(store, RedisStore)
        return cls(store)
