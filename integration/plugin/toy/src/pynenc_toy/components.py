"""The components: those of the memory backend, on a store that the toy settings name."""

from __future__ import annotations

from pynenc.backends.mem.component import MemComponent
from pynenc.broker import MemBroker
from pynenc.client_data_store import MemClientDataStore
from pynenc.conf.config_base import ConfigBase
from pynenc.contracts import StoreKey
from pynenc.orchestrator import MemOrchestrator
from pynenc.state_backend import MemStateBackend
from pynenc.trigger import MemTrigger
from pynenc_toy.conf import (
    ConfigBrokerToy,
    ConfigClientDataStoreToy,
    ConfigOrchestratorToy,
    ConfigStateBackendToy,
    ConfigToy,
    ConfigTriggerToy,
)


class ToyComponent(MemComponent):
    """What makes a memory component a toy: the box it is in."""

    @classmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:
        """Components with the same box share a store."""
        assert isinstance(conf, ConfigToy)
        return StoreKey("toy", conf.toy_box, app_id)


class ToyOrchestrator(ToyComponent, MemOrchestrator):
    """The record of invocations, as a toy."""

    config_cls = ConfigOrchestratorToy


class ToyBroker(ToyComponent, MemBroker):
    """The queue, as a toy."""

    config_cls = ConfigBrokerToy


class ToyStateBackend(ToyComponent, MemStateBackend):
    """Payloads, as a toy."""

    config_cls = ConfigStateBackendToy  # type: ignore[assignment]  # mypy compares constructors here


class ToyClientDataStore(ToyComponent, MemClientDataStore):
    """Large values, as a toy."""

    config_cls = ConfigClientDataStoreToy


class ToyTrigger(ToyComponent, MemTrigger):
    """What triggers keep, as a toy."""

    config_cls = ConfigTriggerToy
