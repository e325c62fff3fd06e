"""The connections of one process to one database file."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pynenc.backends.sqlite.errors import is_busy, translated
from pynenc.exceptions import StoreUnavailableError

_FIRST_PAUSE_SECONDS = 0.0001
_LONGEST_PAUSE_SECONDS = 0.002
#: Pages of the log before it is copied into the database: fewer and larger copies than the default of 1000.
_CHECKPOINT_PAGES = 4000


class Connections:
    """One connection that writes and one that reads, each used by one thread at a time; opened on first use.

    Args:
        path: The database file.
        synchronous: ``FULL`` or ``NORMAL``.
        busy_timeout_seconds: How long a write waits for another process.
        prepare: Called with the first connection, to create what is missing.
    """

    def __init__(
        self,
        path: str,
        synchronous: str,
        busy_timeout_seconds: float,
        prepare: Callable[[sqlite3.Connection], None],
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_timeout = busy_timeout_seconds
        self._prepare = prepare
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._open_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    @property
    def writer(self) -> sqlite3.Connection:
        """The connection through which everything is written; for looking at, not for writing."""
        return self._ensure()[0]

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its beginning: committed, or undone when it raises."""
        with translated(self.path):
            writer, _ = self._ensure()
            with self._write_lock:
                self._begin(writer)
                try:
                    yield writer
                    writer.execute("COMMIT")
                except BaseException:
                    # SQLite has rolled back by itself after some errors.
                    with contextlib.suppress(sqlite3.Error):
                        if writer.in_transaction:
                            writer.execute("ROLLBACK")
                    raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Statements that see only what was committed; never waits for writers."""
        with translated(self.path):
            _, reader = self._ensure()
            with self._read_lock:
                yield reader

    def open(self) -> sqlite3.Connection:
        """Another connection, which the caller closes."""
        with translated(self.path):
            self._ensure()
            return self._connect()

    def close(self) -> None:
        """Close both; the next use opens them again."""
        with self._open_lock, self._write_lock, self._read_lock:
            for connection in (self._writer, self._reader):
                if connection is not None:
                    connection.close()
            self._writer = self._reader = None

    def _begin(self, writer: sqlite3.Connection) -> None:
        # SQLite's own waiting sleeps for milliseconds at a time; writes here take less than one.
        deadline = time.monotonic() + self._busy_timeout
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

    def _ensure(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        if self._pid != os.getpid():
            # A connection must not be used, nor closed, in a process that inherited it.
            self._inherited = (self._writer, self._reader)
            self._reset()
        writer, reader = self._writer, self._reader
        if writer is not None and reader is not None:
            return writer, reader
        with self._open_lock:
            if self._writer is None or self._reader is None:
                self._check_path()
                writer = self._connect()
                try:
                    self._prepare_file(writer)
                    self._prepare(writer)
                    self._reader = self._connect()
                except BaseException:
                    writer.close()
                    raise
                self._writer = writer
            return self._writer, self._reader

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        return connection

    def _prepare_file(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 1000)}")
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                # The busy timeout does not cover the change of the mode.
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
        connection.execute("PRAGMA busy_timeout = 0")

    def _check_path(self) -> None:
        path = Path(self.path)
        if path.is_dir():
            raise StoreUnavailableError(
                f"SQLite database '{path}' is a directory: sqlite_db_path must name a file in it"
            )
        if not path.parent.is_dir():
            raise StoreUnavailableError(
                f"SQLite database '{path}' cannot be created: make the folder '{path.parent}' first"
            )
        if not path.exists():
            # What tasks are called with is nobody else's business.
            with contextlib.suppress(FileExistsError):
                try:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, stat.S_IRUSR | stat.S_IWUSR))
                except FileExistsError:
                    raise
                except OSError as error:
                    raise StoreUnavailableError(
                        f"SQLite database '{path}' cannot be created: {error.strerror}; this user must be allowed "
                        "to write to the folder"
                    ) from error
