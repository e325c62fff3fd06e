"""Parents and children as lines of a tree; equal siblings are folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus

#: More siblings of one task and status than this become one line.
_FOLD_ABOVE = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One invocation, or many siblings that differ in nothing that is shown."""

    depth: int
    record: InvocationRecord
    #: How many it stands for.
    number: int = 1
    is_chosen: bool = False


def family_of(records: Sequence[InvocationRecord], chosen: InvocationRecord | None) -> list[Line]:
    """The tree, depth first; the chosen one, its ancestors and what has children of its own are never folded."""
    children: dict[str | None, list[InvocationRecord]] = {}
    known = {record.invocation_id for record in records}
    for record in records:
        parent = record.parent_id if record.parent_id in known else None
        children.setdefault(parent, []).append(record)
    keep: set[str] = {chosen.invocation_id} if chosen else set()
    lines: list[Line] = []
    stack: list[tuple[int, InvocationRecord, int]] = [
        (0, one, n) for one, n in _folded(children.get(None, []), children, keep)
    ]
    stack.reverse()
    while stack:
        depth, record, number = stack.pop()
        lines.append(
            Line(depth, record, number, chosen is not None and record.invocation_id == chosen.invocation_id)
        )
        below = _folded(children.get(record.invocation_id, []), children, keep) if number == 1 else []
        stack += [(depth + 1, one, n) for one, n in reversed(below)]
    return lines


def _folded(
    siblings: list[InvocationRecord], children: dict[str | None, list[InvocationRecord]], keep: set[str]
) -> list[tuple[InvocationRecord, int]]:
    groups: dict[tuple[str, InvocationStatus], list[InvocationRecord]] = {}
    for one in siblings:
        if one.invocation_id not in keep and one.invocation_id not in children:
            groups.setdefault((one.task_id, one.status), []).append(one)
    numbers: dict[str, int] = {}
    hidden: set[str] = set()
    for group in groups.values():
        if len(group) > _FOLD_ABOVE:
            numbers[group[0].invocation_id] = len(group)
            hidden.update(one.invocation_id for one in group[1:])
    return [(one, numbers.get(one.invocation_id, 1)) for one in siblings if one.invocation_id not in hidden]
