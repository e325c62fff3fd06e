"""MongoStore: the connection, and how waiting threads and processes hear of changes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from pymongo.collection import Collection

from pynenc.contracts.heard import HeardEnds
from pynenc.contracts.store import BaseStore, OnReady
from pynenc.contracts.watches import Watch
from pynenc.values.capabilities import Capabilities
from pynenc.values.findings import MOST_COUNTED, Finding, Level, Size, counted
from pynenc.values.ids import InvocationId
from pynenc_mongodb import schema
from pynenc_mongodb.changes import Changes
from pynenc_mongodb.conf import ConfigMongo
from pynenc_mongodb.errors import translated
from pynenc_mongodb.pieces import Pieces
from pynenc_mongodb.schema import Document
from pynenc_mongodb.server import Server


class MongoStore(BaseStore):
    """One app's documents in one database.

    Args:
        conf: Settings.
        app_id: Any text; apps in one database never see each other.
    """

    capabilities = Capabilities(durable=True, multi_process=True, push=True)

    def __init__(self, conf: ConfigMongo, app_id: str) -> None:
        self.server = Server(conf, app_id)
        #: What the documents of this app carry.
        self.app = self.server.app
        self.pieces = Pieces(self.server, conf.chunk_threshold)
        self._changes = Changes(self.server)

    def collection(self, name: str) -> Collection[Document]:
        """A collection of the database."""
        return self.server.collection(name)

    def latest(self, name: str) -> Collection[Document]:
        """The same, for finding out what became of a write whose answer was lost."""
        self.server.collection(name)  # connects, and so knows whether there are replicas
        return self.server.latest(name)

    def reading(self) -> AbstractContextManager[None]:
        """Raise our errors for what fails inside."""
        return translated(self.server.where)

    def writing(self) -> AbstractContextManager[None]:
        """Raise our errors for what fails inside; something may have been written."""
        return translated(self.server.where, writing=True)

    def key(self, invocation_id: str) -> str:
        """The key of a document."""
        return f"{self.app}/{invocation_id}"

    def id_of(self, document: Document) -> InvocationId:
        """The invocation that a document is about."""
        return InvocationId(document["_id"][len(self.app) + 1 :])

    def by_ids(self, ids: Any) -> Document:
        """A query for documents by their names."""
        return {"_id": {"$in": [self.key(one) for one in ids]}, "a": self.app}

    def now(self) -> float:
        """Seconds since 1970 by the clock of the primary."""
        return self.server.now()

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

    def interrupt(self) -> None:
        """Let every waiting thread of this process look again."""
        self._changes.interrupt()

    @property
    def heard(self) -> HeardEnds[Document]:
        """What makes the states of those whose end this process was told of just now."""
        return self._changes.heard

    def watch(self, on_ready: OnReady) -> Watch:
        """Open a subscription."""
        return Watch(self._changes, on_ready)

    def diagnose(self) -> list[Finding]:
        """Whether the indexes are there."""
        missing = []
        for collection, indexes in schema.INDEXES.items():
            with self.reading():
                present = self.collection(collection).index_information()
            missing += [
                f"{collection}.{name}" for one in indexes if (name := one.document["name"]) not in present
            ]
        if not missing:
            return [Finding(Level.OK, f"all {sum(map(len, schema.INDEXES.values()))} indexes are there")]
        remedy = (
            "delete the document 'schema' of pynenc_meta and start a process anew: it creates what is missing"
        )
        return [
            Finding(Level.PROBLEM, f"index {one} is missing: what goes along it fails", remedy)
            for one in missing
        ]

    def measure(self) -> list[Size]:
        """Documents of collections up to a number, and what the collections of all apps take."""
        sizes = []
        for name in schema.INDEXES:
            with self.reading():
                collection = self.collection(name)
                rows = collection.count_documents({"a": self.app}, limit=MOST_COUNTED + 1)
                # One of each shard.
                stats = [
                    one["storageStats"]
                    for one in collection.aggregate([{"$collStats": {"storageStats": {}}}])
                ]
            taken = sum(int(one["storageSize"] + one["totalIndexSize"]) for one in stats)
            sizes.append(counted(name.removeprefix("pynenc_").replace("_", " "), rows, taken))
        return sizes

    def close(self) -> None:
        """Disconnect, and let the thread end that looks for changes."""
        self._changes.close()
        self.server.close()
