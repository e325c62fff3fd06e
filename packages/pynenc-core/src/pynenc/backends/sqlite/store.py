"""SQLiteStore: the file, its tables, and how waiting threads and processes hear of changes."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.resources import files
from typing import Any

from pynenc.backends.sqlite.changes import Changes
from pynenc.backends.sqlite.connections import Connections
from pynenc.contracts.store import BaseStore, OnReady
from pynenc.contracts.watches import Watch
from pynenc.exceptions import SchemaVersionError
from pynenc.values.capabilities import Capabilities
from pynenc.values.clock import Clock
from pynenc.values.findings import MOST_COUNTED, Finding, Level, Size, counted
from pynenc.values.ids import InvocationId

#: Grows with each change of schema.sql.
SCHEMA_VERSION = 9
_INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX IF NOT EXISTS (\w+)")
#: What people want to know the size of, and its table.
_MEASURED = {
    "payloads": "payloads",
    "client data": "client_data",
    "messages": "messages",
    "occurrences": "occurrences",
    "trigger runs": "runs",
    "runners": "runners",
}


class SQLiteStore(BaseStore):
    """One app's tables in one database file.

    Args:
        path: The file; created when it is missing.
        app_id: Any text; apps in one file never see each other.
        synchronous: ``FULL`` survives a power cut, ``NORMAL`` may lose the last writes to one.
        busy_timeout_seconds: How long a write waits for another process.
        clock: The clock of the store; all processes of one host share it.
    """

    capabilities = Capabilities(durable=True, multi_process=True, push=False)

    def __init__(
        self, path: str, app_id: str, synchronous: str, busy_timeout_seconds: float, clock: Clock
    ) -> None:
        self._clock = clock
        #: Suffix of the app's tables.
        self.tables = table_suffix(app_id)
        self._connections = Connections(path, synchronous, busy_timeout_seconds, self._prepare)
        self._changes = Changes(self._connections, self.tables, self.now)
        self._statements: dict[str, str] = {}

    def now(self) -> float:
        """Seconds since 1970 by the clock of this host."""
        return self._clock.now()

    @property
    def writer(self) -> sqlite3.Connection:
        """The connection through which this process writes, for looking at what it does."""
        return self._connections.writer

    def sql(self, text: str) -> str:
        """A statement with ``{t}`` replaced by the app's suffix; the same text object each time."""
        statement = self._statements.get(text)
        if statement is None:
            statement = self._statements[text] = text.replace("{t}", self.tables)
        return statement

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """One transaction that holds the write lock from its beginning: committed, or undone when it raises."""
        return self._connections.write()

    def write_once(self, text: str, parameters: tuple[Any, ...]) -> sqlite3.Cursor:
        """A transaction of one statement, with ``{t}`` in it; it takes less time."""
        return self._connections.write_once(self.sql(text), parameters)

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Statements that see only what was committed; never waits for writers."""
        return self._connections.read()

    def inspect(self) -> AbstractContextManager[sqlite3.Connection]:
        """The same for the questions of people, which nothing that works has to wait for."""
        return self._connections.inspect()

    def announce(
        self, work: int, ended: Sequence[InvocationId] = (), available: Sequence[InvocationId] = ()
    ) -> None:
        """Tell the waiting threads of this process what a commit brought about; called after it."""
        self._changes.announce(work, ended, available)

    def work_marker(self) -> int:
        """How much work was announced so far."""
        return self._changes.marker

    def wait_for_work(self, marker: int, timeout_seconds: float) -> bool:
        """Block until work may have arrived since ``marker``."""
        return self._changes.wait_for_work(marker, timeout_seconds)

    def occurrence_marker(self) -> int:
        """How often occurrences were announced so far."""
        return self._changes.occurrence_marker

    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> bool:
        """Block until an occurrence may have been recorded since ``marker``."""
        return self._changes.wait_for_occurrences(marker, timeout_seconds)

    def expects_work(self) -> bool:
        """Whether work of another process was seen and nobody here has looked for it since; asking counts as that."""
        return self._changes.expects_work()

    def note_claim(self, *, in_vain: bool) -> None:
        """Remember whether this process found work when it looked for it."""
        self._changes.outrun = in_vain

    def announce_occurrences(self) -> None:
        """Wake the threads of this process that react to occurrences; called after the commit."""
        self._changes.announce_occurrences()

    def interrupt(self) -> None:
        """Let every waiting thread of this process look again."""
        self._changes.interrupt()

    def watch(self, on_ready: OnReady) -> Watch:
        """Open a subscription."""
        return Watch(self._changes, on_ready)

    def diagnose(self) -> list[Finding]:
        """How the file is written, and whether its indexes are there; opens it."""
        with self.read() as connection:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
            rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'").fetchall()
        if mode == "wal":
            how = Finding(Level.OK, f"SQLite {sqlite3.sqlite_version}, journal mode wal")
        else:
            text = f"journal mode is {mode}: readers and writers wait for each other"
            how = Finding(Level.WARNING, text, "put it on a local file system")
        return [how, *self._index_findings({name for (name,) in rows})]

    def _index_findings(self, present: set[str]) -> list[Finding]:
        indexes = _indexes(self.tables)
        missing = [
            Finding(Level.PROBLEM, f"index {name} is missing: what goes along it fails", f"run: {statement}")
            for name, statement in indexes.items()
            if name not in present
        ]
        return missing or [Finding(Level.OK, f"all {len(indexes)} indexes are there")]

    def measure(self) -> list[Size]:
        """Rows of tables up to a number, and the size of the file."""
        rows = "SELECT ?, count(*) FROM (SELECT 1 FROM {}_{{t}} LIMIT ?)"
        text = " UNION ALL ".join(rows.format(table) for table in _MEASURED.values())
        with self.inspect() as connection:
            execute = connection.execute
            (invocations,) = execute(self.sql("SELECT total(n) FROM counts_of_all_{t}")).fetchone()
            others = execute(
                self.sql(text), [word for name in _MEASURED for word in (name, MOST_COUNTED + 1)]
            ).fetchall()
            file = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            (size_bytes,) = execute(file).fetchone()
        sizes = [Size("invocations", int(invocations)), *(counted(*one) for one in others)]
        return [*sizes, Size("file", None, size_bytes)]

    def close(self) -> None:
        """Close the connections and end the thread that looks for changes."""
        self._changes.close()
        self._connections.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # What exists is only read, so that a process that starts waits for nobody.
        if self._is_prepared(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._is_prepared(connection):
                for statement in _schema(self.tables):
                    connection.execute(statement)
                connection.execute(
                    "INSERT OR REPLACE INTO pynenc_schema VALUES (?, ?)", (self.tables, SCHEMA_VERSION)
                )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _is_prepared(self, connection: sqlite3.Connection) -> bool:
        exists = "SELECT 1 FROM sqlite_schema WHERE name = 'pynenc_schema'"
        if connection.execute(exists).fetchone() is None:
            return False
        select = "SELECT version FROM pynenc_schema WHERE tables = ?"
        row = connection.execute(select, (self.tables,)).fetchone()
        if row is not None and row[0] > SCHEMA_VERSION:
            raise SchemaVersionError(
                f"SQLite database '{self._connections.path}' was written by a newer pynenc (schema {row[0]}, "
                f"this one knows {SCHEMA_VERSION}): upgrade pynenc-core here, or use another file"
            )
        # What an older one lacks is created: the statements of schema.sql bring it along.
        return row is not None and row[0] == SCHEMA_VERSION


def table_suffix(app_id: str) -> str:
    """A suffix for table names: readable, of harmless characters only, and different for different app ids."""
    slug = re.sub(r"[^a-z0-9]+", "_", app_id.lower()).strip("_")[:24]
    digest = hashlib.sha256(app_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug}_{digest}" if slug else digest


def _schema(tables: str) -> list[str]:
    text = files("pynenc.backends.sqlite").joinpath("schema.sql").read_text(encoding="utf-8")
    without_comments = re.sub(r"--[^\n]*", "", text)
    return [part for part in without_comments.replace("{t}", tables).split(";") if part.strip()]


def _indexes(tables: str) -> dict[str, str]:
    """By name: the statement that makes it."""
    statements = [" ".join(part.split()) for part in _schema(tables)]
    return {match[1]: match.string for match in map(_INDEX.match, statements) if match}
