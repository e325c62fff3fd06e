"""What can happen to a database file: a full disk, a held lock, death in the middle of a transaction."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.faults.history_checker import read
from integration.faults.place import DEADLINE_SECONDS, Place, drain, eventually, require_good, running
from integration.faults.scenarios import WORKER
from integration.faults.victim import submit

from pynenc.exceptions import StoreBusyError, StoreFullError

_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""
LARGE = "x" * 200_000


@pytest.fixture(autouse=True)
def _only_sqlite(place: Place) -> None:
    if place.backend.name != "sqlite":
        pytest.skip("about one database file")


def _file(place: Place) -> Path:
    return place.folder / "app.db"


@contextmanager
def _full(sample: Any) -> Iterator[None]:
    """The database may not grow; the limit is the connection's."""
    writer: sqlite3.Connection = sample.app.orchestrator.store.writer
    (before,) = writer.execute("PRAGMA max_page_count").fetchone()
    writer.execute("PRAGMA max_page_count = 1")  # the smallest possible: what there is
    try:
        yield
    finally:
        writer.execute(f"PRAGMA max_page_count = {before}")


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """Another process holds the write lock."""
    program = [sys.executable, "-c", _HOLDER, str(_file(place))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.write("\n")
            holder.stdin.flush()


def test_a_call_that_finds_no_room_registers_nothing(place: Place) -> None:
    sample = place.load()
    sample.double(1)
    before = read(sample.app.orchestrator)
    with _full(sample), pytest.raises(StoreFullError):
        sample.large.parallelize([(f"{n}{LARGE}",) for n in range(5)])
    assert read(sample.app.orchestrator) == before
    assert sample.app.client_data_store.count() == 0
    invocation = sample.large(LARGE)
    assert drain(place).app.get_invocation(invocation.invocation_id).get() == 2 * LARGE


def test_a_worker_keeps_its_claim_and_commits_once_there_is_room_again(place: Place) -> None:
    sample = place.load()
    with running(sample):
        invocation = sample.gated("gate")
        eventually(lambda: place.lines("executions"), "it runs")
        claimed = invocation.record
        with _full(sample):
            place.open_gate(1, LARGE)
            eventually(lambda: place.lines("ends"), "its code ended")
            assert not invocation.wait(0.5)
            assert (invocation.record.token, invocation.record.epoch) == (claimed.token, 1)
        assert invocation.get(60) == LARGE
    assert len(place.executions()) == 1
    assert [entry.status for entry in invocation.history] == ["registered", "pending", "running", "success"]


def test_a_lock_that_is_held_too_long_is_an_error_for_clients_only(place: Place) -> None:
    settings = {"sqlite_busy_timeout_seconds": 0.2}
    sample, client = place.load(settings), place.load(settings)
    with running(sample):
        invocation = sample.gated("gate")
        eventually(lambda: place.lines("executions"), "it runs")
        with _locked(place):
            place.open_gate(1, "text")
            before = read(client.app.orchestrator)
            with pytest.raises(StoreBusyError, match="sqlite_busy_timeout_seconds"):
                client.double(1)
            eventually(lambda: place.lines("ends"), "its code ended")
            assert not invocation.wait(0.5)
            assert read(client.app.orchestrator) == before
        assert invocation.get(60) == "text"
        assert client.double(2).get(60) == 4
    assert len(place.executions()) == 2
    assert invocation.record.recoveries == 0


def test_death_in_the_middle_of_a_transaction_leaves_nothing_half_written(place: Place) -> None:
    """A process each is killed at its 1st, 2nd, 3rd, ... statement inside of a transaction."""
    scenario = next(one for one in WORKER if one.name == "helping the awaited")

    def run(at: int) -> bool:
        mine = Place(place.backend, place.folder / str(at))
        mine.folder.mkdir()
        submit(mine.load(), scenario)
        settings = {**mine.calm(), **scenario.settings}
        program = ["integration.faults.dies_in_transaction", scenario.name, str(at)]
        with mine.start(program, None, settings) as victim:
            code = victim.wait(DEADLINE_SECONDS)
        assert code in (0, -signal.SIGKILL), (mine.folder / "stderr").read_text()
        connection = sqlite3.connect(_file(mine))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        sample = drain(mine)
        require_good(mine, sample, kills=1)
        sample.app.close()
        return code == -signal.SIGKILL

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        assert all(pool.map(run, range(1, 21)))
