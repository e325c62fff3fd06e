"""What a message names is claimed the moment it comes, by whoever has it; whatever goes wrong loses nothing."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pynenc import Pynenc
from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.backends.mem.store import MemStore
from pynenc.exceptions import CommitUnknownError, StoreError, StoreUnavailableError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import ClaimRequest, NewInvocation, Step, StepAnswer
from pynenc.values.runners import RunnerIdentity

RUNNER = RunnerIdentity(runner_id=RunnerId("runner"), runner_cls="ThreadRunner", host="here", pid=1)


class EarlyOrchestrator(MemOrchestrator):
    """Sends claims ahead, as long as nothing is the matter."""

    def __init__(self, store: MemStore) -> None:
        super().__init__(store)
        #: What was sent ahead, and what was claimed at all.
        self.sent: list[InvocationId] = []
        self.claims: list[ClaimRequest] = []
        self.is_busy = False
        self.not_sent: StoreError | None = None
        self.lost: StoreError | None = None

    def advance(self, step: Step) -> StepAnswer:
        if step.claim is not None:
            self.claims.append(step.claim)
        return super().advance(step)

    def prepare_claim(
        self, claim: ClaimRequest
    ) -> Callable[[InvocationId], Callable[[], StepAnswer] | None] | None:
        def send(invocation_id: InvocationId) -> Callable[[], StepAnswer] | None:
            if self.not_sent is not None:
                raise self.not_sent
            if self.is_busy:
                return None
            self.sent.append(invocation_id)
            answer = self.advance(Step(claim=claim.naming((invocation_id,))))

            def read() -> StepAnswer:
                if self.lost is not None:
                    raise self.lost
                return answer

            return read

        return send


class World:
    """Records in memory, messages in a file."""

    def __init__(self, folder: Path) -> None:
        name = f"{EarlyOrchestrator.__module__}.{EarlyOrchestrator.__name__}"
        self.app = Pynenc(
            {
                "app_id": uuid.uuid4().hex,
                "broker_cls": "SQLiteBroker",
                "orchestrator_cls": name,
                "sqlite_db_path": str(folder / "messages.db"),
            }
        )
        self.engine = self.app.engine
        self.broker = self.engine.components.broker
        orchestrator = self.engine.components.orchestrator
        assert isinstance(orchestrator, EarlyOrchestrator)
        self.orchestrator = orchestrator
        new = NewInvocation(
            invocation_id=InvocationId("a"), task_id="app.task", args_id="x", root_id=InvocationId("a"), arguments="{}"
        )  # fmt: skip
        orchestrator.submit([new], {}, enqueue=False)

    def wait(self, name: str = "a", *, may_claim: bool = True) -> StepAnswer | None:
        """What one that waits is given, when the message comes."""
        request = ClaimRequest(runner=RUNNER, token=uuid.uuid4().hex)
        marker = self.broker.store.work_marker()
        answers: list[StepAnswer | None] = []

        def wait() -> None:
            answers.append(
                self.engine.wait_and_claim(
                    request, marker, 30.0, may_claim=lambda: may_claim, give_up=lambda: False
                )
            )

        thread = threading.Thread(target=wait)
        thread.start()
        self.broker.push([InvocationId(name)])
        thread.join(30.0)
        (answer,) = answers
        return answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.app.close()


def _require_given(world: World, answer: StepAnswer | None) -> None:
    assert answer is not None
    assert [claim.invocation_id for claim in answer.claims] == ["a"]


def test_what_was_sent_ahead_is_not_claimed_again(world: World) -> None:
    _require_given(world, world.wait())
    assert world.orchestrator.sent == ["a"]
    assert len(world.orchestrator.claims) == 1
    assert world.broker.count() == 0


def test_what_could_not_be_sent_ahead_is_claimed_afterwards(world: World) -> None:
    world.orchestrator.is_busy = True
    _require_given(world, world.wait())
    assert (world.orchestrator.sent, len(world.orchestrator.claims)) == ([], 1)
    assert world.broker.count() == 0


def test_a_store_that_is_away_when_the_message_comes_is_asked_again(world: World) -> None:
    world.orchestrator.not_sent = StoreUnavailableError("it is away")
    _require_given(world, world.wait())
    assert [claim.repeated for claim in world.orchestrator.claims] == [False]
    assert world.broker.count() == 0


def test_what_was_claimed_with_a_lost_answer_comes_back(world: World) -> None:
    world.orchestrator.lost = CommitUnknownError("the connection broke")
    _require_given(world, world.wait())
    assert [claim.repeated for claim in world.orchestrator.claims] == [False, True]


def test_one_that_is_to_take_nothing_more_sends_nothing(world: World) -> None:
    assert world.wait(may_claim=False) is None
    assert world.orchestrator.claims == []
    assert [delivery.invocation_id for delivery in world.broker.receive(2, 60.0)] == ["a"]


def test_a_message_about_nothing_is_dropped(world: World) -> None:
    assert world.wait("unknown") is None
    assert world.orchestrator.sent == ["unknown"]
    assert world.broker.count() == 0
