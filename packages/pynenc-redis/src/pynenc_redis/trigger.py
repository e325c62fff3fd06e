"""RedisTrigger: each operation is one script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pynenc.contracts.trigger import BaseTrigger
from pynenc.values.ids import InvocationId
from pynenc.values.triggers import Half, Occurrence, PairRequest, TriggerRun
from pynenc_redis import scripts
from pynenc_redis.codec.occurrences import from_occurrence, from_run, occurrence_key, to_occurrence, to_run
from pynenc_redis.codec.texts import dump
from pynenc_redis.component import RedisComponent
from pynenc_redis.conf import ConfigTriggerRedis
from pynenc_redis.store import RedisStore

_SET_VALUES = scripts.load("set_values")
_GET_VALUES = scripts.load("get_values")
_PUT = scripts.load("put_occurrences", "outbox")
_TAKE = scripts.load("take_occurrences", "outbox_reading")
_SETTLE = scripts.load("settle_occurrences", "outbox_reading")
_PAIR = scripts.load("pair")
_HALVES = scripts.load("halves")
_CURSORS = scripts.load("cursors")
_NEWEST = scripts.load("newest")
_DELETE = scripts.load("delete_triggered", "outbox_reading")
_BATCH = 500
#: Fillers that one script looks at: everybody else waits meanwhile.
_LOOKS = 2000


class RedisTrigger(RedisComponent, BaseTrigger):
    """What triggers keep, on a Redis server."""

    config_cls = ConfigTriggerRedis
    store: RedisStore

    def set_values(self, scope: str, values: Mapping[str, str | None]) -> None:  # noqa: D102
        words = [
            word for name, value in values.items() for word in (name, int(value is not None), value or "")
        ]
        self.store.run(_SET_VALUES, scope, *words)

    def get_values(self, scopes: Sequence[str]) -> dict[str, dict[str, str]]:  # noqa: D102
        found = self.store.ask(_GET_VALUES, *scopes) if scopes else []
        return {
            scope: dict(zip(words[::2], words[1::2], strict=True))
            for scope, words in zip(scopes, found, strict=True)
        }

    # -- occurrences ----------------------------------------------------------------------------------

    def put_occurrences(self, occurrences: Sequence[Occurrence]) -> None:  # noqa: D102
        if occurrences:
            self.store.run(_PUT, *(word for one in occurrences for word in to_occurrence(one)))

    def take_occurrences(  # noqa: D102
        self, limit: int, lease_seconds: float, trigger_ids: Sequence[str]
    ) -> list[Occurrence]:
        own = dump(dict.fromkeys(trigger_ids, True))
        rows = self.store.run(_TAKE, "t:pending:", limit, lease_seconds, own)
        return [from_occurrence(*row) for row in rows]

    def settle(self, occurrences: Sequence[Occurrence], runs: Sequence[TriggerRun]) -> None:  # noqa: D102
        keys = [occurrence_key(one) for one in occurrences]
        self.store.run(_SETTLE, len(keys), *keys, *(word for run in runs for word in to_run(run)))

    def list_events(self, limit: int) -> list[Occurrence]:  # noqa: D102
        texts = self.store.ask(_NEWEST, "t:events", "t:event", limit) if limit > 0 else []
        return [from_occurrence(*text.split("\n", 1)) for text in texts]

    # -- combined conditions --------------------------------------------------------------------------

    def pair(self, requests: Sequence[PairRequest]) -> list[tuple[str, ...] | None]:  # noqa: D102
        if not requests:
            return []
        rows = [
            (one.scope, one.key, one.slot, one.slots, one.occurrence_id, one.data, one.ttl_seconds)
            for one in requests
        ]
        return [tuple(data) or None for data in self.store.run(_PAIR, json.dumps(rows))]

    def list_halves(self, scope_prefix: str, limit: int) -> list[Half]:  # noqa: D102
        rows = self.store.ask(_HALVES, scope_prefix, limit, _LOOKS)
        return [Half(scope, key, int(slot), data, float(at)) for scope, key, slot, data, at in rows]

    # -- cursors --------------------------------------------------------------------------------------

    def get_cursors(self, defaults: Mapping[str, float]) -> dict[str, float]:  # noqa: D102
        texts = self.store.run(_CURSORS, 0, *_instants(defaults)) if defaults else []
        return {name: float(text) for name, text in zip(defaults, texts, strict=True)}

    def advance_cursors(self, values: Mapping[str, float]) -> None:  # noqa: D102
        if values:
            self.store.run(_CURSORS, 1, *_instants(values))

    # -- runs and retention ---------------------------------------------------------------------------

    def list_runs(self, trigger_id: str | None, limit: int) -> list[TriggerRun]:  # noqa: D102
        index = "t:runs" if trigger_id is None else f"t:runs:{trigger_id}"
        texts = self.store.ask(_NEWEST, index, "t:run", limit) if limit > 0 else []
        return [from_run(text) for text in texts]

    def find_runs(self, ids: Sequence[InvocationId]) -> dict[InvocationId, TriggerRun]:  # noqa: D102
        runs = map(from_run, self.store.read_hash(f"{self.store.prefix}t:run", ids).values())
        return {InvocationId(run.run_id): run for run in runs if run.invocation_id is not None}

    def delete_expired(self, age_seconds: float) -> None:  # noqa: D102
        while self.store.run(_DELETE, age_seconds, _BATCH):
            pass

    def purge(self) -> None:  # noqa: D102
        self.store.remove("t:")


def _instants(values: Mapping[str, float]) -> list[str]:
    # As text, which keeps every digit.
    return [word for name, value in values.items() for word in (name, repr(float(value)))]
