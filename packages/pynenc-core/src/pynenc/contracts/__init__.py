"""Everything a backend must provide, on one screen."""

from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.contracts.client_data_store import BaseClientDataStore
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.contracts.serializer import BaseSerializer
from pynenc.contracts.state_backend import BaseStateBackend, PayloadKey, PayloadKind
from pynenc.contracts.store import BaseComponent, BaseStore, BaseWatch, StoreKey
from pynenc.contracts.trigger import BaseTrigger

__all__ = [
    "BaseBroker",
    "BaseClientDataStore",
    "BaseComponent",
    "BaseMonitorStore",
    "BaseOrchestrator",
    "BaseSerializer",
    "BaseStateBackend",
    "BaseStore",
    "BaseTrigger",
    "BaseWatch",
    "Delivery",
    "PayloadKey",
    "PayloadKind",
    "StoreKey",
]
