"""The program of a process that may be killed: ``python -m integration.faults.victim ROLE SCENARIO``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from integration.faults.place import describe, eventually, is_at_rest, running
from integration.faults.scenarios import CLIENT, GHOST, SWEEPER, WORKER, Scenario, sweeper_of


def submit(sample: Any, scenario: Scenario) -> None:
    """Make the calls; each one is noted after it returned, and before the next one is made."""
    for given in scenario.calls(sample):
        sample.log("accepted", ids=[invocation.invocation_id for invocation in given])


def work(sample: Any, scenario: Scenario) -> None:
    """Run until everything is final."""
    with running(sample):
        eventually(lambda: is_at_rest(sample), lambda: f"everything is final: {describe(sample)}")


def sweep(sample: Any, scenario: Scenario) -> None:
    """Recover what the ghost holds."""
    sweep_once = sweeper_of(sample)

    def is_done() -> bool:
        sweep_once()
        with sample.faults.uncounted():
            return not sample.app.orchestrator.find_orphans([GHOST.runner_id], 1)

    eventually(is_done, "what the ghost held is recovered", pause_seconds=0.03)


ROLES: dict[str, tuple[list[Scenario], Callable[[Any, Scenario], None]]] = {
    "client": (CLIENT, submit),
    "worker": (WORKER, work),
    "sweeper": (SWEEPER, sweep),
}


def main() -> None:
    """Act out a role."""
    from integration.faults import sample  # noqa: PLC0415 - it reads the environment of a victim

    scenarios, act = ROLES[sys.argv[1]]
    act(sample, next(one for one in scenarios if one.name == sys.argv[2]))


if __name__ == "__main__":
    main()
