"""Bulk actions that are carried out: one at a time, in chunks, each chunk as one step of the engine."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pynenc import Pynenc
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.exceptions import PynencError, StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynmon.actions import ActionRefusedError, Actor
from pynmon.audit import Audit
from pynmon.bulk.scope import BulkAction, Scope
from pynmon.identity import Role

logger = logging.getLogger(__name__)
#: More of them need an admin.
MOST_FOR_OPERATORS = 1_000
#: So many of those that were acted upon last are remembered, by job, and so many jobs.
_LATEST, _JOBS = 50, 100
#: Between two chunks, so that others get at the store.
_PAUSE_SECONDS = 0.02
_UNREADABLE = "Its stored arguments are gone, or cannot be read."


class JobState(StrEnum):
    """Whether a job goes on, and if not, why."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    #: It did as many as were confirmed; there are more.
    LIMITED = "limited"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody confirmed."""

    job_id: str
    action: BulkAction
    scope: Scope
    #: No more than these are acted upon.
    limit: int
    #: Of a cancellation: with whatever they called.
    cascade: bool = False
    reason: str = ""


@dataclass(slots=True)
class Job:
    """One order and how far it is. Written by its own thread; everybody may read it."""

    order: Order
    actor: Actor
    state: JobState = JobState.RUNNING
    #: Invocations that were looked at, and those that were acted upon.
    looked_at: int = 0
    done: int = 0
    #: Of the looked at: why nothing was done.
    refused: Counter[str] = field(default_factory=Counter)
    #: What came of it last: the cancelled ones, or the new ones.
    latest: tuple[InvocationId, ...] = ()
    problem: str = ""
    is_stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self.state is not JobState.RUNNING

    @property
    def outcome(self) -> str:
        """In words."""
        refused = f", {self.refused.total()} left alone" if self.refused else ""
        return f"{self.state}: {self.done} done{refused}" + (f"; {self.problem}" if self.problem else "")


class Jobs:
    """The bulk actions of one monitor. They are kept in memory: what they did is in the stores and the audit.

    Args:
        app: Its engine carries them out.
        store: Where invocations are looked for.
        audit: Gets an entry when a job begins, and when it ends.
        limit: No job acts upon more.
    """

    def __init__(self, app: Pynenc, store: BaseMonitorStore, audit: Audit, limit: int) -> None:
        self._app = app
        self._store = store
        self._audit = audit
        self.limit = limit
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}  # guarded by self._lock, oldest first

    def reserve_id(self) -> str:
        """An id for a job, so that a form that is sent twice begins one."""
        return secrets.token_hex(6)

    def find(self, job_id: str) -> Job | None:
        """A job of this monitor, as long as it is remembered."""
        with self._lock:
            return self._jobs.get(job_id)

    def start(self, actor: Actor, order: Order) -> Job:
        """Begin a job in the background; with the id of one that was begun, that one.

        Raises:
            ActionRefusedError: another one runs, or it is too much for this role.
        """
        with self._lock:
            if order.job_id in self._jobs:
                return self._jobs[order.job_id]
            if why := self._why_not(actor, order):
                self._note(actor, order, "refused", why)
                raise ActionRefusedError(why)
            job = self._jobs[order.job_id] = Job(order, actor)
            while len(self._jobs) > _JOBS:
                del self._jobs[next(iter(self._jobs))]
        self._note(actor, order, "begun", f"{order.scope.text}{f': {order.reason}' if order.reason else ''}")
        threading.Thread(target=self._run, args=(job,), name="pynmon-bulk", daemon=True).start()
        return job

    def stop(self, actor: Actor, job: Job) -> None:
        """Have a job end after its present chunk.

        Raises:
            ActionRefusedError: it has ended.
        """
        if job.is_over:
            raise ActionRefusedError("It has ended.")
        self._note(actor, job.order, "stop asked for", "")
        job.is_stopping.set()

    def _why_not(self, actor: Actor, order: Order) -> str:
        if order.limit > MOST_FOR_OPERATORS and actor.identity.role < Role.ADMIN:
            return f"More than {MOST_FOR_OPERATORS} at once need the role of an admin."
        running = next((job for job in self._jobs.values() if not job.is_over), None)
        return f"Another one runs: {running.order.job_id}. Wait for its end, or stop it." if running else ""

    def _run(self, job: Job) -> None:
        try:
            state = self._work(job)
        except StoreError as error:
            logger.warning("bulk action %s ends: %s", job.order.job_id, error)
            state, job.problem = (
                JobState.FAILED,
                "the store did not answer, so that its last step may or may not have been carried out",
            )
        except Exception:  # boundary: whoever looks has to learn that it does not go on
            logger.exception("bulk action %s failed", job.order.job_id)
            state, job.problem = JobState.FAILED, "the monitor's log says why"
        # Its last word is noted before anybody sees that it has ended.
        self._note(job.actor, job.order, state.value, f"{job.done} done, {job.refused.total()} left alone")
        job.state = state

    def _work(self, job: Job) -> JobState:
        for records in job.order.scope.chunks(self._store):
            if job.is_stopping.wait(_PAUSE_SECONDS):
                return JobState.STOPPED
            job.looked_at += len(records)
            eligible = []
            for record in records:
                if why := job.order.action.why_not(record):
                    job.refused[why] += 1
                else:
                    eligible.append(record)
            room = job.order.limit - job.done
            if eligible:
                self._carry_out(job, eligible[:room])
            if len(eligible) > room:
                return JobState.LIMITED
        return JobState.DONE

    def _carry_out(self, job: Job, records: Sequence[InvocationRecord]) -> None:
        if job.order.action is BulkAction.CANCEL:
            self._cancel(job, [record.invocation_id for record in records])
        else:
            self._rerun(job, [record.invocation_id for record in records])

    def _cancel(self, job: Job, ids: Sequence[InvocationId]) -> None:
        order = job.order
        told = (
            f"by {job.actor.identity.name}, bulk {order.job_id}{f': {order.reason}' if order.reason else ''}"
        )
        ended = self._app.engine.canceller.cancel(ids, cascade=order.cascade, reason=told)
        self._made(job, [one for one in ids if one in ended])
        if len(ended) < len(ids):
            job.refused["It has ended meanwhile."] += len(ids) - len(ended)

    def _rerun(self, job: Job, ids: Sequence[InvocationId]) -> None:
        engine = self._app.engine
        repetitions = []
        found = engine.orchestrator.get_records(ids)
        for record in (found[one] for one in ids if one in found):
            try:
                repetition = engine.submitter.repetition_of(record, engine.submitter.reserve_id())
            except StoreError:
                raise
            except PynencError as error:
                logger.warning("cannot run invocation '%s' again: %s", record.invocation_id, error)
                job.refused[_UNREADABLE] += 1
            else:
                repetitions.append(repetition)
        answers = engine.submitter.repeat(repetitions) if repetitions else []
        self._made(job, [answer.invocation_id for answer in answers])

    def _made(self, job: Job, ids: Sequence[InvocationId]) -> None:
        job.done += len(ids)
        job.latest = (*job.latest, *ids)[-_LATEST:]

    def _note(self, actor: Actor, order: Order, result: str, detail: str) -> None:
        self._audit.add(
            who=actor.identity.name,
            action=f"bulk {order.action}",
            subject=order.job_id,
            result=result,
            detail=detail,
            address=actor.address,
        )
