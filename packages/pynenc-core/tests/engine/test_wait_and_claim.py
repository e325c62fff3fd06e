"""A worker that waits may be given its claim in the same trip; a lost answer to that loses nothing."""

from __future__ import annotations

import uuid

from pynenc import Pynenc
from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.engine.claim import Claimer
from pynenc.engine.patience import never
from pynenc.exceptions import CommitUnknownError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import ClaimRequest, NewInvocation, Step, StepAnswer
from pynenc.values.runners import RunnerIdentity

RUNNER = RunnerIdentity(runner_id=RunnerId("runner"), runner_cls="ThreadRunner", host="here", pid=1)


class LosesAnswers(MemOrchestrator):
    """Claims for those that wait, and its connection breaks when it answers."""

    def wait_and_claim(self, claim: ClaimRequest, marker: int, timeout_seconds: float) -> StepAnswer | None:
        self.advance(Step(claim=claim))
        raise CommitUnknownError("the connection broke")


def test_what_was_claimed_with_a_lost_answer_comes_back() -> None:
    name = f"{LosesAnswers.__module__}.{LosesAnswers.__name__}"
    app = Pynenc({"app_id": uuid.uuid4().hex, "orchestrator_cls": name})
    parts = app.engine.components
    parts.orchestrator.submit(
        [
            NewInvocation(
                invocation_id=InvocationId(name),
                task_id="app.task",
                args_id="a",
                root_id=InvocationId(name),
                arguments="{}",
            )
            for name in ("first", "second")
        ],
        {},
        enqueue=True,
    )
    request = ClaimRequest(runner=RUNNER, token=uuid.uuid4().hex)
    marker = parts.broker.store.work_marker()
    answer = Claimer(parts).wait_and_claim(request, marker, 1.0, may_claim=never, give_up=never)
    assert answer is not None
    assert [(claim.invocation_id, claim.token) for claim in answer.claims] == [("first", request.token)]
