"""Small lives of an app, each of which is interrupted at every store call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from pynenc.engine import transitions
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.sweeper import Sweeper
from pynenc.exceptions import StoreError, WorkerLostError
from pynenc.invocation import DistributedInvocation
from pynenc.values.ids import RunnerId
from pynenc.values.operations import Claim, ClaimRequest, Step
from pynenc.values.runners import Beat, RunnerIdentity

Calls = Iterator[list[DistributedInvocation[Any]]]

#: A runner that claims and is never heard of again.
GHOST = RunnerIdentity(runner_id=RunnerId("ghost"), runner_cls="ThreadRunner", host="nowhere", pid=0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is called, and with which settings it is worked upon."""

    name: str
    #: Makes the calls one after the other; yields what each of them was given.
    calls: Callable[[Any], Calls]
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: How many invocations each call makes that makes any.
    batch: int = 1
    #: Carried out by the ghost before the scenario begins.
    before: Callable[[Any], None] | None = None
    expected: Callable[[str, dict[str, Any]], Any] | None = None

    @property
    def lasting_settings(self) -> Mapping[str, Any]:
        """Those that decide what becomes of a call, whoever works; not the impatience of who is about to die."""
        return {name: value for name, value in self.settings.items() if name == "max_recoveries"}


def _one(task: str, *args: Any) -> Callable[[ModuleType], Calls]:
    def calls(sample: Any) -> Calls:
        yield [getattr(sample, task)(*args)]

    return calls


def _five(sample: Any) -> Calls:
    yield list(sample.double.parallelize([(n,) for n in range(5)]).invocations)


def _merged(sample: Any) -> Calls:
    first = sample.merged(1)
    yield [first]
    second = sample.merged(1)
    assert second.invocation_id == first.invocation_id
    yield [second]
    yield list(sample.merged.parallelize([(2,), (1,), (2,)]).invocations)


def _limited(sample: Any) -> Calls:
    yield list(sample.limited.parallelize([(0,), (1,)]).invocations)


def _everything(sample: Any) -> Calls:
    yield [sample.double(1), sample.parent(1)]
    yield list(sample.limited.parallelize([(1,), (2,)]).invocations)


def _claim(sample: Any) -> tuple[Claim, ...]:
    request = ClaimRequest(runner=GHOST, token=uuid.uuid4().hex)
    claims: tuple[Claim, ...] = sample.app.engine.advance(Step(claim=request)).claims
    return claims


def _ghost_takes_all(sample: Any) -> None:
    """One of each: running, waiting for the running one, parked behind it; and a child that nobody started."""
    sample.app.orchestrator.beat(Beat(alive=(GHOST,)))
    claims: dict[str, Claim] = {}
    while taken := _claim(sample):
        claims |= {claim.task_id.rpartition(".")[2]: claim for claim in taken}
    waiter, awaited = claims.get("parent"), claims["double"]
    if waiter is not None:
        sample.app.engine.advance(Step(moves=(transitions.pause(waiter, [awaited.invocation_id], 1),)))


def _lost(task_id: str, arguments: dict[str, Any]) -> Any:
    return WorkerLostError


CLIENT = [
    Scenario("one call", _one("double", 1)),
    Scenario("a large value", _one("large", "x" * 3000)),
    Scenario("five calls at once", _five, batch=5),
    Scenario("calls that are merged", _merged),
]
WORKER = [
    Scenario("one call", _one("double", 1)),
    Scenario("a large value", _one("large", "x" * 3000)),
    Scenario("five calls at once", _five),
    Scenario("a retry", _one("flaky", 1)),
    Scenario("a failure", _one("failing", 1)),
    Scenario("helping the awaited", _one("parent", 1)),
    Scenario("parking until the awaited are done", _one("parent", 1), {"max_help_depth": 0}),
    Scenario("a workflow", _one("flow", 3)),
    Scenario("parked behind a running one", _limited, {"threadrunner": {"max_threads": 2}}),
]
#: The ghost is dead in the second round of a sweeper.
_IMPATIENT = {"runner_considered_dead_after_minutes": 0.02 / 60}
SWEEPER = [
    Scenario("recovering", _everything, _IMPATIENT, before=_ghost_takes_all),
    Scenario(
        "giving up",
        _one("double", 1),
        {**_IMPATIENT, "max_recoveries": 1},
        before=_ghost_takes_all,
        expected=_lost,
    ),
]


def sweeper_of(sample: Any) -> Callable[[], None]:
    """One round of a runner's recovery at a time, in the calling thread."""
    engine = sample.app.engine
    me = RunnerIdentity(runner_id=RunnerId(str(uuid.uuid4())), runner_cls="ThreadRunner", host="here", pid=1)
    heartbeat = Heartbeat(engine.orchestrator, lambda: (me,), 0.1, 0.3)
    sweeper = Sweeper(engine.components, heartbeat, engine.recovery)

    def round_() -> None:
        try:
            heartbeat.beat()
        except StoreError:  # as its thread does
            heartbeat.interruptions += 1
        sweeper.sweep()

    return round_
