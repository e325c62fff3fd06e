"""Parents and children as lines of a tree; equal siblings are folded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord

#: More siblings of one task and status than this become one line.
_FOLD_ABOVE = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One invocation, or siblings that differ in nothing that is shown."""

    depth: int
    record: InvocationRecord
    #: All that it stands for, itself first.
    members: tuple[InvocationRecord, ...]
    is_chosen: bool = False

    @property
    def number(self) -> int:
        """How many it stands for."""
        return len(self.members)


def start_of(record: InvocationRecord, now: float) -> float:
    """When its last attempt began; of one that never did the end of its wait."""
    return record.started_at if record.started_at is not None else end_of(record, now)


def end_of(record: InvocationRecord, now: float) -> float:
    """When it ended, or now."""
    return record.ended_at if record.ended_at is not None else max(now, record.created_at)


_Children = dict[str | None, list[InvocationRecord]]


def family_of(records: Sequence[InvocationRecord], chosen: InvocationRecord | None) -> list[Line]:
    """The tree, depth first; the chosen one and what has children of its own are never folded."""
    known = {record.invocation_id for record in records}
    children: _Children = {}
    for record in records:
        parent = record.parent_id if record.parent_id in known else None
        children.setdefault(parent, []).append(record)
    keep = chosen.invocation_id if chosen else None
    lines: list[Line] = []
    stack = [(0, members) for members in reversed(_folded(children.get(None, []), children, keep))]
    while stack:
        depth, members = stack.pop()
        first = members[0]
        lines.append(Line(depth, first, members, first.invocation_id == keep))
        below = _folded(children.get(first.invocation_id, []), children, keep) if len(members) == 1 else []
        stack += [(depth + 1, one) for one in reversed(below)]
    return lines


def _folded(
    siblings: list[InvocationRecord], children: _Children, keep: str | None
) -> list[tuple[InvocationRecord, ...]]:
    """Each alone, or with its equals at the place of the first of them."""
    groups: dict[object, list[InvocationRecord]] = {}
    for one in siblings:
        if one.invocation_id == keep or one.invocation_id in children:
            groups[one.invocation_id] = [one]
        else:
            groups.setdefault((one.task_id, one.status), []).append(one)
    folded: dict[str, tuple[InvocationRecord, ...]] = {}
    for group in groups.values():
        if len(group) > _FOLD_ABOVE:
            folded[group[0].invocation_id] = tuple(group)
        else:
            folded |= {one.invocation_id: (one,) for one in group}
    return [folded[one.invocation_id] for one in siblings if one.invocation_id in folded]


def shortened(lines: Sequence[Line], most: int, needed: Collection[InvocationId]) -> list[Line]:
    """At most so many of the lines, in their order: those that stand for what is needed, then the first ones."""
    is_needed = [any(one.invocation_id in needed for one in line.members) for line in lines]
    others = most - sum(is_needed)
    kept = []
    for line, has_place in zip(lines, is_needed, strict=True):
        if has_place or others > 0:
            kept.append(line)
            others -= not has_place
    return kept[:most]


def ancestors_of(records: Sequence[InvocationRecord], record: InvocationRecord) -> list[InvocationRecord]:
    """Whoever called it, from its root on, as far as they are among these records."""
    by_id = {one.invocation_id: one for one in records}
    found: list[InvocationRecord] = []
    parent = by_id.get(record.parent_id) if record.parent_id else None
    while parent is not None and parent not in found:
        found.append(parent)
        parent = by_id.get(parent.parent_id) if parent.parent_id else None
    return found[::-1]


def descendants_of(records: Sequence[InvocationRecord], ancestor: InvocationRecord) -> list[InvocationRecord]:
    """It and those below it, of records of which each comes behind its parent."""
    inside = {ancestor.invocation_id}
    found = []
    for record in records:
        if record.invocation_id in inside or record.parent_id in inside:
            inside.add(record.invocation_id)
            found.append(record)
    return found
