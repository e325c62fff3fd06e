"""The memory backend, registered exactly like an installed plugin."""

from __future__ import annotations

from pynenc.conf.config_components import (
    ConfigBroker,
    ConfigClientDataStore,
    ConfigOrchestrator,
    ConfigStateBackend,
    ConfigTrigger,
)
from pynenc.contracts.plugin import Plugin

plugin = Plugin(
    name="mem",
    components={
        "MemBroker": "pynenc.backends.mem.broker.MemBroker",
        "MemOrchestrator": "pynenc.backends.mem.orchestrator.MemOrchestrator",
        "MemStateBackend": "pynenc.backends.mem.state_backend.MemStateBackend",
        "MemClientDataStore": "pynenc.backends.mem.client_data_store.MemClientDataStore",
        "MemTrigger": "pynenc.backends.mem.trigger.MemTrigger",
    },
    config_classes=(
        ConfigBroker,
        ConfigOrchestrator,
        ConfigStateBackend,
        ConfigClientDataStore,
        ConfigTrigger,
    ),
)
