"""The state backend in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from pynenc.backends.mem.component import MemComponent
from pynenc.backends.mem.payloads import Payloads
from pynenc.backends.mem.store import MemStore
from pynenc.conf.config_components import ConfigStateBackend
from pynenc.contracts.state_backend import BaseStateBackend, PayloadKey
from pynenc.values.ids import InvocationId


class MemStateBackend(MemComponent, BaseStateBackend):
    """Payloads and named values in this process."""

    config_cls = ConfigStateBackend
    store: MemStore

    def put_payloads(self, payloads: Mapping[PayloadKey, str]) -> None:
        """Add payloads that do not exist."""
        with self.store.lock:
            by_invocation = self.store.payloads.by_invocation
            for key, payload in payloads.items():
                by_invocation.setdefault(key.invocation_id, {}).setdefault(key, payload)

    def get_payloads(self, keys: Sequence[PayloadKey]) -> dict[PayloadKey, str]:
        """The payloads that exist."""
        with self.store.lock:
            by_invocation = self.store.payloads.by_invocation
            return {
                key: by_invocation[key.invocation_id][key]
                for key in keys
                if key in by_invocation.get(key.invocation_id, ())
            }

    def list_payload_ids(self, after: InvocationId | None, limit: int) -> list[InvocationId]:
        """Invocations that have payloads, in the order of their ids."""
        with self.store.lock:
            return heapq.nsmallest(limit, (i for i in self.store.payloads.by_invocation if i > (after or "")))

    def delete_payloads(self, ids: Iterable[InvocationId]) -> None:
        """Forget every payload of these invocations."""
        with self.store.lock:
            for invocation_id in ids:
                self.store.payloads.by_invocation.pop(invocation_id, None)

    def set_values(self, scope: str, values: Mapping[str, str]) -> None:
        """Create or replace values."""
        if values:
            with self.store.lock:
                self.store.payloads.scopes.setdefault(scope, {}).update(values)

    def get_values(self, scope: str, names: Sequence[str] | None = None) -> dict[str, str]:
        """The values that exist."""
        with self.store.lock:
            values = self.store.payloads.scopes.get(scope, {})
            if names is None:
                return dict(values)
            return {name: values[name] for name in names if name in values}

    def delete_scope(self, scope: str) -> None:
        """Forget every value of a scope."""
        with self.store.lock:
            self.store.payloads.scopes.pop(scope, None)

    def purge(self) -> None:
        """Forget everything."""
        with self.store.lock:
            self.store.payloads = Payloads()
