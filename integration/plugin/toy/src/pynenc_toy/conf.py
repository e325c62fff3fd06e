"""Settings of the toy backend."""

from __future__ import annotations

from pydantic import Field

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_components import (
    ConfigBroker,
    ConfigClientDataStore,
    ConfigOrchestrator,
    ConfigStateBackend,
    ConfigTrigger,
)


class ConfigToy(ConfigBase):
    """Settings that all toy components share."""

    toy_box: str = Field("red", min_length=1, description="Name of the box; equal names share a store.")


class ConfigOrchestratorToy(ConfigOrchestrator, ConfigToy):
    """Settings of the ToyOrchestrator."""


class ConfigBrokerToy(ConfigBroker, ConfigToy):
    """Settings of the ToyBroker."""


class ConfigStateBackendToy(ConfigStateBackend, ConfigToy):
    """Settings of the ToyStateBackend."""


class ConfigClientDataStoreToy(ConfigClientDataStore, ConfigToy):
    """Settings of the ToyClientDataStore."""


class ConfigTriggerToy(ConfigTrigger, ConfigToy):
    """Settings of the ToyTrigger."""
