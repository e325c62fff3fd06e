"""Waiting of workflows for messages and events. Each wait is two operations: that it began, and what it came to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynenc.engine.workflow_journal import Recorded
from pynenc.engine.workflow_replay import WorkflowReplay
from pynenc.exceptions import WorkflowTimeoutError

#: Whether an event is the one that is waited for.
Filter = Callable[[Any], bool]

#: Under what name an event reaches the workflows that wait for it.
EVENT = "event:"


def receive(replay: WorkflowReplay, name: str, timeout_seconds: float | None) -> Any:
    """Wait for the next message of a name."""
    begin, end = f"receive {name}", f"received {name}"
    seq, found = replay.next(begin)
    due = replay.fields(found).get("due") if found else None
    if found is None:
        due = _due(replay, timeout_seconds)
        operation = replay.operation(seq, begin, {"due": due})
        if not _arrived(replay, name, 0):
            replay.unwind((operation,), timeout_seconds, name, _received(replay, name))
        replay.unwritten = (operation,)
    seq, found = replay.next(end)
    if found is not None:
        return _replayed(replay, found, name)
    for data in _arrived(replay, name, 0):
        return _take(replay, seq, end, name, data, 1)
    return _wait_on(replay, seq, end, name, due, 0)


def wait_event(
    replay: WorkflowReplay, name: str, wanted: Filter | None, timeout_seconds: float | None
) -> Any:
    """Wait for an event that is emitted from now on."""
    begin, end, channel = f"wait_event {name}", f"event {name}", EVENT + name
    seq, found = replay.next(begin)
    if found is None:
        # Those that came while the workflow waited for another one count not.
        stale = 0
        while page := _arrived(replay, channel, stale):
            stale += len(page)
        due = _due(replay, timeout_seconds)
        operation = replay.operation(seq, begin, {"due": due, "c": _received(replay, channel) + stale})
        replay.unwind((operation,), timeout_seconds, channel, _received(replay, channel) + stale)
    began = replay.fields(found)
    seq, found = replay.next(end)
    if found is not None:
        return _replayed(replay, found, channel)
    seen = max(0, int(began["c"]) - _received(replay, channel))
    while page := _arrived(replay, channel, seen):
        for data in page:
            seen += 1
            if wanted is None or _matches(replay, end, wanted, data):
                return _take(replay, seq, end, channel, data, seen)
    return _wait_on(replay, seq, end, channel, began.get("due"), seen)


def _received(replay: WorkflowReplay, channel: str) -> int:
    return replay.received.get(channel, 0)


def _arrived(replay: WorkflowReplay, channel: str, seen: int) -> list[str]:
    """A page of what arrived and was neither received nor seen."""
    replay.require_live()
    return replay.journal.messages(channel, _received(replay, channel) + seen)


def _due(replay: WorkflowReplay, timeout_seconds: float | None) -> float | None:
    replay.require_live()
    return None if timeout_seconds is None else replay.journal.now() + timeout_seconds


def _take(replay: WorkflowReplay, seq: int, what: str, channel: str, data: str, count: int) -> Any:
    received = _received(replay, channel) + count
    replay.write(seq, what, {"v": data, "r": received})
    replay.received[channel] = received
    return replay.journal.codec.load(replay.journal.workflow_id, what, data)


def _wait_on(replay: WorkflowReplay, seq: int, what: str, channel: str, due: float | None, seen: int) -> Any:
    left = None if due is None else due - replay.journal.now()
    if left is None or left > 0:
        replay.unwind((), left, channel, _received(replay, channel) + seen)
    replay.write(seq, what, {})
    raise _timed_out(what)


def _replayed(replay: WorkflowReplay, found: Recorded, channel: str) -> Any:
    fields = replay.fields(found)
    if "v" not in fields:
        raise _timed_out(found.name)
    replay.received[channel] = int(fields.get("r", 0))
    return replay.journal.codec.load(replay.journal.workflow_id, found.name, fields["v"])


def _matches(replay: WorkflowReplay, what: str, wanted: Filter, data: str) -> bool:
    with replay.inside(f"the filter of '{what}'"):
        return bool(wanted(replay.journal.codec.load(replay.journal.workflow_id, what, data)))


def _timed_out(what: str) -> WorkflowTimeoutError:
    return WorkflowTimeoutError(f"'{what}' did not come in time")
