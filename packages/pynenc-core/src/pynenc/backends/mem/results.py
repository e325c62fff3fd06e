"""Successes whose results may answer later calls."""

from __future__ import annotations

from pynenc.backends.mem.record import MemRecord

_Key = tuple[str, str]


class Results:
    """By task and arguments: the invocations that succeeded and were submitted for that."""

    def __init__(self) -> None:
        self._by_call: dict[_Key, list[MemRecord]] = {}

    def add(self, record: MemRecord) -> None:
        """Note a success."""
        self._by_call.setdefault(_key_of(record), []).append(record)

    def discard(self, record: MemRecord) -> None:
        """Forget an invocation, whether or not it succeeded."""
        records = self._by_call.get(_key_of(record), [])
        if record in records:
            records.remove(record)
            if not records:
                del self._by_call[_key_of(record)]

    def latest(self, task_id: str, args_id: str) -> MemRecord | None:
        """The one that was submitted last."""
        records = self._by_call.get((task_id, args_id))
        return max(records, key=lambda record: record.order) if records else None


def _key_of(record: MemRecord) -> _Key:
    return record.call.task_id, record.call.args_id
