"""The program of a process that may be killed: ``python -m integration.faults.victim ROLE SCENARIO``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from integration.faults.place import eventually, is_at_rest, running
from integration.faults.scenarios import CLIENT, SWEEPER, WORKER, Scenario, sweep_until


def submit(sample: Any, scenario: Scenario) -> None:
    """Make the calls; each one is noted after it returned, and before the next one is made."""
    for given in scenario.calls(sample):
        sample.log("accepted", ids=[invocation.invocation_id for invocation in given])


def work(sample: Any, scenario: Scenario) -> None:
    """Run until everything is final."""
    with running(sample):
        eventually(lambda: is_at_rest(sample), "everything is final")


def sweep(sample: Any, scenario: Scenario) -> None:
    """Recover what the ghost holds."""
    pause = threading.Event()

    def is_done() -> bool:
        pause.wait(0.02)
        with sample.faults.uncounted():
            return not sample.app.orchestrator.find_orphans(["ghost"], 1)

    sweep_until(sample, is_done)


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
