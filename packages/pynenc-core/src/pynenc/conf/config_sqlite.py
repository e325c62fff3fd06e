"""Settings of the components that live in an SQLite file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_components import (
    ConfigBroker,
    ConfigClientDataStore,
    ConfigOrchestrator,
    ConfigStateBackend,
    ConfigTrigger,
)
from pynenc.conf.field_types import Seconds


class ConfigSQLite(ConfigBase):
    """Settings of the database file; components with the same path share one store."""

    sqlite_db_path: str = Field("", description="Path of the database file; it has to be set.")
    sqlite_synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL", description="FULL survives a power cut; NORMAL is faster and may lose the last writes to one."
    )
    sqlite_busy_timeout_seconds: Seconds = Field(
        5.0, le=3600, description="How long a write waits while another process holds the database."
    )


class ConfigBrokerSQLite(ConfigBroker, ConfigSQLite):
    """Settings of the SQLiteBroker."""


class ConfigOrchestratorSQLite(ConfigOrchestrator, ConfigSQLite):
    """Settings of the SQLiteOrchestrator."""


class ConfigStateBackendSQLite(ConfigStateBackend, ConfigSQLite):
    """Settings of the SQLiteStateBackend."""


class ConfigTriggerSQLite(ConfigTrigger, ConfigSQLite):
    """Settings of the SQLiteTrigger."""


class ConfigClientDataStoreSQLite(ConfigClientDataStore, ConfigSQLite):
    """Settings of the SQLiteClientDataStore."""
