"""What the contract of the orchestrator says, in the plainest words: dictionaries, loops over everything."""

from __future__ import annotations

from dataclasses import dataclass, field

from pynenc.values.ids import InvocationId
from pynenc.values.operations import ClaimRequest, Move, MoveResult, NewInvocation
from pynenc.values.records import InvocationRecord, Outcome
from pynenc.values.status import AVAILABLE, FINAL, InvocationStatus

S = InvocationStatus


@dataclass
class Life:
    """One invocation."""

    call: NewInvocation
    order: int
    available_at: float
    walk: list[S] = field(default_factory=lambda: [S.REGISTERED])
    epoch: int = 0
    token: str | None = None
    released_by: str | None = None
    runner_id: str | None = None
    dependents: int = 0
    retries: int = 0
    reroutes: int = 0
    recoveries: int = 0
    outcome: Outcome | None = None
    #: For a workflow that was released: whether it is claimable at its time, and what it awaits.
    is_due: bool = False
    awaits: str | None = None
    messages: list[str] = field(default_factory=list)

    @property
    def is_released(self) -> bool:
        return self.status is S.PAUSED and self.token is None

    @property
    def status(self) -> S:
        return self.walk[-1]

    @property
    def rank(self) -> tuple[int, int, int]:
        return -self.dependents, -self.call.priority, self.order

    def agrees_with(self, record: InvocationRecord) -> bool:
        """Whether a record shows this life."""
        names = (
            "status",
            "epoch",
            "token",
            "runner_id",
            "dependents",
            "retries",
            "reroutes",
            "recoveries",
            "outcome",
        )
        return (
            all(getattr(record, name) == getattr(self, name) for name in names)
            and record.seq == len(self.walk)
            and (record.ended_at is not None) == (self.status in FINAL)
        )


