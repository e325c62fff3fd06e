"""Tasks for the tests of the harness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pynenc import ConcurrencyControlType, Pynenc
from pynenc.exceptions import ResultTimeoutError, RetryError

app = Pynenc({"app_id": "harness-sample", "logging_level": "error"})

#: What the tasks did, in order.
log: list[Any] = []
#: Called by ``calls_out``.
outside: list[Callable[[], Any]] = []


@app.task
def add(x: int, y: int) -> int:
    log.append(("add", x, y))
    return x + y


@app.task
def total(values: list[int]) -> int:
    return sum(add.parallelize([(value, 0) for value in values]).get())


@app.task
def total_as_completed(values: list[int]) -> int:
    return sum(add.parallelize([(value, 0) for value in values]).results)


@app.task
def down(n: int) -> int:
    return 0 if n == 0 else down(n - 1).result + 1


@app.task(max_retries=3, retry_backoff=10)
def flaky(failures: int) -> str:
    log.append("flaky")
    if log.count("flaky") <= failures:
        raise RetryError("not yet")
    return "done"


@app.task
def waits_for_flaky(failures: int, timeout: float | None = None) -> str:
    try:
        return flaky(failures).get(timeout=timeout)
    except ResultTimeoutError:
        return "gave up"


@app.task
def broken() -> None:
    raise LookupError("broken")


@app.task
def waits_for_broken() -> str:
    try:
        broken().result  # noqa: B018
    except LookupError as error:
        return str(error)
    return "no error"


@app.task(
    running_concurrency=ConcurrencyControlType.KEYS,
    key_arguments=("account",),
    reroute_on_concurrency_control=True,
    max_retries=1,
    retry_backoff=5,
)
def book(account: str, amount: int) -> int:
    log.append((account, amount))
    outside[0]() if outside else None
    return amount


@app.task
def books(account: str) -> int:
    log.append("books")
    return book(account, 1).result


@app.task
async def async_add(x: int, y: int) -> int:
    await asyncio.sleep(0)
    return x + y


@app.task
async def async_total(values: list[int]) -> int:
    calls = [async_add(value, 0) for value in values]
    first = await add(0, 0).async_result()
    return first + sum(await asyncio.gather(*(call.async_result() for call in calls)))


@app.task
async def async_patience(failures: int, timeout: float) -> str:
    try:
        return await flaky(failures).async_result(timeout)
    except ResultTimeoutError:
        return "gave up"


@app.task
def mixed(values: list[int]) -> int:
    return async_total(values).result + total(values).result


@app.task(max_retries=1)
def calls_out() -> Any:
    try:
        return outside[0]()
    finally:
        add(99, 99)


@app.task
async def changes_its_mind() -> str:
    waiting = asyncio.ensure_future(add(1, 2).async_result())
    await asyncio.sleep(0)
    waiting.cancel()
    try:
        await waiting
    except asyncio.CancelledError:
        return "went on"
    return "waited"
