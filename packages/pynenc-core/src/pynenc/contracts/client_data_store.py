"""Large serialized values by content hash, each stored once however many calls carry it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from pynenc.contracts.store import BaseComponent, BaseStore


class BaseClientDataStore(BaseComponent):
    """Content-addressed storage. A value never changes under its key."""

    store: BaseStore

    @abstractmethod
    def put(self, values: Mapping[str, str]) -> None:
        """Store values by content hash; for one that exists only the time of its last use is renewed."""

    @abstractmethod
    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """The values that exist; one round trip."""

    @abstractmethod
    def find_unused(self, age_seconds: float, limit: int) -> list[str]:
        """Keys whose last use is at least so long ago."""

    @abstractmethod
    def touch(self, keys: Sequence[str]) -> None:
        """Renew the time of last use; unknown keys are ignored."""

    @abstractmethod
    def delete(self, keys: Sequence[str], age_seconds: float) -> None:
        """Remove the keys whose last use is still at least so long ago, decided in the same step."""

    @abstractmethod
    def count(self) -> int:
        """How many values are stored."""

    @abstractmethod
    def purge(self) -> None:
        """Remove everything of this app."""
