"""Who waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pynenc.values.ids import InvocationId

#: How far a new wait reaches when it raises what others wait for.
MAX_HOPS = 32


class Waits:
    """The waiting graph. An edge ends when what is waited for is final, or when the waiter goes on."""

    def __init__(self) -> None:
        self._on: dict[InvocationId, dict[InvocationId, None]] = {}
        self._by: dict[InvocationId, dict[InvocationId, None]] = {}

    def add(self, waiter: InvocationId, awaited: Iterable[InvocationId]) -> None:
        """Let ``waiter`` wait for all of ``awaited``."""
        on = self._on.setdefault(waiter, {})
        for invocation_id in awaited:
            on[invocation_id] = None
            self._by.setdefault(invocation_id, {})[waiter] = None

    def end_of(self, waiter: InvocationId) -> None:
        """Remove every wait of one waiter."""
        for invocation_id in self._on.pop(waiter, ()):
            waiters = self._by[invocation_id]
            del waiters[waiter]
            if not waiters:
                del self._by[invocation_id]

    def end_for(self, awaited: InvocationId) -> None:
        """Remove every wait for one invocation."""
        for waiter in self._by.pop(awaited, ()):
            on = self._on[waiter]
            del on[awaited]
            if not on:
                del self._on[waiter]

    def on(self, waiter: InvocationId) -> Collection[InvocationId]:
        """What one invocation waits for."""
        return self._on.get(waiter, ())

    def by(self, awaited: InvocationId) -> Collection[InvocationId]:
        """Who waits for one invocation."""
        return self._by.get(awaited, ())

    def reach(self, start: Iterable[InvocationId], hops: int) -> Iterator[InvocationId]:
        """``start`` and what these wait for, each once, so many steps deep (``start`` is the first step)."""
        level = list(dict.fromkeys(start))
        seen = set(level)
        while level and hops > 0:
            yield from level
            following = dict.fromkeys(found for waiter in level for found in self._on.get(waiter, ()))
            level = [found for found in following if found not in seen]
            seen.update(level)
            hops -= 1

    def is_awaited(self, invocation_id: InvocationId) -> bool:
        """Whether anybody waits for one invocation."""
        return invocation_id in self._by

    def to_lists(self) -> dict[InvocationId, list[InvocationId]]:
        """Every wait, by waiter."""
        return {waiter: list(on) for waiter, on in self._on.items()}
