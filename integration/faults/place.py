"""Where one run of a fault test happens: a folder, an app id, and what was noted there."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from integration.backends.parts import Backend, Site
from integration.faults import history_checker
from integration.faults.history_checker import ClientLog, Execution

from pynenc.exceptions import StoreError
from pynenc.invocation import DistributedInvocation
from pynenc.testing import FAULT_VARIABLE, Fault
from pynenc.values.clock import SystemClock
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc.values.status import FINAL, InvocationStatus

ROOT = Path(__file__).parent.parent.parent
SAMPLE = "integration.faults.sample"
_CONFIG = "PYNENC_FAULTS_SAMPLE"
#: Nothing that is waited for here takes longer, except when it is broken.
DEADLINE_SECONDS = 60.0

#: Recovery within a second.
FAST = {
    "heartbeat_interval_seconds": 0.1,
    "runner_considered_dead_after_minutes": 0.5 / 60,
    "sweep_interval_seconds": 0.1,
    "lease_seconds": 0.3,
    "max_pending_seconds": 0.5,
    "logging_level": "critical",
    "runner_cls": "LoneRunner",
    "threadrunner": {"max_threads": 2},
}
_ONE_SLOT = {"threadrunner": {"max_threads": 1}}
#: A runner whose store calls are those of its work alone: it beats once, and never sweeps.
_QUIET = {"heartbeat_interval_seconds": 3600.0, "sweep_interval_seconds": 3600.0}

_importing = threading.Lock()


def eventually(
    condition: Callable[[], Any],
    what: str | Callable[[], str],
    seconds: float = DEADLINE_SECONDS,
    pause_seconds: float = 0.005,
) -> None:
    """Return once a condition holds; fail when it does not in time."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        pause.wait(pause_seconds)


def has_one_store(backend: Backend, folder: Path) -> bool:
    """Whether all components of an app share a store."""
    return len(backend.build(Site(folder, SystemClock()), "any").stores()) == 1


