"""What every SQLite component has in common: where its store comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_sqlite import ConfigSQLite
from pynenc.contracts.store import BaseComponent, BaseStore, StoreKey
from pynenc.exceptions import ConfigError
from pynenc.values.clock import Clock


class SQLiteComponent(BaseComponent):
    """A component in a database file."""

    def __init__(self, store: SQLiteStore) -> None:
        self.store: SQLiteStore = store

    @classmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:
        """Components with the same file share a store."""
        return StoreKey("sqlite", _path_of(conf), app_id)

    @classmethod
    def make_store(cls, conf: ConfigBase, app_id: str, clock: Clock) -> SQLiteStore:
        """Make the store; the file is opened with the first use."""
        assert isinstance(conf, ConfigSQLite)
        return SQLiteStore(
            _path_of(conf), app_id, conf.sqlite_synchronous, conf.sqlite_busy_timeout_seconds, clock
        )

    @classmethod
    def on_store(cls, store: BaseStore) -> Self:
        """Make the component on an SQLite store."""
        assert isinstance(store, SQLiteStore)
        return cls(store)


def _path_of(conf: ConfigBase) -> str:
    assert isinstance(conf, ConfigSQLite)
    if not conf.sqlite_db_path:
        raise ConfigError(
            "SQLite database path must be configured: set sqlite_db_path, for example with "
            "PynencBuilder().sqlite('tasks.db') or PYNENC__SQLITE_DB_PATH"
        )
    if conf.sqlite_db_path == ":memory:":
        raise ConfigError(
            "sqlite_db_path is ':memory:', which the connections of a process could not share: name a file, "
            "or use the memory backend"
        )
    return str(Path(conf.sqlite_db_path).absolute())
