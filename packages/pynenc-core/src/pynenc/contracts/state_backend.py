"""Immutable payloads of invocations when they live apart from the record, and mutable workflow data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from pynenc.contracts.store import BaseComponent, BaseStore
from pynenc.values.ids import InvocationId


class PayloadKind(StrEnum):
    """What a payload is."""

    ARGUMENTS = "arguments"
    OUTCOME = "outcome"


class PayloadKey(NamedTuple):
    """Where a payload lives. Arguments have epoch 0; an outcome carries the epoch of its attempt."""

    invocation_id: InvocationId
    epoch: int
    kind: PayloadKind


class BaseStateBackend(BaseComponent):
    """Keeps serialized payloads by (invocation, epoch, kind), and small named values.

    When it shares the orchestrator's store, payloads travel inside the record instead and the payload
    methods are not called.
    """

    store: BaseStore

    @abstractmethod
    def put_payloads(self, payloads: Mapping[PayloadKey, str]) -> None:
        """Write payloads, all or none; one that exists is left as it is."""

    @abstractmethod
    def get_payloads(self, keys: Sequence[PayloadKey]) -> dict[PayloadKey, str]:
        """The payloads that exist; one round trip."""

    @abstractmethod
    def list_payload_ids(self, after: InvocationId | None, limit: int) -> list[InvocationId]:
        """Invocations that have payloads here, each once, in the order of their ids, after the given one."""

    @abstractmethod
    def delete_payloads(self, ids: Iterable[InvocationId]) -> None:
        """Remove every payload of these invocations."""

    @abstractmethod
    def set_values(self, scope: str, values: Mapping[str, str]) -> None:
        """Create or replace named values under a scope, for example the data of a workflow."""

    @abstractmethod
    def get_values(self, scope: str, names: Sequence[str] | None = None) -> dict[str, str]:
        """The named values that exist under a scope; all of them when ``names`` is None."""

    @abstractmethod
    def delete_scope(self, scope: str) -> None:
        """Remove every value under a scope."""

    @abstractmethod
    def purge(self) -> None:
        """Remove everything of this app."""
