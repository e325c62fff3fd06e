"""The app that is measured. Worker processes import this module and find the same settings."""

from __future__ import annotations

import asyncio
import json
import os

from benchmarks.harness import workloads

from pynenc import Pynenc
from pynenc.context import current_invocation
from pynenc.exceptions import RetryError

app = Pynenc(json.loads(os.environ["BENCHMARK_PYNENC"]))


@app.task
def add(x: int, y: int) -> int:
    return workloads.add(x, y)


@app.task
def burn(milliseconds: int) -> int:
    return workloads.burn(milliseconds)


@app.task
def hold(gate: str, name: str) -> str:
    return workloads.hold(gate, name)


@app.task
def fib(n: int) -> int:
    """Every call waits for two others."""
    if n < 2:
        return n
    first, second = fib(n - 1), fib(n - 2)
    return first.result + second.result


@app.task
async def doze(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


@app.task(max_retries=1, retry_backoff=20.0, retry_jitter=True)
def second_attempt(number: int) -> int:
    """Succeeds when it is repeated, 10 to 20 seconds later."""
    if current_invocation().attempt == 1:
        raise RetryError("once more")
    return number


@app.workflow
def steps(count: int) -> int:
    """So many durable steps, one after the other."""
    return sum(steps.wf.run_step(workloads.add, number, 1) for number in range(count))
