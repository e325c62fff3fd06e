"""Repeats a scenario with a fault at store call 1, 2, 3, ... until it ends without having reached it.

``PYNENC_TEST_FAULT_STRIDE=n`` has every n-th call fail: 1 for all of them, more for a quick look. Unset it is 1, and 2
where processes are killed on several stores: before and after every other call is after every call, too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.backends.parts import Backend
from integration.faults import history_checker
from integration.faults.place import (
    DEADLINE_SECONDS,
    Place,
    drain,
    require_good,
    require_value,
    running,
)
from integration.faults.scenarios import Scenario
from integration.faults.victim import ROLES, submit, work

from pynenc.exceptions import CommitUnknownError, StoreError
from pynenc.testing import Fault, FaultMode
from pynenc.values.ids import InvocationId

STRIDE = "PYNENC_TEST_FAULT_STRIDE"
#: Runs at the same time: most of their time they wait for a runner to be thought dead.
_AT_ONCE = 6

#: One run with a fault at a call; whether it came so far.
Run = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, acted out in a role on a backend; each run has a folder of its own."""

    backend: Backend
    folder: Path
    role: str
    scenario: Scenario

    def place(self, name: str) -> Place:
        """An empty place, with the calls made where somebody else made them."""
        place = Place(self.backend, self.folder / name)
        place.folder.mkdir()
        return place

    def settings(self, place: Place) -> dict[str, Any]:
        """The settings of whoever may meet a fault."""
        calm = place.calm() if self.role == "worker" else {}
        return {**calm, **self.scenario.settings}

    def prepare(self, sample: Any) -> None:
        """What happens before the role begins."""
        if self.role != "client":
            submit(sample, self.scenario)
        if self.scenario.before is not None:
            self.scenario.before(sample)

    def act(self, sample: Any) -> None:
        """Act out the role in this process."""
        ROLES[self.role][1](sample, self.scenario)


def count_calls(case: Case) -> int:
    """How many store calls a run without a fault makes."""
    place = case.place("clean")
    sample = place.load(case.settings(place))
    case.prepare(sample)
    sample.faults.arm(None)
    case.act(sample)
    count = len(sample.faults.calls)
    sample.app.close()
    return count


def scan(case: Case, run: Run, *, stride: int = 1) -> int:
    """Make a run for every call, and further ones until the fault is not reached; returns how many reached it."""
    stride = int(os.environ.get(STRIDE, stride))
    expected = range(1, count_calls(case) + 1, stride)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reached = sum(pool.map(run, expected))
    return reached + _go_on(run, range(expected[-1] + stride, 10_000, stride))


def _go_on(run: Run, numbers: Iterable[int]) -> int:
    """Calls that were not counted on: a fault makes further ones."""
    reached = 0
    for at in numbers:
        if not run(at):
            break
        reached += 1
    return reached


def run_and_kill(case: Case, mode: FaultMode, at: int) -> bool:
    """Have a process killed at a call; have clean ones do what is left, and judge."""
    place = case.place(str(at))
    if case.role != "client":
        case.prepare(place.load(case.settings(place)))
    program = ["integration.faults.victim", case.role, case.scenario.name]
    with place.start(program, Fault(at, mode), case.settings(place)) as victim:
        code = victim.wait(DEADLINE_SECONDS)
    assert code in (0, -signal.SIGKILL), (place.folder / "stderr").read_text()
    sample = drain(place, case.scenario.lasting_settings)
    unannounced = _unannounced(place, sample)
    whole = case.scenario.batch if case.role == "client" else 0
    assert len(unannounced) in (0, whole), "a part of a call was registered"
    require_good(
        place,
        sample,
        kills=int(code != 0 and case.role == "worker"),
        uncertain=unannounced,
        expected=case.scenario.expected,
    )
    require_nothing_left(sample)
    sample.app.close()
    return code != 0


def run_with_error(case: Case, mode: FaultMode, at: int) -> bool:
    """Have a call fail; whoever made it has to go on by itself. Then judge."""
    place = case.place(str(at))
    sample = place.load(case.settings(place))
    case.prepare(sample)
    sample.faults.arm(Fault(at, mode))
    try:
        case.act(sample)
    except StoreError as error:
        _require_fitting(error, case.role, mode)
    happened = sample.faults.happened.is_set()
    sample.faults.arm(None)
    if case.role == "client":
        work(sample, case.scenario)
    elif case.role == "sweeper":
        sample = drain(place, case.scenario.lasting_settings)
    require_good(place, sample, expected=case.scenario.expected)
    require_nothing_left(sample)
    sample.app.close()
    return bool(happened)


def _require_fitting(error: StoreError, role: str, mode: FaultMode) -> None:
    assert role == "client", f"only a client may see that a store failed: {error!r}"
    assert isinstance(error, CommitUnknownError) is (mode is FaultMode.ERROR_AFTER)


def _unannounced(place: Place, sample: Any) -> list[InvocationId]:
    """What exists although its client does not know of it: that is its latest call."""
    accepted = set(place.accepted())
    records = history_checker.read(sample.app.orchestrator).records.values()
    return [r.invocation_id for r in records if r.parent_id is None and r.invocation_id not in accepted]


def require_nothing_left(sample: Any) -> None:
    """Keys of registration and places of running calls are free: a further call of each kind is done."""
    with running(sample):
        for task in (sample.limited, sample.merged):
            require_value(task(1), sample.expected)
