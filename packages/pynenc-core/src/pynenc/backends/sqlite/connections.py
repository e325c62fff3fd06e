"""The connections of one process to one database file."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from pynenc.backends.sqlite.errors import is_busy, translated
from pynenc.backends.sqlite.forks import tell_of_forks
from pynenc.backends.sqlite.log_file import make_room
from pynenc.exceptions import StoreBusyError, StoreUnavailableError

_FIRST_PAUSE_SECONDS = 0.0001
_LONGEST_PAUSE_SECONDS = 0.001
#: Pages of the log before it is copied into the database: fewer and larger copies than the default of 1000.
_CHECKPOINT_PAGES = 4000
#: Transactions of a process before it makes room for all these pages: who writes less does not gain what that takes.
_BUSY_AFTER = 256
#: What is left of the log file after it has grown larger, because a reader was in the way of copying it.
_LOG_BYTES = 64 * 2**20
#: Upper bound of the memory for pages of one connection; the default of 2 MB is left by the index of ids soon.
_CACHE_KIB = 16 * 1024
#: The same of the one for people: they look at all of a file, of which no cache holds enough.
_INSPECT_CACHE_KIB = 2 * 1024


class _Line:
    """One connection, used by one thread at a time."""

    __slots__ = ("connection", "lock", "writes")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None  # guarded by the lock
        #: Transactions through this connection; guarded by the lock.
        self.writes = 0

    def close(self) -> None:
        """Close the connection; the caller has the lock."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
            self.writes = 0


class _Reading:
    """A line in use by statements that read. A generator would do; this is entered often."""

    __slots__ = ("_line", "_open", "_translated")

    def __init__(
        self, line: _Line, open_line: Callable[[_Line], sqlite3.Connection], errors: translated
    ) -> None:
        self._line = line
        self._open = open_line
        self._translated = errors

    def __enter__(self) -> sqlite3.Connection:
        self._line.lock.acquire()
        if self._line.connection is not None:
            return self._line.connection
        try:
            with self._translated:
                return self._open(self._line)
        except BaseException:
            self._line.lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.lock.release()
        self._translated.__exit__(kind, error, traceback)


class _Writing:
    """The transactions of a line, one at a time. A generator would do; this is entered often."""

    __slots__ = ("_busy_timeout", "_line", "_open", "_path", "_translated")

    def __init__(
        self,
        line: _Line,
        open_line: Callable[[_Line], sqlite3.Connection],
        errors: translated,
        path: str,
        busy_timeout_seconds: float,
    ) -> None:
        self._line = line
        self._open = open_line
        self._translated = errors
        self._path = path
        self._busy_timeout = busy_timeout_seconds

    def __enter__(self) -> sqlite3.Connection:
        self._execute("BEGIN IMMEDIATE", ())
        writer = self._line.connection
        assert writer is not None
        return writer

    def once(self, statement: str, parameters: tuple[Any, ...]) -> sqlite3.Cursor:
        """A transaction of one statement."""
        cursor = self._execute(statement, parameters)
        self._line.lock.release()
        return cursor

    def _execute(self, statement: str, parameters: tuple[Any, ...]) -> sqlite3.Cursor:
        """Carry out what others may be in the way of; the line is taken unless this raises."""
        line = self._line
        deadline = time.monotonic() + self._busy_timeout
        if not line.lock.acquire(timeout=self._busy_timeout):
            raise StoreBusyError(
                f"SQLite database '{self._path}': other threads wrote for longer than sqlite_busy_timeout_seconds; "
                "try again or raise that setting"
            )
        try:
            writer = line.connection or self._open(line)
            line.writes += 1
            if line.writes == _BUSY_AFTER:
                _patiently(writer, "BEGIN IMMEDIATE", (), deadline)
                make_room(writer, self._path, _CHECKPOINT_PAGES)
                writer.execute("ROLLBACK")
            return _patiently(writer, statement, parameters, deadline)
        except BaseException as error:
            self._leave()
            self._translated.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        writer = self._line.connection
        assert writer is not None
        try:
            if error is None:
                with self._translated:
                    writer.execute("COMMIT")
        finally:
            self._leave()
        if error is not None:
            self._translated.__exit__(kind, error, traceback)

    def _leave(self) -> None:
        writer = self._line.connection
        # SQLite has rolled back by itself after some errors.
        if writer is not None and writer.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                writer.execute("ROLLBACK")
        self._line.lock.release()


