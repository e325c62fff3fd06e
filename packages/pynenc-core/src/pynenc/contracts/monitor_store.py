"""What the monitor reads. Every answer is bounded by an index and a limit; nothing is written or decoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Registered, Waits
from pynenc.values.record_filter import RecordFilter, matcher_of
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import InvocationStatus


class BaseMonitorStore(ABC):
    """Reads the records of one orchestrator for people.

    No method writes, decodes a payload, or looks at more than its limit asks for, however large the store is.
    Records are given without tokens and payloads. Each method is at most a few round trips, whatever the
    number of ids.
    """

    @abstractmethod
    def change_token(self) -> str:
        """Differs from an earlier one when invocations may have changed since; the cheapest read there is.

        Also when a runner began, was asked to end, or ended. That one beats again is no such change.
        """

    @abstractmethod
    def count_by_task(self) -> dict[str, dict[InvocationStatus, int]]:
        """How many invocations of each task rest in each status. Maintained, not counted."""

    @abstractmethod
    def count_recovered(self) -> dict[InvocationStatus, int]:
        """How many times an invocation was taken from an owner that is gone, since the last purge.

        By ``PENDING_RECOVERY``, where it had not begun, and ``RUNNING_RECOVERY``. Maintained, not counted.
        """

    @abstractmethod
    def list_invocations(self, query: RecordQuery) -> RecordPage:
        """A page of records; following ``next`` to its end gives each record that matched throughout once.

        A store that cannot ask its server for ``query.where`` looks itself: ``record_filter.matcher_of`` says how.

        Raises:
            ValueError: the cursor is none that this store gave.
        """

    @abstractmethod
    def find_cursor(self, before: float) -> str:
        """The cursor of lists, newest first, that begin with what was registered before an instant.

        Empty when nothing was registered since then. Found by search in the order of submission, as if nobody's clock
        had ever been set back.
        """

    @abstractmethod
    def get_invocations(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:
        """Those that exist."""

    def find_matching(self, ids: Sequence[InvocationId], where: RecordFilter) -> set[InvocationId]:
        """Which of these fulfil a condition.

        A store that can ask its server for that reads no records.
        """
        fulfils = matcher_of(where)
        return {name for name, record in self.get_invocations(ids).items() if fulfils(record)}

    @abstractmethod
    def find_by_prefix(self, prefix: str, limit: int) -> list[InvocationRecord]:
        """Invocations whose id begins so, in the order of their ids; none for an empty prefix."""

    @abstractmethod
    def find_by_suffix(self, suffix: str, limit: int, search_limit: int) -> list[InvocationRecord]:
        """Invocations whose id ends so, of the last ``search_limit`` ids, the last one first.

        No index is kept for it, because it would cost every call something: a list of ids is looked through. Ids that
        Pynenc makes begin with their time, so that the last ones are the youngest. The suffix is not empty.
        """

    @abstractmethod
    def get_histories(self, ids: Sequence[InvocationId]) -> dict[InvocationId, list[HistoryEntry]]:
        """The histories of those that exist."""

    @abstractmethod
    def get_payloads(self, invocation_id: InvocationId, limit: int) -> Mapping[PayloadKind, str]:
        """The first ``limit`` characters of each payload that the record holds, as they are stored."""

    @abstractmethod
    def get_merges(self, ids: Sequence[InvocationId]) -> dict[InvocationId, Merges]:
        """What was merged into those of them that stand for other calls, too."""

    @abstractmethod
    def list_waits(self, invocation_id: InvocationId, limit: int) -> Waits:
        """What an invocation waits for and who waits for it, each at most ``limit`` and in any order."""

    @abstractmethod
    def count_families(
        self, roots: Sequence[InvocationId], most: int
    ) -> dict[InvocationId, dict[InvocationStatus, int]]:
        """How many descendants of each rest in each status, of the first ``most`` of each; nothing of those without."""

    @abstractmethod
    def list_registered(self, since: float, limit: int) -> list[Registered]:
        """What was registered at or after an instant, by order of submission, the last one first.

        As if nobody's clock had ever been set back: see ``find_cursor``.
        """

    @abstractmethod
    def list_finished(
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        """What ended at or after ``since`` and before ``until``: the latest ends, latest first, or the earliest."""

    @abstractmethod
    def sample_finished(
        self, since: float, until: float, parts: int, each: int, *, beyond: int
    ) -> list[list[Finished]]:
        """What ended in each of so many equal parts of a window: of each part the latest ``each``, latest first.

        Empty, without a list for any part, unless more than ``beyond`` ended in the window: so much can be listed. The
        cost depends on ``parts``, ``each`` and ``beyond`` alone, however much ended.
        """

    @abstractmethod
    def count_failed(
        self, since: float, until: float, parts: int, most: int, where: RecordFilter | None = None
    ) -> list[int]:
        """How many ended with an exception in each of so many equal parts of a window, counted up to ``most``.

        With a condition: how many of those fulfil it. So many of each part are looked at then, whichever they are.
        """

    @abstractmethod
    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:
        """What ended with an exception at or after ``since`` and before ``until``, latest first."""

    @abstractmethod
    def list_owned(self, limit: int, runner_id: str | None = None) -> list[InvocationRecord]:
        """What belongs to a runner now, or to this one, in any order."""

    @abstractmethod
    def find_longest_waiting(self) -> InvocationRecord | None:
        """The claimable invocation that is next, or the one whose delay passed first: whichever waits longer."""

    @abstractmethod
    def list_runners(self, limit: int) -> list[RunnerRecord]:
        """Those that are not marked as stopped, then the others; the youngest of each first."""

    @abstractmethod
    def find_lease(self, name: str) -> Lease | None:
        """Who has a lease, or had it last; None when nobody ever had it."""

    @abstractmethod
    def get_runners(self, ids: Sequence[str]) -> dict[str, RunnerRecord]:
        """Those that exist, by id."""
