"""RedisBroker: a queue of ids for orchestrators that live elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.values.ids import InvocationId
from pynenc_redis import scripts
from pynenc_redis.component import RedisComponent
from pynenc_redis.conf import ConfigBrokerRedis
from pynenc_redis.store import RedisStore, batches

_PUSH = scripts.load("push", "schema")
_RECEIVE = scripts.load("receive")
_SETTLE = scripts.load("settle")


class RedisBroker(RedisComponent, BaseBroker):
    """Messages on a Redis server."""

    config_cls = ConfigBrokerRedis
    store: RedisStore

    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:  # noqa: D102
        if ids:
            self.store.run(_PUSH, int(front), *ids)

    def receive(self, limit: int, lease_seconds: float) -> list[Delivery]:  # noqa: D102
        if limit < 1:
            return []
        receipts = [uuid.uuid4().hex for _ in range(limit)]
        found = self.store.run(_RECEIVE, lease_seconds, *receipts)
        return [Delivery(receipt, InvocationId(invocation_id)) for receipt, invocation_id in found]

    def acknowledge(self, receipts: Sequence[str]) -> None:  # noqa: D102
        for batch in batches(receipts):
            self.store.run(_SETTLE, 0, *batch)

    def give_back(self, receipts: Sequence[str]) -> None:  # noqa: D102
        for batch in batches(receipts):
            self.store.run(_SETTLE, 1, *batch)

    def count(self) -> int:  # noqa: D102
        waiting = self.store.command("ZCARD", f"{self.store.prefix}b:queue")
        return int(waiting) + int(self.store.command("ZCARD", f"{self.store.prefix}b:leased"))

    def purge(self) -> None:  # noqa: D102
        self.store.remove("b:")