def _patiently(
    writer: sqlite3.Connection, statement: str, parameters: tuple[Any, ...], deadline: float
) -> sqlite3.Cursor:
    # SQLite's own waiting sleeps for milliseconds at a time; writes here take less than one.
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return writer.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 1.25, _LONGEST_PAUSE_SECONDS)


class Connections:
    """One connection that writes, one that reads, one that looks for changes, one for people; opened when used.

    Args:
        path: The database file.
        synchronous: ``FULL`` or ``NORMAL``.
        busy_timeout_seconds: How long a write waits for other threads and processes.
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
        self._translated = translated(path)
        self._lines = (_Line(), _Line(), _Line(), _Line())
        self._write_line, self._read_line, self._look_line, self._inspect_line = self._lines
        self._writing = _Writing(self._write_line, self._open, self._translated, path, busy_timeout_seconds)
        self._open_lock = threading.Lock()
        self._prepared = False  # guarded by self._open_lock
        tell_of_forks(self)

    @property
    def writer(self) -> sqlite3.Connection:
        """The connection through which everything is written; for looking at, not for writing."""
        with self._translated, self._write_line.lock:
            return self._open(self._write_line)

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """One transaction that holds the write lock from its beginning: committed, or undone when it raises."""
        return self._writing

    def write_once(self, statement: str, parameters: tuple[Any, ...]) -> sqlite3.Cursor:
        """One transaction of one statement, which is quicker."""
        return self._writing.once(statement, parameters)

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Statements that see only what was committed; never waits for writers."""
        return self._reading(self._read_line)

    def look(self) -> AbstractContextManager[sqlite3.Connection]:
        """The same for whoever looks for changes, so that it never waits for other readers."""
        return self._reading(self._look_line)

    def inspect(self) -> AbstractContextManager[sqlite3.Connection]:
        """The same for the questions of people, which nothing that works has to wait for."""
        return self._reading(self._inspect_line)

    def _reading(self, line: _Line) -> _Reading:
        return _Reading(line, self._open, self._translated)

    def close(self) -> None:
        """Close all; the next use opens them again."""
        for line in self._lines:
            with line.lock:
                line.close()
        with self._open_lock:
            self._prepared = False

    def before_fork(self) -> None:
        """Wait for the end of what goes on, and close."""
        for line in self._lines:
            line.lock.acquire()
            line.close()
        self._open_lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Let threads open connections again."""
        self._open_lock.release()
        for line in self._lines:
            line.lock.release()

    def _open(self, line: _Line) -> sqlite3.Connection:
        with self._open_lock:
            if not self._prepared:
                self._check_path()
            connection = self._connect()
            try:
                if not self._prepared:
                    self._enter_wal_mode(connection)
                    self._prepare(connection)
                    self._prepared = True
                if line is self._write_line:
                    connection.execute("PRAGMA busy_timeout = 0")
                else:
                    connection.execute("PRAGMA query_only = 1")
                if line is self._inspect_line:
                    connection.execute(f"PRAGMA cache_size = -{_INSPECT_CACHE_KIB}")
            except BaseException:
                connection.close()
                raise
        line.connection = connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        for pragma in (
            f"synchronous = {self._synchronous}",
            "temp_store = MEMORY",
            f"cache_size = -{_CACHE_KIB}",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            f"journal_size_limit = {_LOG_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _enter_wal_mode(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                # The busy timeout does not cover the change of the mode.
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(_LONGEST_PAUSE_SECONDS)

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
        if path.exists():
            return
        try:
            # What tasks are called with is nobody else's business.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, stat.S_IRUSR | stat.S_IWUSR))
        except FileExistsError:
            pass  # Another process was faster.
        except OSError as error:
            raise StoreUnavailableError(
                f"SQLite database '{path}' cannot be created: {error.strerror}; this user must be allowed "
                "to write to the folder"
            ) from error
