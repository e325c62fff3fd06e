"""The log of a database that is written to often: it has its room before it needs it."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator

from .app_file import claim, open_app, submit

_BUSY = 300


def _log(path: Path) -> Path:
    return Path(f"{path}-wal")


def _submit_one_by_one(app: SQLiteOrchestrator, count: int, prefix: str = "call") -> None:
    for number in range(count):
        submit(app, f"{prefix}-{number}")


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_log_of_who_writes_little_is_small(path: Path, app: SQLiteOrchestrator) -> None:
    _submit_one_by_one(app, 5)
    assert _log(path).stat().st_size < 2**20


def test_the_log_of_who_writes_often_grows_once(path: Path, app: SQLiteOrchestrator) -> None:
    _submit_one_by_one(app, _BUSY)
    size = _log(path).stat().st_size
    assert size > 8 * 2**20
    # More than what the log takes, so that it begins at its start again.
    _submit_one_by_one(app, 1500, "later")
    # The commit that fills it goes a few pages beyond.
    assert size <= _log(path).stat().st_size < size + 2**16
    assert sum(app.count_by_status().values()) == _BUSY + 1500


def test_what_was_written_before_a_crash_is_read_from_a_log_with_room(
    path: Path, app: SQLiteOrchestrator, tmp_path: Path
) -> None:
    _submit_one_by_one(app, _BUSY)
    left = tmp_path / "left.db"
    shutil.copy(path, left)
    shutil.copy(_log(path), _log(left))
    with sqlite3.connect(left) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = open_app(left)
    assert sum(again.count_by_status().values()) == _BUSY
    assert len(claim(again, _BUSY)) == _BUSY
    again.store.close()


def test_two_processes_make_room_once(path: Path, app: SQLiteOrchestrator) -> None:
    other = open_app(path)
    for number in range(_BUSY):
        submit(app, f"one-{number}")
        submit(other, f"other-{number}")
    size = _log(path).stat().st_size
    other.store.close()
    again = open_app(path)
    _submit_one_by_one(again, _BUSY, "again")
    assert _log(path).stat().st_size == size
    assert sum(again.count_by_status().values()) == 3 * _BUSY
    again.store.close()


def test_a_disk_without_that_much_room_takes_calls_all_the_same(path: Path, app: SQLiteOrchestrator) -> None:
    with _files_of_at_most(12 * 2**20):
        _submit_one_by_one(app, _BUSY)
        assert _log(path).stat().st_size < 8 * 2**20
        assert len(claim(app, _BUSY)) == _BUSY