@dataclass(frozen=True, slots=True)
class Place:
    """One app on one backend, and the settings with which its processes use it."""

    backend: Backend
    folder: Path
    app_id: str = field(default_factory=lambda: f"faults-{uuid.uuid4().hex}")

    def settings(self, *more: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of the app; later ones win."""
        settings: dict[str, Any] = {"app_id": self.app_id, **self.backend.settings(self.folder), **FAST}
        for one in more:
            settings |= one
        return settings

    def calm(self) -> dict[str, Any]:
        """Settings of a runner that does one thing at a time, and little besides."""
        # What a queue of its own has to be told of again, a sweeper tells it.
        return {**_ONE_SLOT, **_QUIET} if has_one_store(self.backend, self.folder) else _ONE_SLOT

    def load(self, *more: Mapping[str, Any]) -> Any:
        """A module ``sample`` of its own, with an app of its own, in this process."""
        spec = importlib.util.find_spec(SAMPLE)
        assert spec is not None
        assert spec.loader is not None
        module: ModuleType = importlib.util.module_from_spec(spec)
        with _importing:
            os.environ[_CONFIG] = self._config(*more)
            try:
                spec.loader.exec_module(module)
            finally:
                del os.environ[_CONFIG]
        return module

    def start(
        self, program: list[str], fault: Fault | None = None, *more: Mapping[str, Any]
    ) -> subprocess.Popen[str]:
        """A process of this app: ``python -m`` and ``program``."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), _CONFIG: self._config(*more)}
        environment.pop(FAULT_VARIABLE, None)
        if fault is not None:
            environment[FAULT_VARIABLE] = str(fault)
        return subprocess.Popen(
            [sys.executable, "-m", *program],
            env=environment,
            cwd=self.folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr").open("a"),
        )

    def start_runner(self, *more: Mapping[str, Any]) -> subprocess.Popen[str]:
        """A process that runs invocations, as a user would start it."""
        return self.start(["pynenc", "--app", SAMPLE, "runner", "start"], None, *more)

    def _config(self, *more: Mapping[str, Any]) -> str:
        return json.dumps({"settings": self.settings(*more), "folder": str(self.folder)})

    def open_gate(self, epoch: int, text: str) -> None:
        """Let an attempt of ``gated("gate")`` return a text; it is there as a whole or not at all."""
        draft = self.folder / "draft"
        draft.write_text(text)
        draft.rename(self.folder / f"gate.{epoch}")

    # -- what was noted -------------------------------------------------------------------------------

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The entries of a log."""
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def accepted(self) -> list[InvocationId]:
        """The ids that clients were given, in order."""
        return [InvocationId(found) for line in self.lines("accepted") for found in line["ids"]]

    def executions(self) -> list[Execution]:
        """The attempts whose code began."""
        return [Execution(InvocationId(e["id"]), e["epoch"], e["began"]) for e in self.lines("executions")]


@contextmanager
def running(sample: Any) -> Iterator[Any]:
    """The runner of a loaded sample, in a thread; begun anew when the store fails it at its very start."""
    runner = sample.app.runner
    ended = threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            while True:
                try:
                    runner.run()
                except StoreError:
                    continue
                return
        except BaseException as error:
            errors.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    eventually(lambda: runner.running or ended.is_set(), "the runner runs")
    try:
        yield runner
    finally:
        runner.stop_runner_loop()
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive(), "the runner does not stop"
        assert not errors, errors


def is_at_rest(sample: Any) -> bool:
    """Whether every invocation is final."""
    with sample.faults.uncounted():
        counts = sample.app.orchestrator.count_by_status()
    return all(status in FINAL for status in counts)


def drain(place: Place, *more: Mapping[str, Any]) -> Any:
    """Have a fresh runner do what is left; returns the sample that did."""
    sample = place.load(*more)
    with running(sample):
        eventually(lambda: is_at_rest(sample), lambda: f"everything is final: {describe(sample)}")
    return sample


def describe(sample: Any) -> str:
    """What is not final."""
    with sample.faults.uncounted():
        evidence = history_checker.read(sample.app.orchestrator)
    return "; ".join(
        f"{found} {record.task_id.rpartition('.')[2]} "
        + " → ".join(
            f"{entry.status}({entry.reason})" if entry.reason else str(entry.status)
            for entry in evidence.histories[found]
        )
        for found, record in evidence.records.items()
        if not record.status.is_final()
    )


def require_good(
    place: Place,
    sample: Any,
    *,
    uncertain: list[InvocationId] | None = None,
    kills: int = 0,
    expected: Callable[[str, dict[str, Any]], Any] | None = None,
) -> None:
    """Judge a run that came to rest: histories, counts, waits, places, values, executions.

    Args:
        place: Where it happened.
        sample: An app to look with.
        uncertain: Ids that clients asked for without learning whether they were accepted.
        kills: How many runners were killed or thought dead.
        expected: What each call returns; by default what the sample says.
    """
    orchestrator = sample.app.orchestrator
    evidence = history_checker.read(orchestrator)
    executions = place.executions()
    clients = ClientLog(place.accepted(), uncertain or [])
    objections = history_checker.judge(evidence, clients, executions)
    assert not objections, objections
    mine = _runners_of_this_process(sample)
    for found, record in evidence.records.items():
        began = sum(execution.invocation_id == found for execution in executions)
        # A runner here that had no processor for too long was taken for dead, though nobody killed it.
        excused = sum(
            entry.status is InvocationStatus.KILLED
            or (entry.status is InvocationStatus.RUNNING_RECOVERY and entry.runner_id in mine)
            for entry in evidence.histories[found]
        )
        expected_runs = 1 + record.retries + evidence.sleeps(found)
        assert began <= expected_runs + excused + kills, f"{record.task_id} began {began} times"
        assert record.token is None, f"{record.task_id} is {record.status} and owned"
        require_value(sample.app.get_invocation(found), expected or sample.expected)
        if record.workflow_id == found:
            _require_replayed(place, sample, found, kills)


def _require_replayed(place: Place, sample: Any, workflow_id: InvocationId, kills: int) -> None:
    """Every attempt of a workflow was given the same, and no step or call was done for a second time."""
    given = [line["values"] for line in place.lines("given") if line["id"] == workflow_id]
    longest = max(given, key=len)
    assert all(values == longest[: len(values)] for values in given), given
    others = [line["values"] for line in place.lines("given") if line["id"] != workflow_id]
    assert all(values[0] != longest[0] for values in others), "two workflows share a random number"
    steps = [line["step"] for line in place.lines("steps") if line["id"] == workflow_id]
    assert len(steps) <= len(set(steps)) + kills, f"steps of one workflow: {steps}"
    children = sample.app.orchestrator.list_records(InvocationQuery(parent_id=workflow_id))
    operations = sample.app.engine.workflows.operations(workflow_id)
    assert [one.seq for one in operations] == list(range(1, len(operations) + 1))
    assert {one.child_id for one in operations if one.child_id} == {one.invocation_id for one in children}


def _runners_of_this_process(sample: Any) -> set[str | None]:
    runners = sample.app.orchestrator.list_runners(include_stopped=True)
    return {runner.identity.runner_id for runner in runners if runner.identity.pid == os.getpid()}


def require_value(
    invocation: DistributedInvocation[Any], expected: Callable[[str, dict[str, Any]], Any]
) -> None:
    """An invocation's result, or the type of its exception, is the expected one."""
    value = expected(str(invocation.task_id), dict(invocation.arguments.kwargs))
    assert invocation.wait(DEADLINE_SECONDS), f"not final: {[entry.status for entry in invocation.history]}"
    try:
        got = invocation.get()
    except Exception as error:
        got = type(error)
    assert got == value, f"{invocation.task_id} gave {got!r} instead of {value!r}"


def worker_processes(pid: int) -> list[int]:
    """Worker processes that a runner's process started and that live."""
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return found
    for child in children:
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"pynenc.cli.worker" in command and b"worker" in command:
            found.append(int(child))
    return found


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
