"""What happened and awaits reaction, halves of combined conditions, cursors of schedules, and what was fired."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from pynenc.contracts.store import BaseComponent, BaseStore
from pynenc.values.ids import InvocationId
from pynenc.values.triggers import Half, Occurrence, PairRequest, TriggerRun


class BaseTrigger(BaseComponent):
    """Keeps what triggers need between two moments. It knows no trigger: matching is the engine's."""

    store: BaseStore

    @abstractmethod
    def set_values(self, scope: str, values: Mapping[str, str | None]) -> None:
        """Create or replace small named values under a scope, in one step; None removes one."""

    @abstractmethod
    def get_values(self, scopes: Sequence[str]) -> dict[str, dict[str, str]]:
        """The values under each of the scopes, by name; one round trip."""

    @abstractmethod
    def put_occurrences(self, occurrences: Sequence[Occurrence]) -> None:
        """Record occurrences, durably once this returns, and wake ``wait_for_occurrences`` of the store.

        One that exists, with the same id and trigger, is left as it is; so is a settled event.
        """

    @abstractmethod
    def take_occurrences(
        self, limit: int, lease_seconds: float, trigger_ids: Sequence[str]
    ) -> list[Occurrence]:
        """Take what is not settled, oldest first, without waiting: what is for any trigger or for one of these.

        One that is not settled within the lease is given again. Looking in vain writes nothing.
        """

    @abstractmethod
    def settle(self, occurrences: Sequence[Occurrence], runs: Sequence[TriggerRun]) -> None:
        """In one step: take these occurrences away, and record runs; a run that exists is replaced.

        Events stay readable until ``delete_expired``. Occurrences that are unknown or settled are ignored.
        """

    @abstractmethod
    def pair(self, requests: Sequence[PairRequest]) -> list[tuple[str, ...] | None]:
        """Fill slots; for each request the data of all slots once they are complete, else None. One step.

        The occurrence joins those that wait in its slot, and the one that waited longest in each slot is used,
        all of equal scope and key. Each is used once. The same request again is answered as before, with the
        same companions, as long as these are not expired.
        """

    @abstractmethod
    def list_halves(self, scope_prefix: str, limit: int) -> list[Half]:
        """What waits in slots of the scopes that begin so, at most ``limit`` and in any order.

        A store that no index leads there may look among the latest few thousand occurrences only.
        """

    @abstractmethod
    def get_cursors(self, defaults: Mapping[str, float]) -> dict[str, float]:
        """The instants stored under these names; those that do not exist are created with their default."""

    @abstractmethod
    def advance_cursors(self, values: Mapping[str, float]) -> None:
        """Raise existing cursors; one that is as large already, or does not exist, is left alone."""

    @abstractmethod
    def list_runs(self, trigger_id: str | None, limit: int) -> list[TriggerRun]:
        """The latest runs of one trigger or of all, newest first."""

    @abstractmethod
    def find_runs(self, ids: Sequence[InvocationId]) -> dict[InvocationId, TriggerRun]:
        """By invocation: the run that registered it; one round trip."""

    @abstractmethod
    def list_events(self, limit: int) -> list[Occurrence]:
        """The latest events, settled or not, newest first."""

    @abstractmethod
    def delete_expired(self, age_seconds: float) -> None:
        """Remove events, settled or not, runs, and slots of combined conditions that are at least so old.

        In vain it writes nothing.
        """

    @abstractmethod
    def purge(self) -> None:
        """Remove everything of this app."""
