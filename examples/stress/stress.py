"""Runs a mixed load, kills workers and whole runners meanwhile, and checks that the totals are right.

python stress.py [--kills 10] [--size 1]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from typing import Any

from tasks import app, deposit, doomed, rescued, tree, unreliable

from pynenc.invocation import DistributedInvocation

#: (invocation, what it returns, or the text of the ValueError that it raises)
Expected = list[tuple[DistributedInvocation[Any], object]]
RUNNERS = 2


def submit(size: int) -> Expected:
    """Everything that is to be done, with what must come of it."""
    expected: Expected = [(tree(4, 3), 121) for _ in range(2 * size)]
    expected += [(unreliable(n), n) for n in range(100 * size)]
    expected += [(doomed(n), f"no {n}") for n in range(50 * size)]
    expected += [(rescued(n), f"no {n}") for n in range(50 * size)]
    expected += [(deposit(f"account-{n % 3}", n), n) for n in range(300 * size)]
    return expected


def start_runner(stack: ExitStack) -> "subprocess.Popen[bytes]":
    """One more runner with two worker processes."""
    process = subprocess.Popen([sys.executable, "-m", "pynenc", "--app", "tasks.app", "runner", "start"])
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def kill_one(runners: list["subprocess.Popen[bytes]"], stack: ExitStack, turn: int) -> str:
    """Kill a runner at every other turn, else one of the workers; a killed runner is replaced."""
    if turn % 2:
        victim = random.randrange(len(runners))
        runners[victim].kill()
        killed = f"runner {runners[victim].pid}"
        runners[victim] = start_runner(stack)
        return killed
    while True:
        pid = random.choice(workers_of(runners) or [0])
        if pid:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
                return f"worker {pid}"
        time.sleep(0.01)  # those of new runners are only starting


def workers_of(runners: list["subprocess.Popen[bytes]"]) -> list[int]:
    """The process ids of workers whose runner lives."""
    known = {runner.identity.runner_id: runner.identity for runner in app.orchestrator.list_runners()}
    alive = {runner.pid for runner in runners}
    return [
        identity.pid
        for identity in known.values()
        if identity.parent_id in known and known[identity.parent_id].pid in alive
    ]


def count(*, final: bool) -> int:
    """How many invocations are final, or are not."""
    return sum(n for status, n in app.orchestrator.count_by_status().items() if status.is_final() is final)


def problems_of(expected: Expected) -> list[str]:
    """What is not as it has to be."""
    problems = []
    for invocation, right in expected:
        finals = [entry.status for entry in invocation.history if entry.status.is_final()]
        if len(finals) != 1:
            problems.append(f"{invocation.invocation_id} has the final statuses {finals}")
            continue
        try:
            value: object = invocation.get(0)
        except ValueError as error:
            value = str(error)
        except Exception as error:  # noqa: BLE001  # boundary: any other end is wrong
            value = error
        if value != right:
            problems.append(f"{invocation.invocation_id} came to {value!r} instead of {right!r}")
    waits = app.orchestrator.get_waits()
    if waits:
        problems.append(f"waits are left over: {waits}")
    return problems


def main() -> int:
    """Returns 1 if something was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--kills", type=int, default=10, help="processes to kill, workers and runners in turn"
    )
    parser.add_argument("--size", type=int, default=1, help="how many times 792 invocations")
    options = parser.parse_args()
    app.purge()
    began = time.monotonic()
    expected = submit(options.size)
    with ExitStack() as stack:
        runners = [start_runner(stack) for _ in range(RUNNERS)]
        total = count(final=False)
        # Spread over the work, not over the time: however fast it goes, all of them happen.
        for turn in range(options.kills):
            done = total * (turn + 1) // (options.kills + 1)
            while count(final=True) < done:
                time.sleep(0.01)
            print("killed", kill_one(runners, stack, turn), flush=True)
        while left := count(final=False):
            print(f"{left:>6} to go", end="\r", flush=True)
            time.sleep(0.2)
    problems = problems_of(expected)
    for problem in problems:
        print(problem)
    counts = {status.value: number for status, number in app.orchestrator.count_by_status().items()}
    print(f"{sum(counts.values())} invocations in {time.monotonic() - began:.1f} s: {counts}")
    print("everything is right" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
