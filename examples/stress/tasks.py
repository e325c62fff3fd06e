"""Tasks of every kind at once: recursion, retries, failures, and accounts that only one at a time may touch."""

import fcntl
import time
from pathlib import Path

from pynenc import ConcurrencyControlType, PynencBuilder
from pynenc.context import current_invocation
from pynenc.exceptions import RetryError

app = (
    PynencBuilder()
    .app_id("stress")
    .sqlite("stress.db")
    .persistent_process_runner(num_processes=2)
    # An attempt may meet every kill of a run.
    .custom_config(max_recoveries=100, logging_level="error")
    .build()
)


@app.task
def tree(depth: int, width: int) -> int:
    """The number of nodes; every one waits for those below it."""
    if depth == 0:
        return 1
    return 1 + sum(tree.parallelize([(depth - 1, width)] * width).get())


@app.task(max_retries=2, retry_backoff=0.01)
def unreliable(n: int) -> int:
    """Succeeds at its third attempt."""
    if current_invocation().attempt < 3:
        raise RetryError(f"attempt {current_invocation().attempt}")
    return n


@app.task
def doomed(n: int) -> int:
    """Always fails, in its own way."""
    raise ValueError(f"no {n}")


@app.task
def rescued(n: int) -> str:
    """Waits for one that fails, and gets its exception."""
    try:
        doomed(n).get()
    except ValueError as error:
        return str(error)
    return "nothing was raised"


@app.task(
    running_concurrency=ConcurrencyControlType.KEYS,
    key_arguments=("account",),
    reroute_on_concurrency_control=True,
)
def deposit(account: str, amount: int) -> int:
    """Fails when another one has the account: the lock is the system's, and ends with its process."""
    with Path(f"{account}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.002)
    return amount
