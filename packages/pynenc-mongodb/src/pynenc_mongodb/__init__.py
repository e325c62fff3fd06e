"""Everything of an app in a MongoDB database."""

from typing import TYPE_CHECKING

from pynenc.lazy_names import lazy_names

if TYPE_CHECKING:
    from pynenc_mongodb.broker import MongoBroker
    from pynenc_mongodb.client_data_store import MongoClientDataStore
    from pynenc_mongodb.orchestrator import MongoOrchestrator
    from pynenc_mongodb.state_backend import MongoStateBackend
    from pynenc_mongodb.trigger import MongoTrigger

__all__ = ["MongoBroker", "MongoClientDataStore", "MongoOrchestrator", "MongoStateBackend", "MongoTrigger"]

# Every app imports this package, and few need its driver.
__getattr__ = lazy_names(
    __name__,
    {
        "MongoBroker": "pynenc_mongodb.broker",
        "MongoClientDataStore": "pynenc_mongodb.client_data_store",
        "MongoOrchestrator": "pynenc_mongodb.orchestrator",
        "MongoStateBackend": "pynenc_mongodb.state_backend",
        "MongoTrigger": "pynenc_mongodb.trigger",
    },
)
