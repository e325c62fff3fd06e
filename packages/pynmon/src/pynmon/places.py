"""Of one task: who has the places of its keys, who stands in line, and which calls are made again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pynenc.values.records import InvocationRecord


@dataclass(slots=True)
class Key:
    """One key that only so many may run under at a time."""

    key: str
    limit: int
    #: Who has a place, the first that took one first.
    holders: list[InvocationRecord] = field(default_factory=list)
    #: Who stands in line for one, the first one first.
    waiting: list[InvocationRecord] = field(default_factory=list)


def keys_of(owned: Iterable[InvocationRecord], waiting: Iterable[InvocationRecord]) -> list[Key]:
    """Those for which most wait come first.

    Args:
        owned: What belongs to runners.
        waiting: What waits for places, in its order. What has no key is left out of both.
    """
    keys: dict[str, Key] = {}

    def key_of(record: InvocationRecord) -> Key:
        name = record.cc_key or ""
        return keys.setdefault(name, Key(name, record.cc_limit))

    for record in sorted(owned, key=lambda one: one.pending_at or 0.0):
        if record.cc_key is not None:
            key_of(record).holders.append(record)
    for record in waiting:
        if record.cc_key is not None:
            key_of(record).waiting.append(record)
    return sorted(keys.values(), key=lambda one: (-len(one.waiting), -len(one.holders), one.key))


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was made more than once."""

    latest: InvocationRecord
    number: int


def repeated_calls(records: Sequence[InvocationRecord], most: int) -> list[Call]:
    """The calls with the same arguments that were made most often.

    Args:
        records: Of one task, newest first.
        most: Of more calls no one is given.
    """
    counts = Counter(record.args_id for record in records)
    latest = {record.args_id: record for record in reversed(records)}
    return [Call(latest[args_id], n) for args_id, n in counts.most_common(most) if n > 1]
