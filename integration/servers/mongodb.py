"""MongoDB, as a replica set of one."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from integration.servers.provider import Local, Provider
from pymongo import MongoClient
from pymongo.errors import OperationFailure

_NO_CONFIGURATION = 94
#: No member of the configuration, or none that can be reached, is the server that was asked.
_NOT_ITSELF = frozenset({74, 93})
#: A distribution that holds a server, for machines that have none.
_WHEEL_PACKAGE = "fiftyone"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3


def is_ready(url: str) -> None:
    """Whether a server accepts writes; a new one is made a replica set of one."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        url, serverSelectionTimeoutMS=2000, directConnection=True
    )
    with client:
        hello = client.admin.command("hello")
        if "setName" not in hello:
            try:
                client.admin.command("replSetGetStatus")
            except OperationFailure as error:
                if error.code != _NO_CONFIGURATION:
                    return  # a standalone server, or one that tells nobody: it was given to us so
                _initiate(client, url)
        if not client.admin.command("hello")["isWritablePrimary"]:
            raise RuntimeError("it is not the primary yet")


def _initiate(client: MongoClient[dict[str, Any]], url: str) -> None:
    # Members are known by an address that also the outside can use.
    member = {"_id": 0, "host": f"127.0.0.1:{url.rpartition(':')[2].partition('/')[0]}"}
    try:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
    except OperationFailure as error:
        if error.code not in _NOT_ITSELF:
            raise
        # In a container it does not find itself by the address of the outside: by that of its own choice.
        client.admin.command("replSetInitiate", {})


def program() -> str | None:
    """The server on the PATH, or the one that was installed as a Python distribution."""
    found = shutil.which("mongod")
    if found is not None:
        return found
    spec = importlib.util.find_spec(_WHEEL_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "db" / "bin" / "mongod"
        if path.is_file():
            if not os.access(path, os.X_OK):
                path.chmod(0o755)
            return str(path)
    return None


def _data_of(folder: Path) -> Path:
    """Where the data goes: into memory, if there is room. Tests wait for thousands of writes to reach the disk."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES:
        return folder
    data = _MEMORY / folder.name
    data.mkdir(exist_ok=True)
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    return data


def command(port: int, folder: Path, *options: str) -> Sequence[str] | None:
    """A server that nobody else uses."""
    found = program()
    if found is None:
        return None
    return [
        found, "--port", str(port), "--bind_ip", "127.0.0.1", "--dbpath", str(_data_of(folder)), "--replSet", "rs0",
        "--nounixsocket", "--wiredTigerCacheSizeGB", "0.5", "--setParameter", "diagnosticDataCollectionEnabled=false",
        "--setParameter", "enableTestCommands=1", *options,
    ]  # fmt: skip


PROVIDER = Provider(
    "mongodb",
    image="mongo:6",
    port=27017,
    url=lambda host, port: f"mongodb://{host}:{port}/?directConnection=true",
    is_ready=is_ready,
    local=Local(command, start_seconds=60.0),
    container_options={"command": "mongod --replSet rs0 --bind_ip_all"},
)
