"""A worker that is killed at a statement inside of a transaction: ``... SCENARIO STATEMENT``."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import sys

from integration.faults.scenarios import WORKER
from integration.faults.victim import work

from pynenc.backends.sqlite.store import SQLiteStore


def kill_at(writer: sqlite3.Connection, statement: int) -> None:
    """Kill this process when the connection begins its n-th statement inside of transactions."""
    numbers = itertools.count(1)

    def trace(_: str) -> None:
        if writer.in_transaction and next(numbers) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    writer.set_trace_callback(trace)


def main() -> None:
    """Work until the statement."""
    from integration.faults import sample  # noqa: PLC0415 - it reads the environment of a victim

    store = sample.app.orchestrator.store
    assert isinstance(store, SQLiteStore)
    kill_at(store.writer, int(sys.argv[2]))
    work(sample, next(one for one in WORKER if one.name == sys.argv[1]))


if __name__ == "__main__":
    main()
