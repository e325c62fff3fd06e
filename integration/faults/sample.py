"""The tasks of the fault tests. Each process that imports this module finds its settings in the environment."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from pynenc import ConcurrencyControlType, Pynenc
from pynenc.context import current_invocation
from pynenc.engine.heartbeat import Heartbeat
from pynenc.exceptions import RetryError
from pynenc.runner import ThreadRunner
from pynenc.testing import Faults, inject, with_faults
from pynenc.values.status import InvocationStatus

#: JSON: the settings of the app, and the folder where its logs go.
CONFIG = "PYNENC_FAULTS_SAMPLE"

_config = json.loads(os.environ.get(CONFIG, '{"settings": {}, "folder": "."}'))
folder = Path(_config["folder"])
faults = Faults.from_environment()
app = Pynenc(with_faults(_config["settings"]))
inject(app, faults)


class LoneRunner(ThreadRunner):
    """A ThreadRunner without the process that beats in its stead: these runners are many and short-lived."""

    def _heartbeat(self) -> Heartbeat:
        identity, orchestrator, conf = self.identity, self._engine.orchestrator, self._engine.components.conf
        return Heartbeat(
            orchestrator, lambda: (identity,), conf.heartbeat_interval_seconds, conf.lease_seconds
        )


_TASK = ConcurrencyControlType.TASK
_ARGUMENTS = ConcurrencyControlType.ARGUMENTS


def log(name: str, **entry: Any) -> None:
    """Append one line, on the disk before this returns: a process that is killed cannot lie afterwards."""
    line = os.open(folder / name, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.write(line, json.dumps(entry).encode() + b"\n")
        os.fsync(line)
    finally:
        os.close(line)


def _runs() -> None:
    claim = current_invocation().claim
    log("executions", id=claim.invocation_id, epoch=claim.epoch, began=time.monotonic(), pid=os.getpid())


@app.task
def double(n: int) -> int:
    _runs()
    return 2 * n


@app.task(max_retries=2)
def flaky(n: int) -> int:
    _runs()
    if current_invocation().attempt == 1:
        raise RetryError("once more")
    return 2 * n


@app.task
def failing(n: int) -> int:
    _runs()
    raise ValueError(n)


@app.task
def large(text: str) -> str:
    _runs()
    return text + text


@app.task
def parent(n: int) -> int:
    _runs()
    first, second = double(n), double(n + 1)
    return first.result + second.result


@app.task
def fib(n: int) -> int:
    _runs()
    if n < 2:
        return n
    first, second = fib(n - 1), fib(n - 2)
    return first.result + second.result


@app.task(running_concurrency=_TASK, reroute_on_concurrency_control=True)
def limited(n: int) -> int:
    """The first one gives the second one time to be parked behind it."""
    _runs()
    pause = threading.Event()
    deadline = time.monotonic() + (0.5 if n == 0 else 0.0)
    while time.monotonic() < deadline:
        with faults.uncounted():
            counts = app.orchestrator.count_by_status()
        if counts.get(InvocationStatus.CONCURRENCY_CONTROLLED):
            break
        pause.wait(0.002)
    return 2 * n


@app.task(registration_concurrency=_ARGUMENTS)
def merged(n: int) -> int:
    _runs()
    return 2 * n


@app.task
def gated(name: str) -> str:
    """Returns the text of the file ``<name>.<attempt>``, once it exists."""
    _runs()
    epoch = current_invocation().claim.epoch
    gate = folder / f"{name}.{epoch}"
    pause = threading.Event()
    while not gate.exists():
        pause.wait(0.005)
    log("ends", epoch=epoch, pid=os.getpid())
    return gate.read_text()


@app.workflow
def flow(n: int) -> int:
    """Some operations. What they gave is noted, so that attempts can be compared."""
    _runs()
    wf = flow.wf
    given: list[Any] = [wf.random()]
    one, two = double(n), double(n)
    given += [one.invocation_id, two.invocation_id, wf.run_step(_step, "nothing", None)]
    log("given", id=current_invocation().claim.invocation_id, values=given)
    wf.sleep(0.01)
    given += [wf.run_step(_step, "n", n), one.result, two.result]
    log("given", id=current_invocation().claim.invocation_id, values=given)
    return int(given[-2] + given[-1])


def _step(name: str, value: int | None) -> int | None:
    log("steps", step=name, id=current_invocation().claim.invocation_id)
    return value


def expected(task_id: str, arguments: dict[str, Any]) -> Any:
    """What the calls of this module return, or the type of what they raise."""
    name = task_id.rpartition(".")[2]
    if name == "large":
        return 2 * arguments["text"]
    n = arguments["n"]
    if name == "failing":
        return ValueError
    if name == "parent":
        return 4 * n + 2
    if name == "flow":
        return 4 * n
    return _fib(n) if name == "fib" else 2 * n


def _fib(n: int) -> int:
    return n if n < 2 else _fib(n - 1) + _fib(n - 2)
