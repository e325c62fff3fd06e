"""The tasks that the behaviour tests run. Worker processes import this module and find the same settings."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pynenc import Pynenc
from pynenc.context import current_invocation
from pynenc.exceptions import InvocationCancelledError, RetryError, SoftTimeLimitError
from pynenc.invocation import DistributedInvocation

#: JSON of the settings of the app.
CONFIG = "PYNENC_BEHAVIOUR_CONFIG"

app = Pynenc(json.loads(os.environ.get(CONFIG, "{}")))


@dataclass(frozen=True)
class Point:
    x: int
    label: str


class Unlucky(Exception):
    """An exception with a constructor of its own."""

    def __init__(self, code: int, *, why: str) -> None:
        super().__init__(code, why)
        self.code = code
        self.why = why


@app.task
def add(x: int, y: int = 1) -> int:
    return x + y


@app.task
def echo(value: Any) -> Any:
    return value


@app.task
def shift(point: Point, by: int) -> Point:
    return Point(point.x + by, point.label)


@app.task
def fib(n: int) -> int:
    if n < 2:
        return n
    first, second = fib(n - 1), fib(n - 2)
    return first.result + second.result


@app.task
def down(n: int) -> int:
    return 0 if n == 0 else down(n - 1).result + 1


@app.task
def total(values: list[int]) -> int:
    return sum(add.parallelize([(value, 0) for value in values]).get())


@app.task
def total_as_completed(values: list[int]) -> int:
    return sum(add.parallelize([(value, 0) for value in values]).results)


@app.task
def unlucky(code: int) -> None:
    raise Unlucky(code, why="just so")


@app.task
def passes_it_on(code: int) -> str:
    try:
        unlucky(code).get()
    except Unlucky as error:
        return f"caught {error.code} {error.why}"
    return "nothing"


@app.task(max_retries=3)
def succeeds_at(attempt: int) -> int:
    current = current_invocation()
    if current.attempt < attempt:
        raise RetryError(f"attempt {current.attempt}")
    return current.attempt


@app.task
def not_serializable() -> object:
    return {"inner": [threading.Lock()]}


@app.task
def leaves(code: int) -> None:
    sys.exit(code)


@app.task
def uses(target: DistributedInvocation[int]) -> int:
    return target.result * 10


@app.task
def waits_for_file(path: str) -> str:
    """Says by a file ``<path>.begun`` that it runs."""
    Path(f"{path}.begun").touch()
    # A file that is being written exists before it has anything in it.
    while not (Path(path).exists() and Path(path).read_text()):
        time.sleep(0.01)
    return Path(path).read_text()


@app.task
def dies_while(path: str) -> str:
    """Ends its process as long as the file exists."""
    flag = Path(path)
    if flag.exists():
        with Path(path + ".log").open("a") as log:
            log.write(f"{os.getpid()}\n")
        os._exit(9)
    return "survived"


@app.task
async def sleeps(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


@app.task
async def async_total(values: list[int]) -> int:
    invocations = [add(value, 0) for value in values]
    return sum([await invocation.async_result() for invocation in invocations])


@app.task
async def blocks_the_loop(value: int) -> int:
    return add(value, 0).result


@app.task
def waits_for_cancellation(path: str) -> str:
    """Writes a file when it starts and when it is told that it was cancelled."""
    Path(path).write_text("started")
    current = current_invocation()
    try:
        while True:
            current.raise_if_cancelled()
            time.sleep(0.01)
    except InvocationCancelledError:
        Path(path).write_text("cancelled")
        raise


@app.task
async def sleeps_until_cancelled(path: str) -> None:
    Path(path).write_text("started")
    try:
        await asyncio.sleep(600)
    finally:
        Path(path).write_text("cancelled")


@app.task
def calls_and_waits(path: str) -> str:
    return waits_for_cancellation(path).result


@app.task(soft_time_limit=0.2)
def notices_its_soft_limit(path: str) -> str:
    try:
        while True:
            time.sleep(0.01)
    except SoftTimeLimitError as error:
        Path(path).write_text(str(error.message))
        return "noticed"


@app.task(soft_time_limit=0.3)
def waits_longer_than_its_limit(seconds: float) -> float:
    return sleeps(seconds).result


@app.task(time_limit=0.3)
def exceeds_its_limit(path: str) -> str:
    with Path(path).open("a") as log:
        log.write("started\n")
    while True:
        time.sleep(0.01)


@app.task(time_limit=0.3)
async def async_exceeds_its_limit() -> None:
    await asyncio.sleep(600)


@app.task(max_retries=2)
def remembers() -> str:
    current = current_invocation()
    if current.attempt < 3:
        raise RetryError(f"number {current.attempt}")
    return f"{type(current.last_exception).__name__}: {current.last_exception}"


@app.task(max_retries=2, retry_backoff=0.2)
def backs_off() -> int:
    current = current_invocation()
    if current.attempt < 3:
        raise RetryError("not yet")
    return current.attempt


@app.task(running_concurrency="task", reroute_on_concurrency_control=True)
def one_at_a_time(log: str, number: int) -> int:
    _note(log, f"start {number}")
    time.sleep(0.01)
    _note(log, f"end {number}")
    return number


@app.task(running_concurrency="task", max_running=2, reroute_on_concurrency_control=True)
async def two_at_a_time(log: str, number: int) -> int:
    _note(log, f"start {number}")
    await asyncio.sleep(0.02)
    _note(log, f"end {number}")
    return number


@app.task(running_concurrency="keys", key_arguments=("key",))
def refused_when_running(key: str, gate: str) -> str:
    while not Path(gate).exists():
        time.sleep(0.01)
    return key


@app.task(registration_concurrency="keys", key_arguments=("key",))
def merged_while_waiting(key: str, value: int) -> int:
    return value


@app.task(registration_concurrency="task", on_diff_non_key_args_raise=True)
def strictly_merged(value: int) -> int:
    return value


@app.task(running_concurrency="task", reroute_on_concurrency_control=True)
def needs_itself(depth: int) -> int:
    return 0 if depth == 0 else between(depth - 1).result


@app.task
def between(depth: int) -> int:
    return needs_itself(depth).result


@app.task
def process_id() -> int:
    return os.getpid()


IMPORTED_IN = os.getpid()


@app.task
def importing_process_id() -> int:
    return IMPORTED_IN


@app.task
def runs_in(log: str, seconds: float) -> int:
    _note(log, f"start {os.getpid()}")
    time.sleep(seconds)
    return os.getpid()


@app.task
def exits_hard(code: int) -> None:
    os._exit(code)


@app.task
def crashes() -> None:
    ctypes.string_at(0)


@app.task
def forks(comes_back: bool) -> int:
    """Returns the exit code of a fork, which may return from the task as well."""
    pid = os.fork()
    if pid == 0:
        if comes_back:
            return -1
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@app.task
def leaves_a_fork_behind() -> int:
    """Ends while a fork of its process goes on."""
    pid = os.fork()
    if pid == 0:
        time.sleep(120)
        os._exit(0)
    return pid


@app.task
def ends_a_program() -> int:
    program = subprocess.Popen(["sleep", "120"])
    program.terminate()
    return program.wait(20)


_KEPT: list[bytearray] = []


@app.task
def grows(megabytes: int) -> int:
    _KEPT.append(bytearray(os.urandom(2**20) * megabytes))
    return os.getpid()


@app.task
def holds_the_interpreter(log: str, seconds: float) -> str:
    _note(log, "start")
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))
    return "done"


def _note(log: str, line: str) -> None:
    with Path(log).open("a") as file:
        file.write(line + "\n")


# -- called like functions ----------------------------------------------------------------------------


@app.direct_task
def direct_shift(point: Point, by: int = 1) -> Point:
    return Point(point.x + by, f"{point.label} on {current_invocation().attempt}")


@app.direct_task
def direct_fib(n: int) -> int:
    return n if n < 2 else direct_fib(n - 1) + direct_fib(n - 2)


@app.direct_task
async def direct_sleeps(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


@app.direct_task(max_retries=1)
def direct_unlucky(code: int) -> None:
    if current_invocation().attempt == 1:
        raise RetryError("not yet")
    raise Unlucky(code, why="just so")


@app.direct_task(parallel_func=lambda args: [(value,) for value in args["values"]], aggregate_func=sum)
def direct_total(values: Any) -> int:
    return int(values)


def _shared_factor(args: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    return {"factor": args["factor"]}, ({"values": [value]} for value in args["values"])


@app.direct_task(parallel_func=_shared_factor, aggregate_func=sorted)
async def direct_scaled(values: list[int], factor: int = 10) -> int:
    return values[0] * factor


# -- stored results and large values ------------------------------------------------------------------


@app.task(call_result_cache=True)
def cached(log: str, x: int) -> Point:
    _note(log, f"{x}")
    return Point(x, "computed")


@app.task(call_result_cache=True)
def cached_at_the_second_call(log: str) -> str:
    _note(log, "called")
    if len(Path(log).read_text().splitlines()) == 1:
        raise ValueError("the first time")
    return "made"


@app.task
def measures(text: str, number: int = 0) -> int:
    return len(text) + number


@app.task
def lengthens(text: str, times: int) -> str:
    return text * times


# -- settings and logs --------------------------------------------------------------------------------


@app.task(max_retries=1, retry_for=(Unlucky,))
def sees_its_settings() -> list[Any]:
    conf = sees_its_settings.conf
    return [conf.max_retries, conf.running_concurrency.value, conf.origin("max_retries")]


@app.task
def talks(text: str, password: str, options: dict[str, str]) -> str:
    talks.logger.info("says %s", text)
    return talks.invocation.invocation_id


# -- workflows ----------------------------------------------------------------------------------------


@app.workflow
def journey(n: int, log: str) -> dict[str, Any]:
    """Something of everything, noting what is really carried out."""
    wf = journey.wf
    number, name, began = wf.random(), wf.uuid(), str(wf.utc_now())
    first, second = add(n, 1), add(n, 1)
    wf.sleep(0.05)
    step = wf.run_step(_append, log, "step")
    wf.set_data("n", n)
    told = wf.receive("go")
    inner = rest(n).result
    return {
        "values": [number, name, began],
        "ids": [first.invocation_id, second.invocation_id],
        "sum": first.result + second.result,
        "group": list(add.parallelize([(1, n), (2, n)]).results),
        "step": step,
        "told": told,
        "inner": inner,
        "data": wf.get_data("n"),
    }


@app.workflow
def rest(n: int) -> list[Any]:
    rest.wf.sleep(0.02)
    identity = rest.wf.identity
    return [n, identity.is_subworkflow, rest.wf.get_data("n", "nothing")]


@app.workflow
def survives(log: str) -> list[Any]:
    """Its worker dies once, after a step and two calls."""
    wf = survives.wf
    before = [wf.random(), wf.run_step(_append, log, "before"), add(1, 1).result]
    _append(log, "attempt")
    if wf.run_step(_count, log, "attempt") == Path(log).read_text().split().count("attempt") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return [*before, wf.run_step(_append, log, "after")]


def _append(log: str, what: str) -> None:
    with Path(log).open("a") as file:
        file.write(what + "\n")


def _count(log: str, what: str) -> int:
    return Path(log).read_text().split().count(what)


@app.workflow
def counts(operations: int) -> int:
    return sum(counts.wf.run_step(int, 1) for _ in range(operations))
