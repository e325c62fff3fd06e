"""Room in the write-ahead log before it is needed.

To sync a file that has grown, a file system writes its new size as well: on ext4 that takes twice as long as to sync
what overwrites it. SQLite's log grows with each commit until it is copied into the database for the first time, and
again each time that the last process closed the database.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3

_BLOCK = bytes(2**20)
#: A frame is a page with this before it; the file begins with another header (sqlite.org/fileformat2.html, 4).
_FRAME_HEADER_BYTES = 24
_FILE_HEADER_BYTES = 32


def make_room(connection: sqlite3.Connection, database: str, pages: int) -> None:
    """Let the log have room for so many pages; where the disk has none it stays as it is.

    SQLite reads up to the first frame whose salt is not that of the header, so it never looks at the zeros.

    Args:
        connection: Within a transaction that holds the write lock, so that nobody else appends.
        database: Path of the database file.
        pages: As many as are written before SQLite begins at the start of the log again.
    """
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    wanted = _FILE_HEADER_BYTES + pages * (page_bytes + _FRAME_HEADER_BYTES)
    with contextlib.suppress(OSError), open(f"{database}-wal", "r+b", buffering=0) as log:
        size = at = log.seek(0, os.SEEK_END)
        try:
            while at < wanted:
                at += log.write(_BLOCK[: wanted - at])
        except OSError:
            log.truncate(size)
