"""The SQLite backend, registered exactly like an installed plugin."""

from __future__ import annotations

from pynenc.conf.config_sqlite import (
    ConfigBrokerSQLite,
    ConfigClientDataStoreSQLite,
    ConfigOrchestratorSQLite,
    ConfigStateBackendSQLite,
    ConfigTriggerSQLite,
)
from pynenc.contracts.plugin import Plugin

plugin = Plugin(
    name="sqlite",
    components={
        "SQLiteBroker": "pynenc.backends.sqlite.broker.SQLiteBroker",
        "SQLiteOrchestrator": "pynenc.backends.sqlite.orchestrator.SQLiteOrchestrator",
        "SQLiteStateBackend": "pynenc.backends.sqlite.state_backend.SQLiteStateBackend",
        "SQLiteClientDataStore": "pynenc.backends.sqlite.client_data_store.SQLiteClientDataStore",
        "SQLiteTrigger": "pynenc.backends.sqlite.trigger.SQLiteTrigger",
    },
    config_classes=(
        ConfigBrokerSQLite,
        ConfigOrchestratorSQLite,
        ConfigStateBackendSQLite,
        ConfigClientDataStoreSQLite,
        ConfigTriggerSQLite,
    ),
)
