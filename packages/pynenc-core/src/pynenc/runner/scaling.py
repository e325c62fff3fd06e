"""How many workers a backlog needs. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is known about the workers of one runner that take work."""

    #: All of them, those that are still starting included.
    workers: int
    starting: int
    #: Those that had nothing to do for longer than the idle timeout.
    idle_for_long: int
    #: Slots that work, over all workers.
    busy_slots: int
    slots_per_worker: int
    #: Invocations that could be claimed now.
    backlog: int


def is_full(load: Load) -> bool:
    """Whether every slot of those that have started works: only then does a backlog mean that some are missing.

    What is available while a slot is free is not due yet, or nothing that these workers can run.
    """
    return load.busy_slots >= (load.workers - load.starting) * load.slots_per_worker


def wanted_workers(load: Load, minimum: int, maximum: int) -> int:
    """How many workers there should be: enough for the backlog, fewer when some idle, within the bounds."""
    wanted = load.workers - load.idle_for_long
    if is_full(load):
        waiting = load.backlog - load.starting * load.slots_per_worker
        wanted = load.workers + max(0, -(-waiting // load.slots_per_worker))
    return max(minimum, min(wanted, maximum))
