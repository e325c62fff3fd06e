"""Random operations: after each one, everything that can be read is what the plain model says.

``PYNENC_TEST_MODEL_EXAMPLES`` and ``PYNENC_TEST_MODEL_STEPS`` set a larger budget; the runs are then random.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from integration import world as requests
from integration.backends.parts import Backend, Site
from integration.clocks import ManualClock
from integration.contract.model import Model
from integration.world import ALICE, BOB, ERROR, World

from pynenc.values.operations import Claim, Move, MoveResult
from pynenc.values.records import InvocationRecord
from pynenc.values.status import FINAL

EXAMPLES = "PYNENC_TEST_MODEL_EXAMPLES"
STEPS = "PYNENC_TEST_MODEL_STEPS"

_NAMES = st.sampled_from([f"n{number}" for number in range(12)])
_TASKS = st.sampled_from(["app.one", "app.two", "app.three"])
_RUNNERS = st.sampled_from([ALICE, BOB])
_PICK = st.integers(min_value=0, max_value=10**6)
#: A store with a clock of its own cannot be told that time passes: there, a delay never ends.
_DELAYS = st.sampled_from([0.0, 0.0, 0.0, 1.0, 3600.0])


class OrchestratorMachine(RuleBasedStateMachine):
    """One app, several runners, and the model beside it."""

    backend: Backend
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        app_id = f"model-{uuid.uuid4().hex}"
        # Of its own, too: what is left of hundreds of apps slows down whoever opens a file.
        folder = self.folder / app_id
        folder.mkdir()
        self.world = World(self.backend, Site(folder, self.clock), app_id)
        self.model = Model()
        #: Every claim ever given and every record ever seen by a recoverer: most of them are stale.
        self.claims: list[Claim] = []
        self.seen: list[InvocationRecord] = []
        self.sent: list[Move] = []

    def teardown(self) -> None:
        self.world.clear()

    # -- operations ---------------------------------------------------------------------------------

    @rule(
        name=_NAMES,
        task_id=_TASKS,
        priority=st.integers(-1, 1),
        reg_key=st.sampled_from([None, None, "r1", "r2"]),
        limit=st.sampled_from([None, None, ("k1", 1), ("k2", 2)]),
        cc_park=st.booleans(),
        delay=_DELAYS,
        is_workflow=st.booleans(),
    )
    def submit(
        self, name: str, limit: tuple[str, int] | None, delay: float, is_workflow: bool, **fields: Any
    ) -> None:
        cc_key, cc_limit = limit or (None, 0)
        make = requests.workflow if is_workflow else requests.call
        call = make(name, cc_key=cc_key, cc_limit=cc_limit, delay_seconds=self._delay(delay), **fields)
        (answer,) = self.world.orchestrator.submit([call], {}, enqueue=True)
        assert (answer.invocation_id, answer.created) == self.model.submit(call)

    @rule(
        runner=_RUNNERS,
        limit=st.integers(1, 4),
        ahead=st.dictionaries(_TASKS, st.sampled_from([0.0, 0.25, 2.0])),
        start_seconds=st.sampled_from([0.0, 0.3, 9.0]),
        recovered=st.booleans(),
        exclude=st.frozensets(_TASKS, max_size=1),
    )
    def claim(self, runner: Any, exclude: frozenset[str], **fields: Any) -> None:
        self._claim(runner, exclude_tasks=exclude, ahead_seconds=1.0, **fields)

    @rule(
        runner=_RUNNERS,
        limit=st.integers(1, 3),
        names=st.sets(_NAMES, min_size=1, max_size=4),
        chain=st.booleans(),
    )
    def claim_by_id(self, runner: Any, limit: int, names: set[str], chain: bool) -> None:
        ahead = {"app.one": 0.0, "app.two": 0.5}
        self._claim(
            runner, ids=requests.ids(*sorted(names)), chain=chain, limit=limit, ahead=ahead, ahead_seconds=1.0
        )

    @precondition(lambda self: self.claims)
    @rule(pick=_PICK, how=st.sampled_from(["start", "finish", "fail", "resume"]))
    def owner_moves(self, pick: int, how: str) -> None:
        builders: dict[str, Callable[[Claim], Move]] = {
            "start": requests.start,
            "finish": requests.finish,
            "fail": lambda claim: requests.finish(claim, ERROR),
            "resume": requests.resume,
        }
        self._move(builders[how](self._recent(pick)))

    @precondition(lambda self: self.claims)
    @rule(pick=_PICK, again=st.booleans(), delay=_DELAYS)
    def owner_gives_back(self, pick: int, again: bool, delay: float) -> None:
        build = requests.retry if again else requests.hand_back
        self._move(build(self._recent(pick), self._delay(delay)))

    @precondition(lambda self: self.claims)
    @rule(pick=_PICK, on=st.lists(_NAMES, min_size=1, max_size=3, unique=True), enough=st.integers(1, 3))
    def owner_pauses(self, pick: int, on: list[str], enough: int) -> None:
        self._move(requests.pause(self._recent(pick), *on, enough=min(enough, len(on))))

    @precondition(lambda self: self.claims)
    @rule(
        pick=_PICK, delay=st.sampled_from([None, 0.0, 1.0, 3600.0]), awaits=st.sampled_from([None, "a", "b"])
    )
    def owner_releases(self, pick: int, delay: float | None, awaits: str | None) -> None:
        claim = self._recent(pick)
        if claim.workflow_id == claim.invocation_id:
            delay = None if delay is None else self._delay(delay)
            self._move(requests.release(claim, delay, awaits, received=pick % 3))

    @rule(name=_NAMES, what=st.sampled_from(["a", "b"]))
    def send(self, name: str, what: str) -> None:
        (workflow_id,) = requests.ids(name)
        (delivered,) = self.world.send(requests.message(workflow_id, what))
        assert delivered == self.model.deliver(workflow_id, what)

    @rule(name=_NAMES)
    def recoverer_looks(self, name: str) -> None:
        records = self.world.orchestrator.get_records(requests.ids(name))
        self.seen += [record for record in records.values() if record.token is not None]

    @precondition(lambda self: self.seen)
    @rule(pick=_PICK, counted=st.booleans())
    def recoverer_acts(self, pick: int, counted: bool) -> None:
        self._move(requests.recover(self.seen[-1 - pick % len(self.seen)], counted=counted))

    @rule(name=_NAMES)
    def cancel(self, name: str) -> None:
        self._move(requests.cancel(name))

    @precondition(lambda self: self.sent)
    @rule(pick=_PICK)
    def send_again(self, pick: int) -> None:
        self._move(self.sent[-1 - pick % min(4, len(self.sent))])

    @rule(seconds=st.sampled_from([0.5, 1.0, 3600.0]))
    def pass_time(self, seconds: float) -> None:
        assume(self.backend.takes_clock)
        self.clock.advance(seconds)
        self.model.now += seconds

    @rule(name=_NAMES)
    def delete(self, name: str) -> None:
        (found,) = requests.ids(name)
        self.world.orchestrator.delete([found])
        if found in self.model.lives and self.model.lives[found].status in FINAL:
            del self.model.lives[found]

    @rule()
    def go_on_in_another_process(self) -> None:
        other = self.world.another_process()
        if other.parts is not self.world.parts:
            self.world.close()
        self.world = other

    # -- what must hold -----------------------------------------------------------------------------

    @invariant()
    def records_are_those_of_the_model(self) -> None:
        records = {record.invocation_id: record for record in self.world.all_records()}
        assert list(records) == list(reversed(self.model.lives))
        for found, life in self.model.lives.items():
            assert life.agrees_with(records[found]), (life, records[found])
            assert self.world.walk(found) == life.walk

    @invariant()
    def what_is_derived_is_that_of_the_model(self) -> None:
        orchestrator = self.world.orchestrator
        waits = {waiter: set(awaited) for waiter, awaited in orchestrator.get_waits().items()}
        assert waits == self.model.open_waits()
        assert orchestrator.find_available(None, 100) == self.model.available()
        assert orchestrator.count_by_status() == Counter(life.status for life in self.model.lives.values())
        orphans = orchestrator.find_orphans([ALICE.runner_id, BOB.runner_id], 100)
        owned = {found for found, life in self.model.lives.items() if life.token is not None}
        assert {orphan.invocation_id for orphan in orphans} == owned

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        assert self.model.owned("k1") <= 1
        assert self.model.owned("k2") <= 2

    # -- both sides at once -------------------------------------------------------------------------

    def _delay(self, delay: float) -> float:
        return delay if self.backend.takes_clock or not delay else 3600.0

    def _recent(self, pick: int) -> Claim:
        return self.claims[-1 - pick % min(8, len(self.claims))]

    def _claim(self, runner: Any, **fields: Any) -> None:
        request = self.world.claim_request(runner, **fields)
        answer = self.world.advance(claim=request)
        given = [(claim.invocation_id, claim.status) for claim in answer.claims]
        assert given == self.model.claim(request)
        self.claims += answer.claims
        if request.ids is None and not given:
            due = self.model.next_due_in()
            assert (answer.next_due_seconds is None) == (due is None)
            assert answer.next_due_seconds == (
                due and pytest.approx(due, abs=0 if self.backend.takes_clock else 60)
            )

    def _move(self, move: Move) -> None:
        answer = self.world.answer(move)
        assert answer.result is self.model.move(move), (answer, move)
        self.sent.append(move)
        if answer.result is MoveResult.CYCLE:
            self._check_cycle(answer.ids, move)

    def _check_cycle(self, ids: tuple[str, ...], move: Move) -> None:
        waits: dict[str, set[str]] = {waiter: set(on) for waiter, on in self.model.open_waits().items()}
        waits[move.invocation_id] = set(move.waits_on)
        assert ids[0] == ids[-1] == move.invocation_id
        for one, following in pairwise(requests.ids(*ids)):
            assert following in waits.get(one, set()) | self.model.holders_before(one)


def test_the_backend_does_what_the_model_says(backend: Backend, tmp_path: Path) -> None:
    """Always the same runs by default; more and random ones when a budget is given."""
    budget = os.environ.get(EXAMPLES)
    machine = type("Machine", (OrchestratorMachine,), {"backend": backend, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(budget or 60 * backend.repetitions),
            stateful_step_count=int(os.environ.get(STEPS, "40")),
            derandomize=budget is None,
            database=None,
            deadline=None,
            phases=[phase for phase in Phase if phase is not Phase.explain],
            suppress_health_check=list(HealthCheck),
        ),
    )
