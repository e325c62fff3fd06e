"""Repeats a scenario with a fault at store call 1, 2, 3, ... until it ends without having reached it.

With ``PYNENC_TEST_FAULT_STRIDE=n`` only every n-th call fails, for a quick look; unset, every one does.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.backends.parts import Backend
from integration.faults.history_checker import read
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
from pynenc.testing import Fault, FaultMode, Faults
from pynenc.values.ids import InvocationId

STRIDE = "PYNENC_TEST_FAULT_STRIDE"
#: Runs at the same time: most of their time they wait for a runner to be thought dead.
_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Reached:
    """A run that came to its fault, and was judged good afterwards."""

    at: int
    operation: str = ""


def scan(run: Callable[[int], Reached | None]) -> list[Reached]:
    """Call ``run`` with 1, 2, 3, ... until it says that it did not come so far; several at once."""
    numbers = itertools.count(1, int(os.environ.get(STRIDE, "1")))
    reached: list[Reached] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        flying: set[Future[Reached | None]] = set()
        goes_on = True
        while goes_on or flying:
            while goes_on and len(flying) < _AT_ONCE:
                flying.add(pool.submit(run, next(numbers)))
            landed, flying = wait(flying, return_when=FIRST_COMPLETED)
            for one in landed:
                found = one.result()
                goes_on = goes_on and found is not None
                if found is not None:
                    reached.append(found)
    return sorted(reached, key=lambda one: one.at)


def run_and_kill(
    backend: Backend, folder: Path, role: str, scenario: Scenario, mode: FaultMode, at: int
) -> Reached | None:
    """Have a process killed at a call; have clean ones do what is left, and judge."""
    place = Place(backend, folder / f"{at}")
    place.folder.mkdir()
    if role != "client":
        _prepare(place.load(scenario.settings), scenario)
    settings = {**place.calm(), **scenario.settings} if role == "worker" else scenario.settings
    with place.start(["integration.faults.victim", role, scenario.name], Fault(at, mode), settings) as victim:
        code = victim.wait(DEADLINE_SECONDS)
    assert code in (0, -signal.SIGKILL), (place.folder / "stderr").read_text()
    sample = drain(place, scenario.lasting_settings)
    kills = int(code != 0 and role == "worker")
    require_good(
        place, sample, kills=kills, uncertain=_unannounced(place, sample), expected=scenario.expected
    )
    require_nothing_left(place, sample)
    sample.app.close()
    return Reached(at) if code else None


def run_with_error(
    backend: Backend, folder: Path, role: str, scenario: Scenario, mode: FaultMode, at: int
) -> Reached | None:
    """Have a call fail; whoever made it has to go on by itself. Then judge."""
    place = Place(backend, folder / f"{at}")
    place.folder.mkdir()
    settings = {**place.calm(), **scenario.settings} if role == "worker" else scenario.settings
    sample = place.load(settings)
    if role != "client":
        _prepare(sample, scenario)
    faults: Faults = sample.faults
    faults.arm(Fault(at, mode))
    uncertain: list[InvocationId] = []
    try:
        ROLES[role][1](sample, scenario)
    except StoreError as error:
        _require_fitting(error, role, mode)
        uncertain = _require_all_or_nothing(place, sample, scenario, error)
    happened, calls = faults.happened.is_set(), faults.calls
    faults.arm(None)
    if role == "client":
        work(sample, scenario)
    elif role == "sweeper":
        sample = drain(place, scenario.lasting_settings)
    require_good(place, sample, uncertain=uncertain, expected=scenario.expected)
    require_nothing_left(place, sample)
    sample.app.close()
    return Reached(at, calls[at - 1]) if happened else None


def _require_fitting(error: StoreError, role: str, mode: FaultMode) -> None:
    assert role == "client", f"only a client may see that a store failed: {error!r}"
    assert isinstance(error, CommitUnknownError) is (mode is FaultMode.ERROR_AFTER)


def _prepare(sample: Any, scenario: Scenario) -> None:
    submit(sample, scenario)
    if scenario.before is not None:
        scenario.before(sample)


def _unannounced(place: Place, sample: Any) -> list[InvocationId]:
    """What exists although its client died before it knew: the whole last call, or nothing of it."""
    known = set(place.accepted())
    records = read(sample.app.orchestrator).records.values()
    return [r.invocation_id for r in records if r.parent_id is None and r.invocation_id not in known]


def _require_all_or_nothing(
    place: Place, sample: Any, scenario: Scenario, error: StoreError
) -> list[InvocationId]:
    extra = _unannounced(place, sample)
    if not isinstance(error, CommitUnknownError):
        assert extra == []
    elif error.invocation_id is not None:
        assert extra in ([], [error.invocation_id])
    return extra


def require_nothing_left(place: Place, sample: Any) -> None:
    """Keys of registration and places of running calls are free: a further call of each kind is done."""
    with running(sample):
        for task in (sample.limited, sample.merged):
            require_value(task(1), sample.expected)
