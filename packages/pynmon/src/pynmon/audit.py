"""Who did what, and who tried: one JSON object per line, in a file and in the log."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pynenc.values.clock import SystemClock
from pynmon.presentation.texts import iso

logger = logging.getLogger(__name__)
#: So much of the file is read at once, on the way from its end to its beginning.
_BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One action, or an attempt at one."""

    at: str
    who: str
    action: str
    #: What it was about: an id.
    subject: str
    #: ``done``, ``refused`` or ``denied``: carried out, not possible now, not permitted. Of a bulk action how it
    #: began and ended.
    result: str
    detail: str = ""
    #: Where the request came from.
    address: str = ""
    #: The id of the app whose monitor noted it.
    app: str = ""


class Audit:
    """The entries of one monitor, only ever added to.

    Args:
        path: A file of JSON lines, created when it is missing; without one the entries end with the process. Several
            monitors may share it: each adds whole lines, and reads its own.
        app_id: Whose monitor this is.

    Raises:
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path | None, app_id: str) -> None:
        self.path = path
        self._app_id = app_id
        # Not the store's: attempts are noted while that is away, too.
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._file = _opened(path)  # guarded by self._lock

    def add(
        self, *, who: str, action: str, subject: str, result: str, detail: str = "", address: str = ""
    ) -> Entry:
        """Note what somebody did.

        Raises:
            OSError: the file cannot be written.
        """
        entry = Entry(
            at=iso(self._clock.now()),
            who=who,
            action=action,
            subject=subject[:200],
            result=result,
            detail=detail[:500],
            address=address,
            app=self._app_id,
        )
        # Escaped, so that no text can pretend to be another line.
        line = json.dumps(asdict(entry))
        logger.info("%s", line)
        with self._lock:
            self._file.write(line.encode("ascii") + b"\n")
            self._file.flush()
        return entry

    def page(self, limit: int, before: int | None = None) -> tuple[list[Entry], int | None]:
        """Entries, newest first, and where to go on.

        Args:
            limit: At most so many.
            before: Where the page before said to go on; the newest entries without it.

        Returns:
            The entries, and where older ones are; None when there are none.
        """
        found: list[Entry] = []
        with self._lock:
            for at, line in _lines_backwards(self._file, before):
                if (entry := self._entry_of(line)) is not None:
                    found.append(entry)
                if len(found) == limit:
                    return found, at or None
        return found, None

    def every(self) -> Iterator[Entry]:
        """All of them, oldest first."""
        with self._lock:
            self._file.seek(0)
            lines = self._file.read().splitlines()
        return (entry for line in lines if (entry := self._entry_of(line)) is not None)

    def _entry_of(self, line: bytes) -> Entry | None:
        """None of a line of another app, or that is no entry, as one of which a full disk kept only the beginning."""
        try:
            fields: Mapping[str, Any] = json.loads(line)
            entry = Entry(**{name: str(value) for name, value in fields.items()})
        except (ValueError, TypeError, AttributeError):
            return None
        # Without an app it is from when a file was of one monitor.
        return entry if entry.app in (self._app_id, "") else None


def _opened(path: Path | None) -> IO[bytes]:
    if path is None:
        return tempfile.TemporaryFile("a+b")
    # Whoever may read the monitor's files need not see who works with it.
    return os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+b")


def _lines_backwards(file: IO[bytes], before: int | None) -> Iterator[tuple[int, bytes]]:
    """Each line with the position of its beginning, from a position to the beginning of the file."""
    size = file.seek(0, os.SEEK_END)
    end = size if before is None else min(before, size)
    rest = b""  # what is known of a line whose beginning is further ahead
    while end > 0:
        begin = max(0, end - _BLOCK_BYTES)
        file.seek(begin)
        block = file.read(end - begin) + rest
        head, *lines = block.split(b"\n")
        at = begin + len(block)
        for line in reversed(lines):
            at -= len(line)
            yield at, line
            at -= 1
        rest, end = head, begin
    yield 0, rest
