from __future__ import annotations

import pytest

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.slots import Slots, slots_of


def runner(name: str, slots: int, parent: str | None = None, *, drains: bool = False) -> RunnerRecord:
    identity = RunnerIdentity(
        runner_id=RunnerId(name),
        runner_cls="Worker",
        host="here",
        pid=1,
        slots=slots,
        parent_id=RunnerId(parent) if parent else None,
    )
    return RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=0.0, drains=drains)


def held(owner: str, status: InvocationStatus = InvocationStatus.RUNNING) -> InvocationRecord:
    name = InvocationId("it")
    return InvocationRecord(
        invocation_id=name,
        task_id="a.b",
        args_id="x",
        status=status,
        seq=1,
        status_at=0.0,
        root_id=name,
        created_at=0.0,
        available_at=0.0,
        runner_id=RunnerId(owner),
    )


LIVING = [runner("supervisor", 0), runner("a", 4), runner("b", 1)]
#: Two slots of three workers are in the hands of a supervisor that was asked to end.
DRAINING = [runner("s", 0, drains=True), runner("w1", 1, "s"), runner("w2", 1, "s"), runner("other", 3)]


@pytest.mark.parametrize(
    ("living", "running", "owned", "slots"),
    [
        (LIVING, 2, [], Slots(2, 3, 0)),
        # More than there are places: async def tasks.
        (LIVING, 9, [], Slots(5, 0, 0)),
        ([], 2, [], Slots(0, 0, 0)),
        (DRAINING, 0, [], Slots(0, 3, 2)),
        (DRAINING, 2, [held("w1"), held("other")], Slots(2, 2, 1)),
        (DRAINING, 2, [held("w1"), held("w2")], Slots(2, 3, 0)),
        (DRAINING, 1, [held("w1", InvocationStatus.PENDING), held("other")], Slots(1, 2, 2)),
        (DRAINING, 9, [held("other")], Slots(5, 0, 0)),
    ],
)
def test_a_slot_is_used_free_or_takes_nothing_more(
    living: list[RunnerRecord], running: int, owned: list[InvocationRecord], slots: Slots
) -> None:
    assert slots_of(living, running, owned) == slots
    assert slots.total == sum(one.identity.slots for one in living)
