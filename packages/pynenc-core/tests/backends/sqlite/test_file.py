"""The database file: where it may be, what is wrong with it, and what an error leaves behind."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.backends.sqlite.store import SCHEMA_VERSION
from pynenc.conf.config_sqlite import ConfigOrchestratorSQLite
from pynenc.exceptions import (
    ConfigError,
    CorruptDataError,
    SchemaVersionError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from pynenc.values.findings import Level
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Step

from .app_file import call, claim, finish, open_app, submit

is_root = hasattr(os, "geteuid") and os.geteuid() == 0


def test_a_missing_path_is_named() -> None:
    with pytest.raises(ConfigError, match=r"path must be configured: set sqlite_db_path"):
        SQLiteOrchestrator.store_key(ConfigOrchestratorSQLite(), "app")


def test_a_database_in_memory_is_refused_because_nobody_could_share_it() -> None:
    with pytest.raises(ConfigError, match=r":memory:.*memory backend"):
        SQLiteOrchestrator.store_key(ConfigOrchestratorSQLite({"sqlite_db_path": ":memory:"}), "app")


def test_nothing_is_opened_before_the_first_use(path: Path) -> None:
    open_app(path)
    assert not path.exists()


def test_a_new_file_is_for_its_owner_only(path: Path, app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match=r"is a directory: sqlite_db_path must name a file"):
        open_app(tmp_path).count_by_status()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match=r"make the folder '.*nowhere' first"):
        open_app(tmp_path / "nowhere" / "app.db").count_by_status()


@pytest.mark.skipif(is_root, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailableError, match=r"must be allowed to write to the folder"):
        open_app(tmp_path / "app.db").count_by_status()


def test_another_kind_of_file_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_text("name,price\n" * 1000)
    with pytest.raises(CorruptDataError, match=r"is no SQLite database"):
        open_app(path).count_by_status()
    assert path.read_text() == "name,price\n" * 1000


def test_a_damaged_file_is_reported_as_that(path: Path) -> None:
    app = open_app(path)
    for batch in range(20):
        submit(app, *(f"{batch}-{n}" for n in range(100)))
    app.store.close()
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(path.stat().st_size - 4096 * 4))
    with pytest.raises(CorruptDataError, match=r"restore the file from a backup"):
        claim(open_app(path))


def test_a_status_that_nobody_knows_is_corrupt_data(app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    with app.store.write() as connection:
        connection.execute(app.store.sql("UPDATE inv_{t} SET status = 'dreaming', history = 'what'"))
    for read in (app.get_states, app.get_records):
        with pytest.raises(CorruptDataError, match="dreaming"):
            read([InvocationId("one")])
    with pytest.raises(CorruptDataError, match="what"):
        app.get_history(InvocationId("one"))


def test_a_full_disk_writes_nothing_and_goes_on_when_there_is_room(app: SQLiteOrchestrator) -> None:
    submit(app, "small")
    pages = app.store.writer.execute("PRAGMA page_count").fetchone()[0]
    app.store.writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreFullError, match="free some space"):
        app.submit([call(f"big {n}", arguments="x" * 5000) for n in range(20)], {}, enqueue=True)
    assert sum(app.count_by_status().values()) == 1
    app.store.writer.execute("PRAGMA max_page_count = 1000000")
    submit(app, "next")
    assert len(claim(app, 5)) == 2


def test_a_file_of_a_newer_version_is_not_touched(path: Path) -> None:
    app = open_app(path)
    submit(app, "one")
    with app.store.write() as connection:
        connection.execute("UPDATE pynenc_schema SET version = ?", (SCHEMA_VERSION + 1,))
    app.store.close()
    before = path.read_bytes()
    with pytest.raises(SchemaVersionError, match="upgrade pynenc-core"):
        claim(open_app(path))
    assert path.read_bytes() == before


def test_a_file_of_the_version_before_merges_is_given_their_table(path: Path) -> None:
    app = open_app(path)
    submit(app, "one", reg_key="k")
    with app.store.write() as connection:
        connection.execute(app.store.sql("DROP TABLE merges_{t}"))
        connection.execute("UPDATE pynenc_schema SET version = 8")
    app.store.close()
    app = open_app(path)
    one = InvocationId("one")
    assert app.open_monitor_store().get_merges([one]) == {}
    submit(app, "two", reg_key="k")
    assert app.open_monitor_store().get_merges([one])[one].calls == 1


def test_who_holds_the_file_for_too_long_is_not_waited_for(path: Path) -> None:
    app = open_app(path, busy_seconds=0.05)
    submit(app, "one")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="sqlite_busy_timeout_seconds"):
        claim(app)
    assert len(app.get_records([InvocationId("one")])) == 1
    other.execute("ROLLBACK")
    assert len(claim(app)) == 1


def test_text_that_is_no_text_is_refused(app: SQLiteOrchestrator) -> None:
    with pytest.raises(StoreError, match="cannot hold a value"):
        submit(app, "one", arguments="\ud800")
    assert app.count_by_status() == {}
    submit(app, "one")


@pytest.mark.parametrize(
    ("one", "other"), [("app", "app "), ("a-b", "a_b"), ("App", "app"), ("é" * 99, "ê" * 99), ("", "x'; --")]
)
def test_apps_in_one_file_never_meet(path: Path, one: str, other: str) -> None:
    first, second = open_app(path, one), open_app(path, other)
    submit(first, "same id")
    assert claim(second) == []
    assert second.get_states([InvocationId("same id")]) == {}
    submit(second, "same id", task_id="app.other")
    second.purge()
    (claimed,) = claim(first)
    first.advance(Step(moves=(finish(claimed),)))
    assert sum(first.count_by_status().values()) == 1


def test_a_closed_store_opens_again(app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    app.store.close()
    app.store.close()
    assert len(claim(app)) == 1


def test_an_index_that_somebody_removed_is_found_and_comes_back(app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    app.store.writer.execute(app.store.sql("DROP INDEX inv_failed_{t}"))
    (found,) = [one for one in app.store.diagnose() if "inv_failed" in one.text]
    assert found.level is Level.PROBLEM
    app.store.writer.execute(found.remedy.removeprefix("run: "))
    assert {one.level for one in app.store.diagnose()} == {Level.OK}
