"""Worker: claims work, runs it in slots, and writes what became of it in batches that adapt.

While tasks are short, one step finishes many and claims many; a task without a measured run time, or a long
one, is claimed and finished alone.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pynenc.engine import transitions
from pynenc.engine.current import ActiveInvocation
from pynenc.engine.engine import Engine
from pynenc.engine.registry import TaskDefinition, TaskNotRegisteredError
from pynenc.exceptions import StoreError, TimeLimitError
from pynenc.runner.async_slots import AsyncSlots
from pynenc.runner.places import SupervisedPlace
from pynenc.runner.slots import SlotPool
from pynenc.runner.stocktaking import Stocktaking
from pynenc.runner.watchdog import Watchdog, Watched
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, ClaimRequest, Move, MoveResult, Step, StepAnswer
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import InvocationStatus

logger = logging.getLogger(__name__)

#: An invocation is claimed ahead only if it is expected to start within so many seconds.
AHEAD_SECONDS = 0.05
#: Invocations expected to start within so many seconds are started with their claim.
START_SECONDS = 0.005
#: What is done waits at most about so long for being written, while the same slot goes on working.
UNSENT_SECONDS = 0.01
#: At most so many invocations travel in one step.
BATCH = 64
#: Cancellations of what runs are noticed within about so many seconds.
_LOOK_SECONDS = 1.0
#: An idle slot looks for work at least this often.
IDLE_RECHECK_SECONDS = 1.0


def _nothing() -> None:
    """What is called when nobody asked to be told."""


class WorkerSlot:
    """What one slot thread holds: claims not yet run, moves not yet written."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.lock = threading.Lock()
        self.backlog: deque[Claim] = deque()  # guarded by self.lock
        #: So many at the head of the backlog are RUNNING in the store.
        self.started = 0  # guarded by self.lock
        self.unsent: list[Move] = []  # guarded by self.lock
        self.busy_since = 0.0  # guarded by self.lock
        self.running: list[Watched] = []  # the nest on this thread; changed only by it

    @property
    def identity(self) -> RunnerIdentity:
        """The worker."""
        return self._worker.identity

    @property
    def depth(self) -> int:
        """How many invocations run on this thread, one inside the other."""
        return len(self.running)

    def take_unsent(self, *, hand_back: bool) -> tuple[Move, ...]:
        """Moves that were not written yet; with ``hand_back`` also those that return unstarted claims."""
        with self.lock:
            moves = self.unsent
            self.unsent = []
            if hand_back and self.backlog:
                moves.extend(
                    transitions.hand_back(claim, ran=False, reason="not started: its worker is held up")
                    for claim in self.backlog
                )
                self.backlog.clear()
                self.started = 0
        return tuple(moves)

    def add_unsent(self, move: Move) -> None:
        """Keep a move to be written with the next step."""
        with self.lock:
            self.unsent.append(move)

    @property
    def may_claim(self) -> bool:
        """Whether the worker still takes work."""
        return self._worker.helps and not self._worker.stopping

    def help(self, claim: Claim) -> Move:
        """Run a claimed invocation inside the one that waits."""
        return self._worker.run_claim(self, claim)

    def park(self) -> bool:
        """Give the place back."""
        return self._worker.pool.park()

    def unpark(self) -> None:
        """Take a place again."""
        self._worker.pool.unpark()

    def unknown_tasks(self) -> frozenset[str]:
        """Tasks that this worker cannot run."""
        return self._worker.unknown_tasks()


@dataclass(slots=True)
class _Unknown:
    """A task that this worker could not find."""

    until: float
    delay_seconds: float


