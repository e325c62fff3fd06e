"""What the end of a workflow waited for: only what is on this path makes the whole shorter when it gets faster."""

from __future__ import annotations

from collections.abc import Sequence

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord


def critical_path(records: Sequence[InvocationRecord], root: InvocationRecord) -> frozenset[InvocationId]:
    """From the end backwards: of each the child that ended last, then the one that ended last before that began.

    Args:
        records: The root and those below it; what has not ended is as if it ended last.
        root: Where the path ends.
    """
    children: dict[InvocationId, list[InvocationRecord]] = {}
    for one in records:
        if one.parent_id is not None and one.invocation_id != root.invocation_id:
            children.setdefault(one.parent_id, []).append(one)
    found = {root.invocation_id}
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        until = _end_of(parent)
        for child in sorted(children.get(parent.invocation_id, ()), key=_end_of, reverse=True):
            # What outlived its caller was not waited for.
            if _end_of(child) <= until and child.invocation_id not in found:
                found.add(child.invocation_id)
                waiting.append(child)
                until = child.created_at
    return frozenset(found)


def _end_of(record: InvocationRecord) -> float:
    return float("inf") if record.ended_at is None else record.ended_at
