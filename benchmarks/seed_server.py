"""Fills the store of an app with invocations by its own operations, to see how the monitor does with many.

    export PYNENC__APP_ID=seeded PYNENC__REDIS_URL=… PYNENC__ORCHESTRATOR_CLS=RedisOrchestrator …
    python benchmarks/seed_server.py --invocations 200000
    python benchmarks/monitor_pages.py

They are as those of ``seed_monitor.py``, but for their times: all of them happen while this runs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from integration.world import call, finish

from pynenc import Pynenc
from pynenc.contracts import BaseOrchestrator
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import ClaimRequest, NewInvocation, Step
from pynenc.values.records import Outcome, OutcomeKind
from pynenc.values.runners import Beat, RunnerIdentity
from seed_monitor import FAMILY, LIVING, OPEN, RUNNERS, TASKS, WAITING, WORKFLOW_EVERY, family_of, name_of

BATCH = 500
TASK_IDS = [f"shop.tasks.task_{n:03d}" for n in range(TASKS)]
DONE = Outcome(OutcomeKind.RESULT, data="=true", preview="true", size_bytes=4)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill the store of an app with invocations.")
    parser.add_argument("--invocations", type=int, default=100_000)
    args = parser.parse_args()
    began = time.perf_counter()
    app = Pynenc()
    seed(app.orchestrator, args.invocations)
    app.close()
    print(f"{args.invocations} invocations in {time.perf_counter() - began:.0f} s")


def seed(orchestrator: BaseOrchestrator, number: int) -> None:
    """A batch after the other: registered, claimed, and ended but for the last ones."""
    chance = random.Random(7)
    runners = [
        RunnerIdentity(
            runner_id=RunnerId(f"{n:08x}-aaaa-4aaa-8aaa-{n:012x}"),
            runner_cls="ThreadRunner",
            host=f"host-{n % 3}",
            pid=n,
        )
        for n in range(RUNNERS)
    ]
    orchestrator.beat(Beat(alive=tuple(runners)))
    orchestrator.beat(Beat(stopped=tuple((one.runner_id, "clean") for one in runners[LIVING:])))
    left = number
    while left:
        batch = [_call(number - left + n, chance) for n in range(min(BATCH, left))]
        orchestrator.submit(batch, {}, enqueue=True)
        left -= len(batch)
        if left >= OPEN:
            claims = _claim(orchestrator, runners[left // BATCH % LIVING], len(batch))
            orchestrator.advance(Step(moves=tuple(finish(one, _outcome(chance)) for one in claims)))
    for n in range(OPEN - WAITING):
        _claim(orchestrator, runners[n % LIVING], 1)


def _claim(orchestrator: BaseOrchestrator, runner: RunnerIdentity, limit: int) -> tuple[Any, ...]:
    request = ClaimRequest(
        runner=runner,
        token=uuid.uuid4().hex,
        limit=limit,
        ahead=dict.fromkeys(TASK_IDS, 0.0),
        ahead_seconds=1.0,
        start_seconds=1.0,
    )
    return tuple(orchestrator.advance(Step(claim=request)).claims)


def _call(n: int, chance: random.Random) -> NewInvocation:
    family = family_of(n)
    root = InvocationId(name_of(family))
    of_workflow: dict[str, Any] = (
        {"workflow_id": root, "workflow_type": "shop.flows.nightly"} if n % WORKFLOW_EVERY < FAMILY else {}
    )
    return call(
        name_of(n),
        task_id=TASK_IDS[min(int(chance.expovariate(0.03)), TASKS - 1)],
        args_id=f"{n % 1000:032x}",
        arguments=f'{{"customer_id":"={n}","amount":"=12.5"}}',
        args_preview=f"customer_id={n}, amount=12.5",
        parent_id=None if family == n else root,
        root_id=root,
        depth=int(family != n),
        **of_workflow,
    )


def _outcome(chance: random.Random) -> Outcome:
    if chance.random() >= 0.02:
        return DONE
    return Outcome(
        OutcomeKind.EXCEPTION,
        data='={"message":"gateway did not answer","traceback":"Traceback …"}',
        error_type="shop.GatewayError",
        error_msg="gateway did not answer",
        fingerprint=f"{chance.randrange(9):016x}",
    )


if __name__ == "__main__":
    main()
