"""The tasks that the behaviour tests run. Worker processes import this module and find the same settings."""

from __future__ import annotations

import asyncio
import json
import os
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
    while not Path(path).exists():
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


def _note(log: str, line: str) -> None:
    with Path(log).open("a") as file:
        file.write(line + "\n")
