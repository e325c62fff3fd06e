"""What SQLite reports → what pynenc raises: one table, one place."""

from __future__ import annotations

import sqlite3
from types import TracebackType

from pynenc.exceptions import (
    CorruptDataError,
    PayloadTooLargeError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)

#: Primary result code → our error and what to do about it.
_KINDS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreBusyError,
        "another process held it longer than sqlite_busy_timeout_seconds; try again or raise that setting",
    ),
    sqlite3.SQLITE_LOCKED: (StoreBusyError, "another connection holds it; try again"),
    sqlite3.SQLITE_PROTOCOL: (StoreBusyError, "too many processes open it at this moment; try again"),
    sqlite3.SQLITE_FULL: (StoreFullError, "free some space on its disk, then it goes on by itself"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailableError,
        "sqlite_db_path must be a file in an existing folder that this user may write to",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreUnavailableError,
        "this user must be allowed to write to it and its folder",
    ),
    sqlite3.SQLITE_PERM: (StoreUnavailableError, "this user must be allowed to write to it and its folder"),
    sqlite3.SQLITE_IOERR: (StoreUnavailableError, "check the disk; WAL needs a local file system"),
    sqlite3.SQLITE_CORRUPT: (CorruptDataError, "restore the file from a backup, or move it away"),
    sqlite3.SQLITE_NOTADB: (CorruptDataError, "it is no SQLite database; choose another sqlite_db_path"),
    sqlite3.SQLITE_TOOBIG: (PayloadTooLargeError, "SQLite holds at most 1 GB in one value"),
}


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the file."""
    return _code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL)


class translated:  # noqa: N801 - reads like the function that it could be; this is entered often
    """Raise what a failure of SQLite means for the database at ``path``; may be entered again and again."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raised, remedy = _KINDS.get(_code_of(error), (StoreError, "this is not expected"))
            raise raised(f"SQLite database '{self._path}': {error}; {remedy}") from error
        if isinstance(error, (OverflowError, UnicodeEncodeError)):
            raise StoreError(f"SQLite database '{self._path}' cannot hold a value: {error}") from error


def _code_of(error: sqlite3.Error) -> int:
    # The low byte of an extended code is the primary one.
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
