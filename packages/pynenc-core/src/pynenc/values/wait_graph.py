"""Whether a new wait would close a cycle: a pure search over who waits for what, and who holds whose place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from pynenc.values.ids import InvocationId

Following = Callable[[InvocationId], Collection[InvocationId]]
_Edges = dict[InvocationId, Collection[InvocationId]]


def find_cycle(
    waiter: InvocationId, awaited: Iterable[InvocationId], waits_of: Following, holders_before: Following
) -> tuple[InvocationId, ...]:
    """The ids from ``waiter`` back to itself if it waited for ``awaited``; empty when it could still go on one day.

    Args:
        waiter: Who is about to wait.
        awaited: What for.
        waits_of: What an invocation waits for now.
        holders_before: For an invocation that may not run because its concurrency key is full: who holds the
            places. It is stuck only if each of them is.
    """
    waits, holders = _reached(waiter, awaited, waits_of, holders_before)
    if not any(waiter in (*waits[one], *holders[one]) for one in waits):
        return ()
    stuck, before = set(waits), 0
    while len(stuck) != before:
        before = len(stuck)
        # What was found last waits for the least.
        for one in reversed(waits):
            if stuck.isdisjoint(waits[one]) and not (holders[one] and stuck.issuperset(holders[one])):
                stuck.discard(one)
    return _way_round(waiter, {one: [*waits[one], *holders[one]] for one in stuck})


def _reached(
    waiter: InvocationId, awaited: Iterable[InvocationId], waits_of: Following, holders_before: Following
) -> tuple[_Edges, _Edges]:
    """What each waits for, and who holds its place, of all that the waiter would depend on."""
    waits: _Edges = {waiter: tuple(awaited)}
    holders: _Edges = {waiter: ()}
    line = list(waits[waiter])
    for current in line:
        if current not in waits:
            waits[current], holders[current] = waits_of(current), holders_before(current)
            line += [*waits[current], *holders[current]]
    return waits, holders


def _way_round(waiter: InvocationId, edges: _Edges) -> tuple[InvocationId, ...]:
    """The shortest way back along edges whose beginnings and ends are among their keys, if there is one.

    There is none where others were stuck before, without this one.
    """
    if waiter not in edges:
        return ()
    came_from: dict[InvocationId, InvocationId] = {}
    line = [waiter]
    for current in line:
        for found in edges[current]:
            if found in edges and found not in came_from:
                came_from[found] = current
                line.append(found)
        if waiter in came_from:
            break
    else:
        return ()
    path = [waiter, came_from[waiter]]
    while path[-1] != waiter:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