class Worker:
    """Runs invocations in this process.

    Args:
        engine: The rules and the stores.
        identity: Who owns what is claimed here; its row must exist before work begins.
        slots: How many synchronous invocations run at once.
        async_slots: How many ``async def`` invocations run at once, on one event loop.
        end_process: Ends this process, which exists only for this worker, at once; None in somebody else's
            process, where a thread that exceeded its time limit is abandoned instead.
    """

    def __init__(
        self,
        engine: Engine,
        identity: RunnerIdentity,
        slots: int,
        async_slots: int,
        end_process: Callable[[], object] | None = None,
    ) -> None:
        self.identity = identity
        conf = engine.components.conf
        self._engine = engine
        self._orchestrator = engine.orchestrator
        self._queue = engine.queue
        self._unknown_timeout = conf.unknown_task_timeout_seconds
        self._hand_back_seconds = conf.max_pending_seconds
        self.pool = SlotPool(slots, conf.max_parked_invocations, self._round, self._wait_for_work)
        self._async = AsyncSlots(engine, identity, async_slots, self._queue.interrupt)
        self._local = threading.local()
        self._slots: dict[int, WorkerSlot] = {}  # by thread; iterated over copies
        self._may_end_process = end_process if slots == 1 else None
        self._watchdog = Watchdog(engine, self._on_time_limit)
        self._stocktaking = Stocktaking(engine.recovery, identity.runner_id, conf.max_pending_seconds)
        self._durations: dict[str, float] = {}
        self._unknown: dict[str, _Unknown] = {}
        #: Whether it was asked to stop; looked at for every invocation, which the event takes a call more for.
        self.stopping = False
        self._stop_asked = threading.Event()
        self._stopped = threading.Event()
        self._busy = threading.Event()
        #: Whether the keeper looks often already, and need not be woken because of a batch.
        self._attentive = False
        self._keeper = threading.Thread(target=self._keep_time, name="pynenc-worker-time", daemon=True)
        self._begin_lock = threading.Lock()
        #: Whether one that waits runs what it waits for.
        self.helps = True
        #: Claims nothing more after so many invocations; 0 is never.
        self.max_invocations = 0
        #: Invocations whose code was begun.
        self.begun = 0  # guarded by self._begin_lock
        #: Called once, before the first invocation begins.
        self.on_first: Callable[[], None] = _nothing
        #: Called once when it drains.
        self.on_drain: Callable[[], None] = _nothing
        self.draining = False
        #: When a store last answered, by the local monotonic clock; what health checks look at.
        self.last_answer = time.monotonic()

    # -- life -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to claim."""
        self._keeper.start()
        self.pool.start()

    def request_stop(self) -> None:
        """Claim nothing more; what is not started goes back."""
        self.stopping = True
        self._stop_asked.set()
        self.pool.stop()
        self._busy.set()
        self._queue.interrupt()

    def drain(self) -> None:
        """Claim nothing more, and finish what is claimed."""
        with self._begin_lock:
            if self.draining:
                return
            self.draining = True
        self.pool.stop()
        self._queue.interrupt()
        self._engine.components.broker.rest()
        self.on_drain()

    def ask_for_places(self, place: SupervisedPlace) -> None:
        """Have invocations give the process's place back while they wait; before the start."""
        self.pool.place = place
        self._async.ask_for_places(place)

    def load(self) -> tuple[int, int, int]:
        """Slots that work; what is under way, that which waits included; how many invocations were begun."""
        return self.pool.taken, self.pool.busy + self._async.busy, self.begun

    def join(self, grace_seconds: float) -> bool:
        """Wait for what runs; False if something still runs after the grace."""
        deadline = time.monotonic() + grace_seconds
        ended = self.pool.join(grace_seconds)
        ended = self._async.stop(max(0.0, deadline - time.monotonic())) and ended
        if ended:
            self._stopped.set()
            self._busy.set()
        return ended

    def running(self) -> list[Claim]:
        """Attempts whose code runs now, those that wait included."""
        return [one.active.claim for one in self._watched()]

    def _watched(self) -> list[Watched]:
        on_threads = [one for slot in list(self._slots.values()) for one in list(slot.running)]
        return on_threads + self._async.running()

    def _known(self) -> set[InvocationId]:
        """What this worker owns, as far as it knows."""
        known = {one.active.claim.invocation_id for one in self._watched()}
        known |= {move.invocation_id for move in self._engine.moves_on_their_way()}
        for slot in list(self._slots.values()):
            with slot.lock:
                known |= {claim.invocation_id for claim in slot.backlog}
                known |= {move.invocation_id for move in slot.unsent}
        return known

    def hand_back_running(self, reason: str) -> None:
        """Return everything that this worker owns; the caller ends the process right after."""
        self._send([move for slot in list(self._slots.values()) for move in slot.take_unsent(hand_back=True)])
        self._engine.recovery.hand_back_all(self.identity.runner_id, reason)

    def unknown_tasks(self) -> frozenset[str]:
        """Tasks that this worker cannot run and does not ask for at the moment."""
        if not self._unknown:
            return frozenset()
        now = time.monotonic()
        return frozenset(key for key, unknown in self._unknown.items() if unknown.until > now)

    # -- a round --------------------------------------------------------------------------------------

    def _slot(self) -> WorkerSlot:
        slot: WorkerSlot | None = getattr(self._local, "slot", None)
        if slot is None:
            slot = self._local.slot = WorkerSlot(self)
            self._slots[threading.get_ident()] = slot
        return slot

    def _round(self) -> bool:
        """Claim and run until there is nothing to do or the place is wanted; False when there was nothing."""
        slot = self._slot()
        while True:
            answer: StepAnswer | None = getattr(self._local, "given", None)
            self._local.given = None
            if answer is None:
                self._local.marker, self._local.due = self._queue.work_marker(), None
                answer = self._claim(slot)
            self._local.due = answer.next_due_seconds
            if answer.claims:
                self._run_batch(slot, answer.claims)
            if not answer.claims or self.pool.wanted_elsewhere:
                self._send(slot.take_unsent(hand_back=True))
                return bool(answer.claims)

    def _claim(self, slot: WorkerSlot) -> StepAnswer:
        moves = slot.take_unsent(hand_back=False)
        if self.stopping or self.draining:
            return self._send(moves)
        if moves and self._engine.finds_nothing():
            return self._send(moves)  # somebody may wait for what ended: nothing is put together for no work
        return self._send(moves, self._claim_request())

    def _claim_request(self) -> ClaimRequest:
        excluded = self.unknown_tasks()
        limit = min(BATCH, self.max_invocations - self.begun) if self.max_invocations else BATCH
        if self._may_end_process and (self.pool.parked or self._async.busy):
            # A process that may have to be ended runs nothing else.
            excluded |= self._engine.registry.limited_tasks
        if self._engine.registry.async_tasks:
            limit = min(limit, max(1, self._async.free))
            if not self._async.free:
                excluded |= self._engine.registry.async_tasks
        return ClaimRequest(
            runner=self.identity,
            token=uuid.uuid4().hex,
            limit=max(1, limit),
            start_seconds=START_SECONDS,
            exclude_tasks=excluded,
            ahead=self._durations,
            ahead_seconds=AHEAD_SECONDS,
        )

    def _send(self, moves: Sequence[Move], claim: ClaimRequest | None = None) -> StepAnswer:
        """Write finished work and claim; while the store is away both wait."""
        if not moves and claim is None:
            return StepAnswer()
        answer = self._engine.advance_surely(
            Step(moves=tuple(moves), claim=claim), give_up=lambda: not moves and self.stopping
        )
        self.last_answer = time.monotonic()
        for move, result in zip(moves, answer.moves, strict=True):
            if result.result in (MoveResult.FENCED, MoveResult.UNKNOWN):
                logger.warning(
                    "invocation:%s was taken from this worker: its late '%s' is discarded",
                    move.invocation_id,
                    move.to,
                )
        return answer

    def _run_batch(self, slot: WorkerSlot, claims: Sequence[Claim]) -> None:
        others = []
        with slot.lock:
            slot.started = 0
            # A store may give them in another order, because they are waited for since.
            for one in claims:
                if one.status is InvocationStatus.RUNNING:
                    slot.backlog.append(one)
                    slot.started += 1
                else:
                    others.append(one)
            slot.backlog.extend(others)
            slot.busy_since = time.monotonic()
        if len(claims) > 1 and not self._attentive:
            self._busy.set()
        while (claim := self._next(slot)) is not None:
            try:
                task = self._engine.registry.get(claim.task_id)
            except TaskNotRegisteredError as error:
                slot.add_unsent(self._unknown_task(claim, error))
                continue
            if task.is_async:
                self._durations[claim.task_id] = 0.0
                self._begin()
                self._async.start(claim, task)
            else:
                slot.add_unsent(self._run(slot, claim, task))

    def _next(self, slot: WorkerSlot) -> Claim | None:
        """The next claim of the batch; those that are not started yet are started together."""
        with slot.lock:
            if not slot.backlog or self.stopping:
                return None
            if not slot.started:
                moves, starting = self._take_starting(slot)
            else:
                slot.started -= 1
                return slot.backlog.popleft()
        answer = self._send((*moves, *map(transitions.start, starting)))
        results = answer.moves[len(moves) :]
        started = [claim for claim, result in zip(starting, results, strict=True) if result.accepted]
        with slot.lock:
            slot.backlog.extendleft(reversed(started))
            slot.started = len(started)
        return self._next(slot)

    def _take_starting(self, slot: WorkerSlot) -> tuple[list[Move], list[Claim]]:
        """The unsent moves, and as much of the backlog as is expected to start very soon."""
        moves, slot.unsent = slot.unsent, []
        slot.busy_since = time.monotonic()
        starting: list[Claim] = []
        expected = 0.0
        while slot.backlog and expected <= START_SECONDS:
            starting.append(slot.backlog.popleft())
            expected += self._durations.get(starting[-1].task_id, START_SECONDS)
        return moves, starting

    def run_claim(self, slot: WorkerSlot, claim: Claim) -> Move:
        """Run one started invocation on this thread; returns the move that ends the attempt."""
        try:
            task = self._engine.registry.get(claim.task_id)
        except TaskNotRegisteredError as error:
            return self._unknown_task(claim, error)
        if task.is_async:  # imported only now, or it would not have been claimed for this thread
            return transitions.hand_back(
                claim, ran=False, reason="async tasks do not run on a waiter's thread"
            )
        return self._run(slot, claim, task)

    def _run(self, slot: WorkerSlot, claim: Claim, task: TaskDefinition) -> Move:
        if self._unknown:
            self._unknown.pop(claim.task_id, None)
        executor = self._engine.executor
        active = ActiveInvocation(
            claim, slot, read_last_error=lambda: executor.last_error_of(claim), in_engine=True
        )
        self._begin()
        slot.running.append(Watched(active, task.conf))
        if claim.task_id in self._engine.registry.limited_tasks or task.conf.soft_time_limit is not None:
            self._busy.set()
        began = time.monotonic()
        try:
            return executor.run(active, task)
        finally:
            slot.running.pop()
            took = time.monotonic() - began
            known = self._durations.get(claim.task_id, took)
            # Quick to rise and slow to fall: too much claimed ahead hurts more than too little.
            self._durations[claim.task_id] = took if took > known else known * 0.8 + took * 0.2

    def _begin(self) -> None:
        with self._begin_lock:
            self.begun += 1
            first = self.begun == 1
        if first:
            self.on_first()
        if self.max_invocations and self.begun >= self.max_invocations:
            self.drain()

    def _unknown_task(self, claim: Claim, error: TaskNotRegisteredError) -> Move:
        """Another worker may know it: give it back, and fail it when nobody did for long enough."""
        if self._orchestrator.store.now() - claim.created_at > self._unknown_timeout:
            return self._engine.executor.unknown_task(claim, str(error))
        known = self._unknown.get(claim.task_id)
        delay = min(known.delay_seconds * 2, 60.0) if known else 1.0
        self._unknown[claim.task_id] = _Unknown(time.monotonic() + delay, delay)
        logger.warning("%s; it goes back, and this worker leaves it alone for %g s", error, delay)
        return transitions.hand_back(claim, ran=False, reason=str(error)[:200])

    # -- between rounds -------------------------------------------------------------------------------

    def _wait_for_work(self) -> bool:
        """Block until there may be work; True when this thread was given some already."""
        due: float | None = self._local.due
        timeout = IDLE_RECHECK_SECONDS if due is None else min(max(due, 0.0), IDLE_RECHECK_SECONDS)
        if self.stopping or self.draining:
            return False
        try:
            if self.pool.is_one_thread and not self._async.busy:
                given = self._engine.wait_and_claim(
                    self._claim_request(),
                    self._local.marker,
                    timeout,
                    may_claim=lambda: not (self.stopping or self.draining),
                    give_up=lambda: self.stopping,
                )
                self._local.given = given
                return given is not None and bool(given.claims)
            # What is claimed while it waits would have to wait for a place, or was chosen for other free ones.
            self._queue.wait_for_work(self._local.marker, timeout)
        except StoreError as error:
            logger.warning("cannot listen for work (%s), looking again in a second", error)
            self._stop_asked.wait(IDLE_RECHECK_SECONDS)
        return False

    def _keep_time(self) -> None:
        """Write what waits too long behind a slow task, give back what is stuck, enforce limits."""
        next_look = 0.0
        pause = _LOOK_SECONDS
        while not self._stopped.is_set():
            self._busy.wait(pause)
            self._busy.clear()
            try:
                slots = list(self._slots.values())
                now = time.monotonic()
                for slot in slots:
                    self._relieve(slot, now - slot.busy_since)
                left = self._watchdog.enforce_limits(self._watched())
                if now >= next_look:
                    next_look = now + _LOOK_SECONDS
                    self._watchdog.notice_cancelled(self._watched())
                self._stocktaking.look(self._known)
            except StoreError as error:
                logger.warning("the store did not answer (%s), looking again in a second", error)
            # Said before the look: a batch that begins meanwhile is seen by it, or wakes this thread.
            self._attentive = False
            slots = list(self._slots.values())
            self._attentive = batching = any(slot.backlog or slot.unsent for slot in slots)
            pause = min(left or _LOOK_SECONDS, UNSENT_SECONDS if batching else _LOOK_SECONDS, _LOOK_SECONDS)

    def _on_time_limit(self, watched: Watched, error: TimeLimitError) -> None:
        """Fail it; then end the process that it holds up, or give up on its thread."""
        active = watched.active
        if active.doom is not None and type(active.doom) is TimeLimitError:
            return
        active.doom = error
        logger.warning("%s", error)
        move = self._engine.executor.limit_exceeded(active.claim, error)
        moves = [move, *(m for slot in list(self._slots.values()) for m in slot.take_unsent(hand_back=True))]
        self._send(moves)
        if watched.coroutine is not None:
            watched.coroutine.get_loop().call_soon_threadsafe(watched.coroutine.cancel)
        elif self._may_end_process is not None:
            self._may_end_process()
        elif active.thread_id is not None:
            self.pool.abandon(active.thread_id)

    def _relieve(self, slot: WorkerSlot, age: float) -> None:
        if age <= UNSENT_SECONDS or not (slot.unsent or slot.backlog):
            return
        self._send(slot.take_unsent(hand_back=age > self._hand_back_seconds))
