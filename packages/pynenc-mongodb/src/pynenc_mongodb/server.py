"""The servers: from settings to one client per process, and the clock that they share."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
import time
from typing import Any

from bson.errors import BSONError
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import InvalidName, InvalidURI, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri

from pynenc.exceptions import ConfigError
from pynenc_mongodb import schema
from pynenc_mongodb.conf import ConfigMongo
from pynenc_mongodb.errors import translated
from pynenc_mongodb.schema import Document

logger = logging.getLogger(__name__)

_MEASURE_SECONDS = 30.0
_SAMPLES = 3
#: How often the driver asks who is the primary; the least that it allows is 500.
_LOOK_MILLISECONDS = 1000


def app_key(app_id: str) -> str:
    """What the documents of an app carry: readable, of harmless characters, different for different app ids."""
    slug = re.sub(r"[^a-z0-9]+", "_", app_id.lower()).strip("_")[:24]
    digest = hashlib.sha256(app_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{slug}_{digest}" if slug else digest


def location_of(conf: ConfigMongo) -> str:
    """Servers and database, without secrets.

    Raises:
        ConfigError: the URL or the name of the database cannot be used.
    """
    url = conf.mongo_url.get_secret_value()
    database = conf.mongo_db
    hosts = f"{conf.mongo_host}:{conf.mongo_port}"
    if url:
        hosts = re.sub(r"^mongodb(\+srv)?://([^@/]*@)?", "", url).partition("/")[0].partition("?")[0]
        try:
            # Names of SRV records are looked up when the client is made.
            named = _path_of(url) if url.startswith("mongodb+srv://") else parse_uri(url)["database"]
        except (InvalidURI, PyMongoError, ValueError) as error:
            raise ConfigError(
                f"mongo_url does not name a MongoDB server: {_harmless(error)}; "
                "write mongodb://user:password@host:27017/?replicaSet=rs0, special characters percent-encoded"
            ) from None
        database = named or database
    if not database or len(database.encode()) > 63 or re.search(r'[/\\. "$*<>:|?\x00]', database):
        raise ConfigError(
            f"mongo_db = {database!r}: names of MongoDB databases have 1 to 63 bytes and none of "
            'the characters / \\ . " $ * < > : | ? and space'
        )
    return f"{hosts}/{database}"


def _path_of(url: str) -> str | None:
    return url.partition("://")[2].partition("/")[2].partition("?")[0] or None


def _harmless(error: Exception) -> str:
    return re.sub(r"//[^@\s]*@", "//***@", str(error))


class Server:
    """The connection of one process to the servers of one app.

    Args:
        conf: Settings.
        app_id: Of the app.
    """

    def __init__(self, conf: ConfigMongo, app_id: str) -> None:
        self._conf = conf
        self.location = location_of(conf)
        #: For messages.
        self.where = f"MongoDB at {self.location}"
        self.app = app_key(app_id)
        self._reset()

    def _reset(self) -> None:
        # All guarded by self._lock; a process that was forked begins anew.
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._client: MongoClient[Document] | None = None
        self._database: Database[Document] | None = None
        self._collections: dict[str, Collection[Document]] = {}
        self._offset = 0.0
        self._measured_at = self._measured_wall = -1e9
        #: Whether there are replicas, and so majorities, retryable writes and change streams.
        self.is_replicated = True

    def collection(self, name: str) -> Collection[Document]:
        """A collection, read and written with the guarantees of the app; connects with the first use."""
        if self._pid != os.getpid():
            self._reset()
        found = self._collections.get(name)
        if found is None:
            with self._lock:
                if self._database is None:
                    self._database = self._open()
                found = self._collections[name] = self._database[name]
        return found

    def latest(self, name: str) -> Collection[Document]:
        """A collection whose reads see everything that the primary has written, and wait until a majority has it.

        For finding out what became of a write whose answer was lost: such a write may be there, and not be
        confirmed yet. Slower than other reads.
        """
        level = "linearizable" if self.is_replicated else "local"
        return self.collection(name).with_options(read_concern=ReadConcern(level))

    def id_of(self, name: str) -> str:
        """The key of a document of this app."""
        return f"{self.app}/{name}"

    def name_of(self, key: str) -> str:
        """What ``id_of`` was given."""
        return key[len(self.app) + 1 :]

    def now(self) -> float:
        """Seconds since 1970 by the clock of the primary.

        Estimated from its last answers and this machine's steady clock; never ahead, and behind by less than the
        time that an answer takes.
        """
        steady = time.monotonic()
        drift = abs(time.time() - self._measured_wall - (steady - self._measured_at))
        if self._pid != os.getpid() or steady - self._measured_at > _MEASURE_SECONDS or drift > 1.0:
            self._measure()
            steady = time.monotonic()
        return steady + self._offset

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        with self._lock:
            if self._client is not None and self._pid == os.getpid():
                self._client.close()
            self._reset()

    def _measure(self) -> None:
        with translated(self.where):
            command = self.collection(schema.INVOCATIONS).database.command
            offsets = []
            for _ in range(_SAMPLES):
                answer = command("hello")
                # It was read before the answer arrived: what is computed so is never ahead.
                offsets.append(answer["localTime"].timestamp() - time.monotonic())
        self._offset = max(offsets)
        self._measured_at, self._measured_wall = time.monotonic(), time.time()

    def _open(self) -> Database[Document]:
        client = self._client = self._connect()
        hosts, _, name = self.location.rpartition("/")
        with translated(self.where):
            hello = client.admin.command("hello")
            self.is_replicated = "setName" in hello or hello.get("msg") == "isdbgrid"
            if not self.is_replicated:
                logger.warning(
                    "MongoDB at %s is a standalone server: what is acknowledged survives the end of processes, but not "
                    "the loss of the server, and waits look for changes instead of being woken. Make it a replica set",
                    hosts,
                )
            database = client.get_database(
                name,
                write_concern=WriteConcern(w="majority", j=True),
                read_concern=ReadConcern("majority") if self.is_replicated else ReadConcern("local"),
                read_preference=ReadPreference.PRIMARY,
            )
            schema.prepare(database)
        return database

    def _connect(self) -> MongoClient[Document]:
        conf = self._conf
        milliseconds = int(conf.socket_connect_timeout * 1000)
        options: dict[str, Any] = {
            "maxPoolSize": conf.mongo_pool_max_connections,
            "socketTimeoutMS": int(conf.socket_timeout * 1000),
            "connectTimeoutMS": milliseconds,
            "serverSelectionTimeoutMS": milliseconds,
            "heartbeatFrequencyMS": _LOOK_MILLISECONDS,
            "appname": f"pynenc {self.app}"[:128],
        }
        url = conf.mongo_url.get_secret_value()
        if not url:
            options |= {"host": conf.mongo_host, "port": conf.mongo_port}
            if conf.mongo_username:
                options |= {
                    "username": conf.mongo_username,
                    "password": conf.mongo_password.get_secret_value(),
                    "authSource": conf.mongo_auth_source or "admin",
                }
        # What the URL says itself comes first.
        options = {name: value for name, value in options.items() if f"{name.lower()}=" not in url.lower()}
        try:
            return MongoClient(url, **options) if url else MongoClient(**options)
        except (PyMongoError, BSONError, InvalidName, ValueError, TypeError) as error:
            raise ConfigError(
                f"{self.where} cannot be used with these settings: {_harmless(error)}"
            ) from None
