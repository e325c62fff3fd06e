"""RedisClientDataStore: large values by content hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pynenc.contracts.client_data_store import BaseClientDataStore
from pynenc_redis import scripts
from pynenc_redis.component import RedisComponent
from pynenc_redis.conf import ConfigClientDataStoreRedis
from pynenc_redis.store import RedisStore, batches

_PUT = scripts.load("put_data")
_TOUCH = scripts.load("touch_data")
_UNUSED = scripts.load("unused_data")
_DELETE = scripts.load("delete_data")


class RedisClientDataStore(RedisComponent, BaseClientDataStore):
    """Large values on a Redis server."""

    config_cls = ConfigClientDataStoreRedis
    store: RedisStore

    def put(self, values: Mapping[str, str]) -> None:  # noqa: D102
        if values:
            self.store.run(_PUT, *(word for pair in values.items() for word in pair))

    def get(self, keys: Sequence[str]) -> dict[str, str]:  # noqa: D102
        if not keys:
            return {}
        values = self.store.command("MGET", *(f"{self.store.prefix}d:v:{key}" for key in keys))
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    def find_unused(self, age_seconds: float, limit: int) -> list[str]:  # noqa: D102
        found: list[str] = self.store.ask(_UNUSED, age_seconds, limit)
        return found

    def touch(self, keys: Sequence[str]) -> None:  # noqa: D102
        for batch in batches(keys):
            self.store.run(_TOUCH, *batch)

    def delete(self, keys: Sequence[str], age_seconds: float) -> None:  # noqa: D102
        for batch in batches(keys):
            self.store.run(_DELETE, age_seconds, *batch)

    def count(self) -> int:  # noqa: D102
        return int(self.store.command("ZCARD", f"{self.store.prefix}d:used"))

    def purge(self) -> None:  # noqa: D102
        self.store.remove("d:")
