"""Whether a new wait would close a cycle: a pure search over who waits for what, and who holds whose place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable

from pynenc.values.ids import InvocationId

Following = Callable[[InvocationId], Collection[InvocationId]]


def find_cycle(
    waiter: InvocationId, awaited: Iterable[InvocationId], waits_of: Following, holders_before: Following
) -> tuple[InvocationId, ...]:
    """The ids from ``waiter`` back to itself if it waited for ``awaited``; empty when there is no such way.

    Args:
        waiter: Who is about to wait.
        awaited: What for.
        waits_of: What an invocation waits for now.
        holders_before: For an invocation that may not run because its concurrency key is full: who holds the
            places. It depends on all of them together, so that it is stuck only if each of them is.
    """
    came_from = dict.fromkeys(awaited, waiter)
    line = deque(came_from)
    while line:
        current = line.popleft()
        if current == waiter:
            return _walk_back(came_from, waiter)
        following = list(waits_of(current))
        holders = holders_before(current)
        if len(holders) == 1:
            following += holders
        elif holders and all(
            holder == waiter or find_cycle(waiter, waits_of(holder), waits_of, holders_before)
            for holder in holders
        ):
            following.append(next(iter(holders)))
        for found in following:
            if found not in came_from:
                came_from[found] = current
                line.append(found)
    return ()


def _walk_back(came_from: dict[InvocationId, InvocationId], waiter: InvocationId) -> tuple[InvocationId, ...]:
    path = [waiter, came_from[waiter]]
    while path[-1] != waiter:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
