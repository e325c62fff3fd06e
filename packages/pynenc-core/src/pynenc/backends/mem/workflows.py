"""What workflows have recorded and been told, and which of them await what."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pynenc.values.ids import InvocationId
from pynenc.values.workflows import RecordedOperation, WorkflowMessage


class _Log:
    """One workflow."""

    __slots__ = ("message_ids", "messages", "operations", "values")

    def __init__(self) -> None:
        self.operations: dict[int, RecordedOperation] = {}
        self.values: dict[str, str] = {}
        #: By name, in order of arrival.
        self.messages: dict[str, list[str]] = {}
        self.message_ids: set[str] = set()


class Workflows:
    """The logs of all workflows. Everything here is called with the store's lock held."""

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = {}
        self._awaited: dict[InvocationId, str] = {}
        self._waiters: dict[str, dict[InvocationId, None]] = {}

    def record(
        self,
        workflow_id: str,
        operations: Iterable[RecordedOperation],
        values: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Add operations at positions that are free, and replace values."""
        log = self._log(workflow_id)
        for operation in operations:
            log.operations.setdefault(operation.seq, operation)
        log.values.update(values)

    def add_message(self, message: WorkflowMessage) -> None:
        """Append a message that did not arrive before."""
        log = self._log(message.workflow_id)
        if message.message_id not in log.message_ids:
            log.message_ids.add(message.message_id)
            log.messages.setdefault(message.name, []).append(message.data)

    def operations(self, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:
        """A page of what a workflow recorded."""
        found = self._logs[workflow_id].operations if workflow_id in self._logs else {}
        return [found[seq] for seq in sorted(seq for seq in found if seq > after)[:limit]]

    def messages(self, workflow_id: str, name: str) -> list[str]:
        """Everything that arrived under a name."""
        return self._logs[workflow_id].messages.get(name, []) if workflow_id in self._logs else []

    def values(self, workflow_id: str) -> dict[str, str]:
        """The data of a workflow."""
        return self._logs[workflow_id].values if workflow_id in self._logs else {}

    def set_awaited(self, workflow_id: InvocationId, name: str | None) -> None:
        """Note what a workflow awaits now, in place of what it awaited before."""
        before = self._awaited.pop(workflow_id, None)
        if before is not None:
            waiters = self._waiters[before]
            del waiters[workflow_id]
            if not waiters:
                del self._waiters[before]
        if name is not None:
            self._awaited[workflow_id] = name
            self._waiters.setdefault(name, {})[workflow_id] = None

    def awaits(self, workflow_id: InvocationId, name: str) -> bool:
        """Whether a workflow awaits messages of a name."""
        return self._awaited.get(workflow_id) == name

    def waiters(self, name: str) -> Collection[InvocationId]:
        """Which workflows await messages of a name."""
        return self._waiters.get(name, ())

    def forget(self, workflow_id: InvocationId) -> None:
        """Remove everything of one workflow."""
        self._logs.pop(workflow_id, None)
        self.set_awaited(workflow_id, None)

    def _log(self, workflow_id: str) -> _Log:
        log = self._logs.get(workflow_id)
        if log is None:
            log = self._logs[workflow_id] = _Log()
        return log
