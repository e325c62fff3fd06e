"""Redis backend for pynenc."""

from typing import TYPE_CHECKING

from pynenc.lazy_names import lazy_names

if TYPE_CHECKING:
    from pynenc_redis.broker import RedisBroker
    from pynenc_redis.client_data_store import RedisClientDataStore
    from pynenc_redis.orchestrator import RedisOrchestrator
    from pynenc_redis.state_backend import RedisStateBackend
    from pynenc_redis.trigger import RedisTrigger

__all__ = ["RedisBroker", "RedisClientDataStore", "RedisOrchestrator", "RedisStateBackend", "RedisTrigger"]

# Every app imports this package, and few need its driver.
__getattr__ = lazy_names(
    __name__,
    {
        "RedisBroker": "pynenc_redis.broker",
        "RedisClientDataStore": "pynenc_redis.client_data_store",
        "RedisOrchestrator": "pynenc_redis.orchestrator",
        "RedisStateBackend": "pynenc_redis.state_backend",
        "RedisTrigger": "pynenc_redis.trigger",
    },
)
