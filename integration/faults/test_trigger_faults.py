"""Whoever reacts may die or see an error at any store call: each occurrence becomes one invocation."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import time
import uuid
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from integration.backends.parts import Backend
from integration.faults import trigger_runner
from integration.faults.trigger_runner import make_app, make_reactor

from pynenc import Pynenc
from pynenc.engine.reactions import LEASE_SECONDS
from pynenc.exceptions import StoreError
from pynenc.testing import Fault, FaultMode, Faults, inject, with_faults
from pynenc.values.clock import SystemClock
from pynenc.values.operations import InvocationQuery


class MovableClock(SystemClock):
    """The time of this machine, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:  # type: ignore[override]  # that of the class is a function of a module
        return time.time() + self.ahead


def config_of(backend: Backend, folder: Path) -> dict[str, Any]:
    return {
        "app_id": f"faults-{uuid.uuid4().hex}",
        "logging_level": "critical",
        "publish_timeout_seconds": 0.5,
        **backend.settings(folder),
    }


def invocations(app: Pynenc) -> Counter[str]:
    """How many there are of each task."""
    records = app.orchestrator.list_records(InvocationQuery(limit=10_000))
    return Counter(record.task_id.rpartition(".")[2] for record in records)


EXPECTED = {"source": 1, "on_source": 1, "on_order": 2, "on_both": 1}


@pytest.mark.parametrize("mode", [FaultMode.ERROR_BEFORE, FaultMode.ERROR_AFTER])
def test_whoever_reacts_may_end_at_any_store_call(backend: Backend, tmp_path: Path, mode: FaultMode) -> None:
    """One pass ends at its first, second, … store call, for good; another runner goes on after the lease."""
    if not backend.takes_clock:
        pytest.skip("its time cannot be moved past the lease; those that start and die go by its own")
    at, happened = 0, True
    while happened:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        clock = MovableClock()
        app = make_app(with_faults(config_of(backend, folder)))
        with app.overridden({}, clock):
            first, second = make_reactor(app, "first"), make_reactor(app, "second")
            for reactor in (first, second):
                reactor.run_pass()
            app.tasks[next(task for task in app.tasks if task.func_name == "source")]()
            for code, payload in (("order", {"n": 1}), ("left", {}), ("right", {}), ("order", {"n": 2})):
                app.trigger.emit_event(code, payload)
            clock.ahead += 1.5  # a tick is due as well
            faults = Faults(Fault(at, mode))
            inject(app, faults)
            with contextlib.suppress(StoreError):
                first.run_pass()
            happened = faults.happened.is_set()
            inject(app, Faults())
            clock.ahead += LEASE_SECONDS + 0.5
            while second.run_pass():
                pass
            found = invocations(app)
            ticks = found.pop("on_tick")
            assert found == EXPECTED, (at, found)
            fired = app.trigger.list_runs(limit=1000)
            instants = sorted(
                datetime.fromisoformat(run.occurrence_ids[0]).timestamp()
                for run in fired
                if run.trigger_id.endswith("on_tick#1")
            )
            assert len(instants) == ticks
            assert [b - a for a, b in pairwise(instants)] == [1.0] * (ticks - 1)
            assert [run.error for run in fired if run.error] == []
            app.purge()
    assert at > 10, faults.calls


@pytest.mark.parametrize("number", [1, 2, 4, 20])
def test_runners_that_start_and_die_miss_nothing_and_double_nothing(
    backend: Backend, tmp_path: Path, number: int
) -> None:
    if not backend.capabilities.multi_process:
        pytest.skip("whoever could die would take the store along")
    dice = random.Random(number)  # not a secret
    config = config_of(backend, tmp_path)
    app = make_app(config)
    make_reactor(app, "parent").run_pass()  # the schedules begin here
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([trigger_runner.__name__])
    running: list[Any] = []
    emitted = started = 0
    until = time.monotonic() + 4.5
    while time.monotonic() < until:
        while len(running) < number:
            started += 1
            lifetime = dice.uniform(0.5, 3)
            arguments = (config, f"runner-{started}", lifetime)
            process = context.Process(target=trigger_runner.main, args=arguments, daemon=True)
            process.start()
            running.append(process)
        app.trigger.emit_event("order", {"n": emitted})
        emitted += 1
        time.sleep(dice.uniform(0.02, 0.1))
        if dice.random() < 0.2:
            dice.choice(running).kill()
        running = [process for process in running if process.is_alive()]
    for process in running:
        process.kill()
        process.join()
    last = make_reactor(app, "last")
    deadline = time.monotonic() + LEASE_SECONDS + 10
    while invocations(app)["on_order"] < emitted and time.monotonic() < deadline:
        last.run_pass()
        time.sleep(0.05)
    while last.run_pass():
        pass
    assert invocations(app)["on_order"] == emitted
    records = app.orchestrator.list_records(InvocationQuery(limit=10_000))
    orders = [record.args_preview for record in records if record.task_id.endswith("on_order")]
    assert len(set(orders)) == emitted
    ticks = {
        run.occurrence_ids[0] for run in app.trigger.list_runs(limit=10_000) if "on_tick" in run.trigger_id
    }
    instants = sorted(datetime.fromisoformat(tick).timestamp() for tick in ticks)
    assert len(instants) >= 4
    assert instants == [instants[0] + second for second in range(len(instants))]
    assert invocations(app)["on_tick"] == len(instants)
    app.purge()
    app.close()
