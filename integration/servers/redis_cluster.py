"""Three nodes of a Redis Cluster, always local: a container would need a network of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from integration.servers.process import ServerProcess, free_port
from integration.servers.provider import Local, Provider
from integration.servers.redis import command
from redis import Redis

_SLOTS = ((0, 5460), (5461, 10922), (10923, 16383))


class _Nodes(Provider):
    def _start_container(self) -> tuple[str, str, Callable[[], object]]:
        raise FileNotFoundError("nodes are local processes")

    def _start_local(self) -> tuple[str, str, Callable[[], object]]:
        folder = Path(tempfile.mkdtemp(prefix="pynenc-redis-cluster-"))
        nodes: list[ServerProcess] = []
        ports = [free_port() for _ in _SLOTS]

        def end() -> None:
            for node in nodes:
                node.stop()
            shutil.rmtree(folder, ignore_errors=True)

        try:
            for port in ports:
                nodes.append(_start_node(port, folder / str(port)))
            _join(ports)
        except BaseException:
            end()
            raise
        return f"redis://127.0.0.1:{ports[0]}/0", f"three nodes from port {ports[0]} on", end


def _start_node(port: int, folder: Path) -> ServerProcess:
    folder.mkdir()
    words = command(port, folder)
    if words is None:
        raise FileNotFoundError("no redis server is installed")
    # The bus would be at the port + 10000, which may not exist.
    options = [
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        str(free_port()),
        "--cluster-node-timeout",
        "2000",
    ]
    node = ServerProcess([*words, *options], folder, Redis(port=port, socket_timeout=2).ping)
    node.start()
    return node


def _join(ports: Sequence[int]) -> None:
    for port, (first, last) in zip(ports, _SLOTS, strict=True):
        with Redis(port=port) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
    buses = {}
    for port in ports:
        with Redis(port=port, decode_responses=True) as client:
            buses[port] = client.config_get("cluster-port")["cluster-port"]
    with Redis(port=ports[0]) as client:
        for port in ports[1:]:
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", port, buses[port])


def _is_whole(url: str) -> None:
    with Redis.from_url(url, decode_responses=True, socket_timeout=2) as client:
        answer = client.execute_command("CLUSTER", "INFO")
    text = answer if isinstance(answer, str) else str(answer)
    if "cluster_known_nodes:3" not in text.replace("': '", ":") or "cluster_state:ok" not in text.replace(
        "': '", ":"
    ):
        raise ConnectionError("the nodes have not found each other yet")


PROVIDER = _Nodes(
    "redis_cluster",
    image="none",
    port=6379,
    url=lambda host, port: f"redis://{host}:{port}/0",
    is_ready=_is_whole,
    local=Local(lambda port, folder: None),
)
