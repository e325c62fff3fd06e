"""RedisStateBackend: payloads of records that live elsewhere, and named values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pynenc.contracts.state_backend import BaseStateBackend, PayloadKey
from pynenc.values.ids import InvocationId
from pynenc_redis import scripts
from pynenc_redis.component import RedisComponent
from pynenc_redis.conf import ConfigStateBackendRedis
from pynenc_redis.store import RedisStore, batches

_PUT = scripts.load("put_payloads")
_GET = scripts.load("get_payloads")
_DELETE = scripts.load("delete_payloads")


class RedisStateBackend(RedisComponent, BaseStateBackend):
    """A hash of payloads per invocation, and one of values per scope."""

    config_cls = ConfigStateBackendRedis
    store: RedisStore

    def put_payloads(self, payloads: Mapping[PayloadKey, str]) -> None:  # noqa: D102
        words = [word for key, text in payloads.items() for word in (key.invocation_id, _field(key), text)]
        if words:
            self.store.run(_PUT, *words)

    def get_payloads(self, keys: Sequence[PayloadKey]) -> dict[PayloadKey, str]:  # noqa: D102
        if not keys:
            return {}
        texts = self.store.ask(_GET, *(word for key in keys for word in (key.invocation_id, _field(key))))
        return {key: text for key, text in zip(keys, texts, strict=True) if text is not None}

    def list_payload_ids(self, after: InvocationId | None, limit: int) -> list[InvocationId]:  # noqa: D102
        begin = "-" if after is None else f"({after}"
        key = f"{self.store.prefix}s:i"
        return list(self.store.command("ZRANGEBYLEX", key, begin, "+", "LIMIT", 0, limit))

    def delete_payloads(self, ids: Iterable[InvocationId]) -> None:  # noqa: D102
        for batch in batches(list(ids)):
            self.store.run(_DELETE, *batch)

    def set_values(self, scope: str, values: Mapping[str, str]) -> None:  # noqa: D102
        if values:
            words = [word for pair in values.items() for word in pair]
            self.store.command("HSET", self._scope(scope), *words, writes=True)

    def get_values(self, scope: str, names: Sequence[str] | None = None) -> dict[str, str]:  # noqa: D102
        return self.store.read_hash(self._scope(scope), names)

    def delete_scope(self, scope: str) -> None:  # noqa: D102
        self.store.command("UNLINK", self._scope(scope), writes=True)

    def purge(self) -> None:  # noqa: D102
        self.store.remove("s:")

    def _scope(self, scope: str) -> str:
        return f"{self.store.prefix}s:v:{scope}"


def _field(key: PayloadKey) -> str:
    return f"{key.epoch}:{key.kind.value}"
