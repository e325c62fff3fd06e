"""Serialized values: payloads of invocations, named values, and content-addressed client data."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, takewhile

from pynenc.contracts.state_backend import PayloadKey
from pynenc.values.ids import InvocationId


class Payloads:
    """What a state backend keeps."""

    def __init__(self) -> None:
        self.by_invocation: dict[InvocationId, dict[PayloadKey, str]] = {}
        self.scopes: dict[str, dict[str, str]] = {}


class ClientData:
    """Values by content hash, in the order of their last use."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, float]] = {}

    def put(self, values: Mapping[str, str], now: float) -> None:
        """Add values; of those that exist the time of last use is renewed."""
        for key, value in values.items():
            known = self._values.pop(key, None)
            self._values[key] = (value if known is None else known[0], now)

    def get(self, key: str) -> str | None:
        """One value."""
        known = self._values.get(key)
        return None if known is None else known[0]

    def touch(self, key: str, now: float) -> None:
        """Renew the time of last use of a value that exists."""
        known = self._values.pop(key, None)
        if known is not None:
            self._values[key] = (known[0], now)

    def find_unused(self, last_use: float, limit: int) -> list[str]:
        """Keys that were last used at that time or before."""
        old = takewhile(lambda item: item[1][1] <= last_use, self._values.items())
        return [key for key, _ in islice(old, limit)]

    def delete(self, key: str, last_use: float) -> None:
        """Remove a value that was last used at that time or before."""
        known = self._values.get(key)
        if known is not None and known[1] <= last_use:
            del self._values[key]

    def __len__(self) -> int:
        return len(self._values)