class Model:
    """All invocations of one app."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lives: dict[InvocationId, Life] = {}
        self.waits: dict[InvocationId, set[InvocationId]] = {}
        self.submitted = 0

    # -- submit -------------------------------------------------------------------------------------

    def submit(self, call: NewInvocation) -> tuple[InvocationId, bool]:
        """Who stands for the call, and whether it is new."""
        if call.invocation_id in self.lives:
            return call.invocation_id, False
        for found, life in self.lives.items():
            same = call.reg_key is not None and life.call.reg_key == call.reg_key
            if same and life.epoch == 0 and life.status not in FINAL:
                return found, False
        self.submitted += 1
        self.lives[call.invocation_id] = Life(call, self.submitted, self.now + call.delay_seconds)
        return call.invocation_id, True

    # -- claim --------------------------------------------------------------------------------------

    def is_claimable(self, life: Life) -> bool:
        """Whether a claim may start here and now."""
        may = life.status in AVAILABLE or (life.is_released and life.is_due)
        return may and life.available_at <= self.now

    def claim(self, request: ClaimRequest) -> list[tuple[InvocationId, S]]:
        """What is given, and where it rests."""
        given: list[tuple[InvocationId, S]] = []
        starts_in: float | None = 0.0
        for life in sorted(self._wanted(request), key=lambda life: life.rank):
            call = life.call
            if len(given) == request.limit:
                break
            if given:
                unmeasured = call.task_id not in request.ahead
                if starts_in is None or starts_in > request.ahead_seconds or unmeasured:
                    break
                if call.cc_key is not None or life.recoveries:
                    break
            elif call.cc_key is not None and not self._has_place(life):
                parks = call.cc_park or life.epoch > 0
                life.walk += [S.RESUMED] if life.status is S.PAUSED else []
                life.walk.append(S.CONCURRENCY_CONTROLLED if parks else S.CONCURRENCY_CONTROLLED_FINAL)
                self._forget_waits_for_final(call.invocation_id)
                continue
            starts = not given or (starts_in or 0.0) <= request.start_seconds
            self._give(life, request, starts)
            given.append((call.invocation_id, life.status))
            if life.recoveries:
                break
            measured = request.ahead.get(call.task_id)
            starts_in = None if measured is None or starts_in is None else starts_in + measured
        return given

    def _wanted(self, request: ClaimRequest) -> list[Life]:
        ids = set(self.lives) if request.ids is None else set(request.ids)
        while request.ids is not None and request.chain:
            more = ids | {found for waiter in ids for found in self.waits.get(waiter, ())}
            if more == ids:
                break
            ids = more
        return [
            life
            for found, life in self.lives.items()
            if found in ids
            and self.is_claimable(life)
            and (request.recovered or not life.recoveries)
            and life.call.task_id not in request.exclude_tasks
        ]

    def _give(self, life: Life, request: ClaimRequest, starts: bool) -> None:
        life.walk += [S.RESUMED] if life.status is S.PAUSED else []
        life.walk += [S.PENDING, S.RUNNING] if starts else [S.PENDING]
        life.epoch += 1
        life.token = request.token
        life.runner_id = request.runner.runner_id

    def _of_key(self, key: str | None) -> list[Life]:
        return sorted(
            (life for life in self.lives.values() if life.call.cc_key == key), key=lambda life: life.order
        )

    def _has_place(self, life: Life) -> bool:
        others = self._of_key(life.call.cc_key)
        before_it = any(one.status is S.CONCURRENCY_CONTROLLED and one.order < life.order for one in others)
        return self.owned(life.call.cc_key) < life.call.cc_limit and not before_it

    def owned(self, key: str | None) -> int:
        """How many places of a key are taken."""
        return sum(life.token is not None for life in self._of_key(key))

    # -- moves --------------------------------------------------------------------------------------

    def move(self, move: Move) -> MoveResult:
        """What becomes of a move."""
        life = self.lives.get(move.invocation_id)
        if life is None:
            return MoveResult.UNKNOWN
        token_is_wrong = move.token is not None and move.token != life.token
        seq_is_wrong = move.seq is not None and move.seq != len(life.walk)
        if token_is_wrong or seq_is_wrong or life.status not in move.sources:
            last = life.released_by if life.token is None else life.token
            again = move.token is not None and move.token == last and life.status is move.to
            return MoveResult.ALREADY if again else MoveResult.FENCED
        if move.waits_on:
            refusal = self._refuse(move)
            if refusal is not None:
                return refusal
        self._write(life, move)
        return MoveResult.DONE

    def _refuse(self, move: Move) -> MoveResult | None:
        if any(found not in self.lives for found in move.waits_on):
            return MoveResult.MISSING
        left = [found for found in move.waits_on if self.lives[found].status not in FINAL]
        if len(move.waits_on) - len(left) >= move.enough:
            return MoveResult.READY
        waits = {**self.waits, move.invocation_id: set(left)}
        stuck = self._stuck(waits)
        # Others may be stuck without this one: who waits for them closes nothing.
        reached = set(left) & stuck
        while more := {found for one in reached for found in self._before(one, waits)} & stuck - reached:
            reached |= more
        return MoveResult.CYCLE if move.invocation_id in reached else None

    def _stuck(self, waits: dict[InvocationId, set[InvocationId]]) -> set[InvocationId]:
        """Who can never end, whatever happens, if these are the waits."""
        stuck = set(self.lives)
        while free := {
            found
            for found in stuck
            if not stuck & waits.get(found, set())
            and (not self.holders_before(found) or self.holders_before(found) - stuck)
        }:
            stuck -= free
        return stuck

    def _before(self, found: InvocationId, waits: dict[InvocationId, set[InvocationId]]) -> set[InvocationId]:
        return waits.get(found, set()) | self.holders_before(found)

    def holders_before(self, found: InvocationId) -> set[InvocationId]:
        """Who holds the places without which it cannot run; nobody where there is one, or it would be turned away."""
        life = self.lives[found]
        key = life.call.cc_key
        stands = life.token is None and life.status not in FINAL and (life.call.cc_park or life.epoch > 0)
        if key is None or not stands or self.owned(key) < life.call.cc_limit:
            return set()
        return {one.call.invocation_id for one in self._of_key(key) if one.token is not None}

    def _write(self, life: Life, move: Move) -> None:
        found = move.invocation_id
        was_available = life.status in AVAILABLE
        life.walk += [*move.via, move.to]
        life.retries += move.retries
        life.reroutes += move.reroutes
        life.recoveries += move.recoveries
        if move.releases:
            self._stop_waiting(life)
            life.released_by = move.token
            held, life.token = life.token is not None, None
            # Also when somebody leaves who was let in and had not been claimed yet.
            if held or (was_available and move.to in FINAL):
                self._let_in(life.call.cc_key)
        if move.to in FINAL:
            life.outcome = move.outcome
            self._forget_waits_for_final(found)
        elif move.to in AVAILABLE:
            life.available_at = self.now + (move.delay_seconds or 0.0)
        elif move.to is S.PAUSED and move.releases:
            told = move.awaits is not None and life.messages.count(move.awaits) > move.received
            life.awaits = move.awaits
            life.is_due = told or move.delay_seconds is not None
            life.available_at = self.now + (0.0 if told else move.delay_seconds or 0.0)
        elif move.to is S.RUNNING and S.RESUMED in move.via:
            self._stop_waiting(life)
        elif move.waits_on:
            self._wait(life, move)

    def deliver(self, workflow_id: InvocationId, name: str) -> bool:
        """Whether a message arrives."""
        life = self.lives.get(workflow_id)
        if life is None or life.status in FINAL or life.call.workflow_id != workflow_id:
            return False
        life.messages.append(name)
        if life.is_released and life.awaits == name:
            life.is_due, life.available_at = True, self.now
        return True

    def _let_in(self, key: str | None) -> None:
        parked = [life for life in self._of_key(key) if life.status is S.CONCURRENCY_CONTROLLED]
        if key is not None and parked and self.owned(key) < parked[0].call.cc_limit:
            parked[0].walk.append(S.REROUTED)
            parked[0].available_at = self.now

    def _wait(self, life: Life, move: Move) -> None:
        awaited = {found for found in move.waits_on if self.lives[found].status not in FINAL}
        self.waits[move.invocation_id] = awaited
        self._pass_weight_on(awaited, 1 + life.dependents)

    def _stop_waiting(self, life: Life) -> None:
        self._pass_weight_on(self.waits.get(life.call.invocation_id, set()), -1 - life.dependents)
        self.waits.pop(life.call.invocation_id, None)

    def _pass_weight_on(self, awaited: set[InvocationId], weight: int) -> None:
        reached: set[InvocationId] = set()
        level = set(awaited)
        for _ in range(32):
            reached |= level
            level = {found for one in level for found in self.waits.get(one, ())} - reached
        for found in reached:
            self.lives[found].dependents = max(0, self.lives[found].dependents + weight)

    def _forget_waits_for_final(self, found: InvocationId) -> None:
        if self.lives[found].status in FINAL:
            for awaited in self.waits.values():
                awaited.discard(found)

    # -- reads --------------------------------------------------------------------------------------

    def open_waits(self) -> dict[InvocationId, set[InvocationId]]:
        """What everybody still waits for."""
        return {waiter: set(awaited) for waiter, awaited in self.waits.items() if awaited}

    def available(self) -> list[InvocationId]:
        """What can be claimed, in the order of submission."""
        return [found for found, life in self.lives.items() if self.is_claimable(life)]

    def next_due_in(self) -> float | None:
        """Seconds until something falls due."""
        due = [
            life.available_at - self.now
            for life in self.lives.values()
            if life.status in AVAILABLE or (life.is_released and life.is_due)
        ]
        return min((seconds for seconds in due if seconds > 0), default=None)
