"""The record of every invocation: status, owner, waits, slots, heartbeats. Storage only, no policy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.store import BaseComponent, BaseStore
from pynenc.exceptions import MonitorUnavailableError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import (
    ClaimRequest,
    Due,
    InvocationQuery,
    NewInvocation,
    OwnedInvocation,
    Step,
    StepAnswer,
    SubmitAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.runners import Beat, BeatAnswer, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynenc.values.triggers import Occurrence
from pynenc.values.workflows import RecordedOperation


class BaseOrchestrator(BaseComponent):
    """Stores invocations and carries out atomic steps upon them.

    Every method raises ``StoreError`` subclasses only; unless it is ``CommitUnknownError``, nothing was
    written.
    """

    store: BaseStore

    @abstractmethod
    def submit(
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> list[SubmitAnswer]:
        """Register a batch of calls: all of them, or none.

        Each becomes REGISTERED with its first history entry, and claimable after its delay. An id that
        exists is left as it is and answered ``created=False``; so is a call whose ``reg_key`` a never
        claimed invocation has (also an earlier one of the same batch), with that invocation's id. How many it
        stands for is counted there before this answers, in the same step if the store has such; a repetition is
        not counted again: see ``values.merges``. ``data``
        are large serialized values by content hash, written in the same step, existing ones left alone.
        ``enqueue`` says whether this store is also the queue: without it, only what falls due before all other
        delayed ones wakes anybody here. One round trip or transaction for the whole batch.
        """

    def append(self, call: NewInvocation) -> bool:
        """Register a call that is to be queued here and whose id nobody had before, if the store has a shorter way.

        False: nothing was done, as by default, and ``submit`` does it. What was appended is to everybody as if it had
        been submitted; submitting it again registers nothing twice.
        """
        return False

    def begin_submit(
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> Callable[[], list[SubmitAnswer]]:
        """Begin what ``submit`` does; the function that it gives waits for the answer, and raises what that would.

        It has to be called, once. A store that does not work while its caller prepares what comes next has done
        everything by then.
        """
        answers = self.submit(batch, data, enqueue=enqueue)
        return lambda: answers

    @abstractmethod
    def advance(self, step: Step) -> StepAnswer:
        """Carry out moves, messages, one claim and reads as one atomic write, in this order.

        Moves. Each is accepted or refused by itself (``MoveResult``); a refused one writes nothing. An
        accepted one appends its history entries (``via``, then ``to``) with consecutive seq and the
        store's time, adds to the counters, and
        - with ``releases``: clears the token, so that the late write of this attempt is fenced; removes the
          waits *of* the invocation; if it held a place under a ``cc_key``, the longest parked invocation
          of that key becomes CONCURRENCY_CONTROLLED → REROUTED and claimable, as places allow;
        - to RETRY: stores the outcome, which the next claim carries as ``last_error``;
        - to a final status: stores the outcome in place of an earlier one, sets ``ended_at``, removes the
          waits *for* it, reports it to watches;
        - to an available status: makes it claimable after the delay, at its old place by order of
          submission;
        - to PAUSED with ``waits_on``: see ``MoveResult``; adds a wait for each that is not final, and
          adds 1 + the waiter's dependents to the dependents of each awaited, and of what these wait for,
          at most 32 hops; a wait that ends before the awaited is final takes as much away again;
        - to PAUSED with ``releases``: makes it claimable after the delay if there is one, and at once when
          more than ``received`` messages named ``awaits`` have arrived; a later such pause awaits something
          else in its place;
        - to RUNNING by way of RESUMED: removes the waits of the invocation;
        - adds its ``operations`` and sets its ``values``, of the workflow that the invocation belongs to.
        A move that was written before (its token is the one that released the invocation, or still the
        current one, and the status is the target) is answered ALREADY.

        Messages. Each is appended to those of its name, unless one with its id arrived before; if the workflow
        rests in PAUSED, belongs to nobody and awaits that name, it becomes claimable now.

        Claim. With ``repeated``, what the runner owns under the request's token is given again. Else picks by
        most dependents, then highest priority, then order of submission; see ``ClaimRequest``. A pick becomes
        PENDING, and RUNNING if it starts, with a new epoch, the request's token and owner; its ``reg_key`` is
        free from now on. A pick whose ``cc_key`` has ``cc_limit`` owned invocations (token set), or an earlier
        submitted parked one, is not given: it becomes CONCURRENCY_CONTROLLED and parks if ``cc_park`` or if it
        was ever claimed before, else CONCURRENCY_CONTROLLED_FINAL; the next is tried instead. A pick with a
        ``cc_key`` is considered only as the first one. One that rests in PAUSED enters RESUMED before all that.
        """

    def prepare_claim(
        self, claim: ClaimRequest
    ) -> Callable[[InvocationId], Callable[[], StepAnswer] | None] | None:
        """Make ready to claim one invocation that is not known yet, by a thread that must not wait.

        The function that it gives is called with the id, once at most. It sends the claim, naming that id, and gives
        another function, which waits for the answer: that one may be called by another thread, raises what ``advance``
        would, and has to be called, once. It gives None where nothing was sent, because that would have to wait, and
        raises StoreError where it could not be sent, or perhaps was. None instead of all this says that the store
        cannot, as by default.
        """
        return None

    def wait_and_claim(self, claim: ClaimRequest, marker: int, timeout_seconds: float) -> StepAnswer | None:
        """Block like ``wait_for_work`` of the store, which is the queue as well, then claim from it in the same trip.

        None says that it waited only, as by default, or was interrupted: nothing was claimed then, and the caller looks
        for work itself. The claim may be carried out at any moment until this returns.

        Raises:
            CommitUnknownError: the connection broke: perhaps before the claim, perhaps after it.
        """
        self.store.wait_for_work(marker, timeout_seconds)
        return None

    @abstractmethod
    def get_states(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:
        """Status and outcome of each id that exists; one round trip."""

    @abstractmethod
    def get_records(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:
        """The whole record of each id that exists; one round trip."""

    @abstractmethod
    def find_results(self, task_id: str, args_ids: Sequence[str]) -> dict[str, InvocationState]:
        """By ``args_id``: the SUCCESS invocation that was submitted last with ``caches_result``; one round trip.

        Invocations submitted without it are not looked at, and cost nothing.
        """

    @abstractmethod
    def get_history(self, invocation_id: InvocationId) -> list[HistoryEntry]:
        """Every status the invocation entered, in order; empty if it does not exist."""

    @abstractmethod
    def list_records(self, query: InvocationQuery) -> list[InvocationRecord]:
        """A page of records by order of submission."""

    @abstractmethod
    def list_operations(self, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:
        """The recorded operations of a workflow behind a position, in order; one round trip."""

    @abstractmethod
    def list_messages(self, workflow_id: str, name: str, after: int, limit: int) -> list[str]:
        """The data of the messages of that name, in order of arrival, without the first ``after`` of them."""

    @abstractmethod
    def get_workflow_values(self, workflow_id: str, names: Sequence[str] | None = None) -> dict[str, str]:
        """Those of the workflow's values that exist; all of them when ``names`` is None."""

    @abstractmethod
    def count_by_status(self, task_id: str | None = None) -> dict[InvocationStatus, int]:
        """How many invocations rest in each status; absent means none. Maintained, not scanned."""

    @abstractmethod
    def find_available(self, ids_after: InvocationId | None, limit: int) -> list[InvocationId]:
        """Claimable invocations in order of submission, after the given one: what a lost queue must hold."""

    @abstractmethod
    def take_due(self, limit: int) -> Due:
        """Delayed invocations whose time has come, those that waited longest first; each is given only once.

        For whoever tells a queue of its own about them. Giving one changes nothing else: it is claimable with
        or without it. Nothing is written when there are none.
        """

    @abstractmethod
    def count_delayed(self) -> int:
        """How many delayed invocations neither ``take_due`` nor a claim has gone past: not claimable yet, or just
        now.
        """

    @abstractmethod
    def get_waits(self) -> dict[InvocationId, list[InvocationId]]:
        """Every open wait, by waiter. Empty when nothing runs."""

    @abstractmethod
    def beat(self, beat: Beat) -> BeatAnswer:
        """Create or refresh runner rows, mark stopped ones, and take or renew the lease: one write.

        The lease is given when it is free, held by the same holder, or expired by the store's clock. A runner
        that is marked as stopped is not asked to drain any more.
        """

    @abstractmethod
    def request_drain(self, runner_id: RunnerId) -> bool:
        """Have the answers to a runner's beats say that it shall take nothing more; False if it does not live."""

    @abstractmethod
    def list_runners(self, *, include_stopped: bool = False) -> list[RunnerRecord]:
        """The runners, in order of their start."""

    @abstractmethod
    def find_orphans(self, dead: Sequence[RunnerId], limit: int) -> list[OwnedInvocation]:
        """Invocations owned by one of ``dead``, or by a runner that is marked as stopped."""

    @abstractmethod
    def find_expired(self, age_seconds: float, limit: int) -> list[InvocationId]:
        """Final invocations that ended at least so long ago, oldest first.

        Leaves out every invocation of a workflow whose root, whose own workflow or whose parent is not final.
        """

    @abstractmethod
    def delete(self, ids: Sequence[InvocationId]) -> None:
        """Remove final invocations and their history; others and unknown ids are left alone.

        With the invocation that defines a workflow go its operations, values and messages.
        """

    @abstractmethod
    def forget_runners(self, age_seconds: float) -> None:
        """Remove runners that stopped at least so long ago and own nothing."""

    @abstractmethod
    def watch_statuses(
        self, watched: Mapping[str, frozenset[InvocationStatus]], forget_seconds: float
    ) -> None:
        """By task: statuses that triggers react to, added to what is watched or renewed.

        From now on the step that makes an invocation of such a task enter such a status, whoever sends it,
        records an ``Occurrence`` with it and wakes ``wait_for_occurrences``. What was not renewed for
        ``forget_seconds`` is not watched any more. While nothing is watched, steps cost what they cost without.
        """

    @abstractmethod
    def take_occurrences(self, limit: int, lease_seconds: float) -> list[Occurrence]:
        """Take recorded occurrences, oldest first, without waiting.

        One that is not acknowledged within the lease is given again. Looking in vain writes nothing.
        """

    @abstractmethod
    def acknowledge_occurrences(self, ids: Sequence[str]) -> None:
        """Remove occurrences for good; unknown ids are ignored."""

    def open_monitor_store(self) -> BaseMonitorStore:
        """What the monitor reads these records through; opens nothing before it is used.

        Raises:
            MonitorUnavailableError: this backend has none.
        """
        raise MonitorUnavailableError(
            f"the monitor cannot read the invocations of {type(self).__name__}: this backend has no monitor store; "
            "upgrade it, or use an orchestrator that has one (memory, SQLite)"
        )

    def repair(self) -> None:
        """Complete what a process began and did not live to complete; called now and then by one runner.

        For a store where a step is more than one write. What it makes claimable wakes those who wait for work.
        """

    @abstractmethod
    def purge(self) -> None:
        """Remove everything of this app."""
