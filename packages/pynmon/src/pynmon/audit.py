"""Who did what, and who tried: one JSON object per line, in a file if there is one, and in the log."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pynenc.values.clock import SystemClock
from pynmon.presentation.texts import iso

logger = logging.getLogger(__name__)
#: So much of the end of the file is read when the monitor starts.
_TAIL_BYTES = 256 * 1024
_MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One action, or an attempt at one."""

    at: str
    who: str
    action: str
    #: What it was about: an id.
    subject: str
    #: ``done``, ``refused`` or ``denied``: carried out, not possible now, not permitted.
    result: str
    detail: str = ""
    #: Where the request came from.
    address: str = ""


class Audit:
    """The entries of one monitor, only ever added to.

    Args:
        path: A file of JSON lines, created when it is missing; without one the entries end with the process.

    Raises:
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        # Not the store's: attempts are noted while that is away, too.
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._latest: deque[Entry] = deque(maxlen=_MOST_ENTRIES)  # guarded by self._lock
        if path is not None:
            self._latest.extend(_tail_of(path))

    def add(
        self, *, who: str, action: str, subject: str, result: str, detail: str = "", address: str = ""
    ) -> None:
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
        )
        # Escaped, so that no text can pretend to be another line.
        line = json.dumps(asdict(entry))
        logger.info("%s", line)
        with self._lock:
            self._latest.append(entry)
            if self.path is not None:
                _append(self.path, line)

    def latest(self) -> list[Entry]:
        """The newest entries, newest first."""
        with self._lock:
            return list(reversed(self._latest))


def _append(path: Path, line: str) -> None:
    # Whoever may read the monitor's files need not see who works with it.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write(line + "\n")


def _tail_of(path: Path) -> list[Entry]:
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    # The first one may be cut.
    return [entry for line in lines[size > _TAIL_BYTES :] if (entry := _entry_of(line)) is not None]


def _entry_of(line: str) -> Entry | None:
    """None of a line that is no entry, for example one of which a full disk kept only the beginning."""
    try:
        fields: Mapping[str, Any] = json.loads(line)
        return Entry(**{name: str(value) for name, value in fields.items()})
    except (ValueError, TypeError, AttributeError):
        return None
