"""What those see who may not see payloads: everything but arguments, results and what exceptions said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Registered, Waits
from pynenc.values.record_filter import RecordFilter
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import InvocationStatus


class ReticentStore(BaseMonitorStore):
    """A monitor store without payloads and previews. Whoever asks it cannot forget to leave them out.

    What a query asks for is not looked at here: see ``query.meaning``.

    Args:
        inner: The store.
    """

    def __init__(self, inner: BaseMonitorStore) -> None:
        self._inner = inner

    # -- with payloads --------------------------------------------------------------------------------

    def list_invocations(self, query: RecordQuery) -> RecordPage:  # noqa: D102
        page = self._inner.list_invocations(query)
        return replace(page, records=tuple(map(_without, page.records)))

    def get_invocations(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        return {key: _without(record) for key, record in self._inner.get_invocations(ids).items()}

    def find_by_prefix(self, prefix: str, limit: int) -> list[InvocationRecord]:  # noqa: D102
        return _all_without(self._inner.find_by_prefix(prefix, limit))

    def find_by_suffix(self, suffix: str, limit: int, search_limit: int) -> list[InvocationRecord]:  # noqa: D102
        return _all_without(self._inner.find_by_suffix(suffix, limit, search_limit))

    def list_owned(self, limit: int, runner_id: str | None = None) -> list[InvocationRecord]:  # noqa: D102
        return _all_without(self._inner.list_owned(limit, runner_id))

    def find_longest_waiting(self) -> InvocationRecord | None:  # noqa: D102
        found = self._inner.find_longest_waiting()
        return None if found is None else _without(found)

    def get_histories(self, ids: Sequence[InvocationId]) -> dict[InvocationId, list[HistoryEntry]]:  # noqa: D102
        found = self._inner.get_histories(ids)
        return {key: [_without_words(entry) for entry in entries] for key, entries in found.items()}

    def get_payloads(self, invocation_id: InvocationId, limit: int) -> Mapping[PayloadKind, str]:  # noqa: D102
        return {}

    # -- without --------------------------------------------------------------------------------------

    def change_token(self) -> str:  # noqa: D102
        return self._inner.change_token()

    def count_by_task(self) -> dict[str, dict[InvocationStatus, int]]:  # noqa: D102
        return self._inner.count_by_task()

    def find_cursor(self, before: float) -> str:  # noqa: D102
        return self._inner.find_cursor(before)

    def get_merges(self, ids: Sequence[InvocationId]) -> dict[InvocationId, Merges]:  # noqa: D102
        return self._inner.get_merges(ids)

    def list_waits(self, invocation_id: InvocationId, limit: int) -> Waits:  # noqa: D102
        return self._inner.list_waits(invocation_id, limit)

    def count_families(  # noqa: D102
        self, roots: Sequence[InvocationId], most: int
    ) -> dict[InvocationId, dict[InvocationStatus, int]]:
        return self._inner.count_families(roots, most)

    def find_lease(self, name: str) -> Lease | None:  # noqa: D102
        return self._inner.find_lease(name)

    def count_recovered(self) -> dict[InvocationStatus, int]:  # noqa: D102
        return self._inner.count_recovered()

    def list_registered(self, since: float, limit: int) -> list[Registered]:  # noqa: D102
        return self._inner.list_registered(since, limit)

    def list_finished(  # noqa: D102
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        return self._inner.list_finished(since, until, limit, oldest_first=oldest_first)

    def sample_finished(  # noqa: D102
        self, since: float, until: float, parts: int, each: int, *, beyond: int
    ) -> list[list[Finished]]:
        return self._inner.sample_finished(since, until, parts, each, beyond=beyond)

    def count_failed(  # noqa: D102
        self, since: float, until: float, parts: int, most: int, where: RecordFilter | None = None
    ) -> list[int]:
        return self._inner.count_failed(since, until, parts, most, where)

    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:  # noqa: D102
        return self._inner.list_failed(since, until, limit)

    def list_runners(self, limit: int) -> list[RunnerRecord]:  # noqa: D102
        return self._inner.list_runners(limit)

    def get_runners(self, ids: Sequence[str]) -> dict[str, RunnerRecord]:  # noqa: D102
        return self._inner.get_runners(ids)


def _all_without(records: Iterable[InvocationRecord]) -> list[InvocationRecord]:
    return [_without(record) for record in records]


def _without(record: InvocationRecord) -> InvocationRecord:
    outcome = record.outcome
    if outcome is not None:
        outcome = replace(outcome, data=None, preview="", error_msg=None)
    return replace(record, arguments=None, args_preview="", outcome=outcome)


def _without_words(entry: HistoryEntry) -> HistoryEntry:
    """The reason of a failed attempt is what it raised."""
    return (
        replace(entry, reason="")
        if entry.status in (InvocationStatus.RETRY, InvocationStatus.FAILED)
        else entry
    )
