"""How many invocations the runners that live can run at a time, and how many more they would take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus


@dataclass(frozen=True, slots=True)
class Slots:
    """Each slot is one of these. Those of ``async def`` tasks are not counted."""

    used: int
    free: int
    #: Idle, and nothing more is taken: their runner was asked to end.
    draining: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.used + self.free + self.draining


def slots_of(living: Sequence[RunnerRecord], running: int, owned: Iterable[InvocationRecord]) -> Slots:
    """The slots of some runners together.

    Args:
        living: The runners, and the workers below them.
        running: How many invocations run.
        owned: What is in the hands of runners, as far as that was read.
    """
    drained = {one.identity.runner_id for one in living if one.drains}
    # A supervisor is asked; what it has is in the hands of its workers.
    drained |= {one.identity.runner_id for one in living if one.identity.parent_id in drained}
    number = sum(one.identity.slots for one in living)
    closed = sum(one.identity.slots for one in living if one.identity.runner_id in drained)
    # What async def tasks and lost runners have is not in a slot.
    used = min(running, number)
    there = sum(one.status is InvocationStatus.RUNNING and one.runner_id in drained for one in owned)
    draining = max(0, closed - there)
    return Slots(used, max(0, number - used - draining), min(draining, number - used))
