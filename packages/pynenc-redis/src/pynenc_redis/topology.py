"""Which server has the keys of an app: the one that is named, the one that Sentinels name, or a cluster's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from redis.connection import Connection
from redis.crc import key_slot
from redis.exceptions import RedisError, ResponseError


class Topology(ABC):
    """Asked before each new connection."""

    @abstractmethod
    def address(self) -> dict[str, Any]:
        """What of the settings of a connection is known only now.

        Raises:
            RedisError, OSError: nobody says where it is.
        """


class OneServer(Topology):
    """The server of the settings."""

    def address(self) -> dict[str, Any]:
        """Nothing new."""
        return {}


class SentinelMaster(Topology):
    """The master that the first answering Sentinel names.

    Args:
        sentinels: Host and port of each.
        name: Of the master.
        options: Of the connections to Sentinels.
    """

    def __init__(self, sentinels: Sequence[tuple[str, int]], name: str, options: Mapping[str, Any]) -> None:
        self._sentinels = list(sentinels)
        self._name = name
        self._options = options

    def address(self) -> dict[str, Any]:
        """Host and port of the present master."""
        problem: Exception | None = None
        for at, (host, port) in enumerate(self._sentinels):
            try:
                answer = ask(host, port, self._options, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name)
            except (RedisError, OSError) as error:
                problem = error
                continue
            if answer:
                # The one that answered is asked first next time.
                self._sentinels.insert(0, self._sentinels.pop(at))
                return {"host": answer[0], "port": int(answer[1])}
        raise ResponseError(f"no Sentinel knows a master '{self._name}'") from problem


class ClusterNode(Topology):
    """The node of a cluster that has the slot of an app.

    Args:
        seed: Host and port of any node.
        key: One of the app's keys; all of them are in one slot.
        options: Of the connections.
    """

    def __init__(self, seed: tuple[str, int], key: str, options: Mapping[str, Any]) -> None:
        self._known = [seed]
        self._slot = key_slot(key.encode())
        self._options = options

    def address(self) -> dict[str, Any]:
        """Host and port of the node, by what the first answering node says."""
        problem: Exception | None = None
        for host, port in list(self._known):
            try:
                ranges = ask(host, port, self._options, "CLUSTER", "SLOTS")
            except (RedisError, OSError) as error:
                problem = error
                continue
            nodes = {(node[0] or host, int(node[1])) for one in ranges for node in one[2:]}
            self._known = [*sorted(nodes), *(known for known in self._known if known not in nodes)]
            for first, last, master, *_ in ranges:
                if first <= self._slot <= last:
                    return {"host": master[0] or host, "port": int(master[1])}
            problem = ResponseError(f"CLUSTERDOWN no node has the slot {self._slot}")
        raise problem or ResponseError("CLUSTERDOWN no node is known")


def ask(host: str, port: int, options: Mapping[str, Any], *command: str) -> Any:
    """One question to one server, on a connection of its own."""
    connection = Connection(**{**options, "host": host, "port": port})
    try:
        connection.connect()
        connection.send_command(*command)
        return connection.read_response()
    finally:
        connection.disconnect()
