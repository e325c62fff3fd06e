"""The resolved parts of one app: what the engine gets instead of the app."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pynenc.conf.config_components import ConfigClientDataStore, ConfigOrchestrator, ConfigTrigger
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.contracts.broker import BaseBroker
from pynenc.contracts.client_data_store import BaseClientDataStore
from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.contracts.serializer import BaseSerializer
from pynenc.contracts.state_backend import BaseStateBackend
from pynenc.contracts.store import BaseStore
from pynenc.contracts.trigger import BaseTrigger
from pynenc.serializer.signing import PayloadSigner
from pynenc.values.clock import WaitableClock


@dataclass(frozen=True)
class Components:
    """One of each component, and what follows from which of them share a store."""

    conf: ConfigPynenc
    orchestrator_conf: ConfigOrchestrator
    data_conf: ConfigClientDataStore
    trigger_conf: ConfigTrigger
    orchestrator: BaseOrchestrator
    broker: BaseBroker
    state_backend: BaseStateBackend
    client_data_store: BaseClientDataStore
    trigger: BaseTrigger
    serializer: BaseSerializer
    signer: PayloadSigner
    clock: WaitableClock

    @cached_property
    def record_is_queue(self) -> bool:
        """Broker and orchestrator share a store: no message is sent, the record is claimed."""
        return self.broker.store is self.orchestrator.store

    @cached_property
    def record_holds_payloads(self) -> bool:
        """State backend and orchestrator share a store: payloads travel inside the record."""
        return self.state_backend.store is self.orchestrator.store

    @cached_property
    def record_store_holds_data(self) -> bool:
        """Client data store and orchestrator share a store: large values travel with the same write."""
        return self.client_data_store.store is self.orchestrator.store

    def stores(self) -> list[BaseStore]:
        """Each store once."""
        return list({id(store): store for store in (*self.work_stores(), self.trigger.store)}.values())

    def work_stores(self) -> list[BaseStore]:
        """Each store that every task needs, once: an app without triggers may leave theirs at the default."""
        parts = (self.orchestrator, self.broker, self.state_backend, self.client_data_store)
        return list({id(part.store): part.store for part in parts}.values())
