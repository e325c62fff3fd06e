"""A master with a replica and a Sentinel, which lets the replica take over while there is work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.behaviour.conftest import eventually
from integration.redis_server.conftest import MakeApp, own_server
from integration.redis_server.own_server import OwnServer
from integration.servers.process import ServerProcess, free_port
from redis import Redis

from pynenc.exceptions import StoreError
from pynenc.values.status import InvocationStatus as S

_COUNT = 1500


class Trio:
    """Master, replica and Sentinel."""

    def __init__(self, master: OwnServer, replica: OwnServer, sentinel: Redis, port: int) -> None:
        self.master, self.replica, self.sentinel = master, replica, sentinel
        #: Of the Sentinel.
        self.port = port

    def master_port(self) -> int:
        """Where the Sentinel says that the master is."""
        return int(self.sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")[1])


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[Trio]:
    port = free_port()
    with own_server(tmp_path / "a") as master, own_server(tmp_path / "b") as replica:
        replica.client.execute_command("REPLICAOF", "127.0.0.1", master.port)
        eventually(lambda: replica.client.info("replication")["master_link_status"] == "up")
        folder = tmp_path / "sentinel"
        folder.mkdir()
        (folder / "sentinel.conf").write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 5000\n"
        )
        client = Redis(port=port, decode_responses=True, socket_timeout=5)
        process = ServerProcess(
            ["redis-server", str(folder / "sentinel.conf"), "--sentinel"], folder, client.ping
        )
        process.start()
        made = Trio(master, replica, client, port)
        try:
            eventually(lambda: _knows_replica(client))
            yield made
        finally:
            client.close()
            process.kill()


def _knows_replica(client: Redis) -> bool:
    return int(client.info("sentinel")["master0"]["slaves"]) == 1


def _fail_over(trio: Trio) -> None:
    trio.sentinel.execute_command("SENTINEL", "FAILOVER", "mymaster")


def _kill(trio: Trio) -> None:
    # What the replica had not received would be lost, which is not what this is about.
    trio.master.client.execute_command("WAIT", 1, 5000)
    trio.master.process.kill()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("accident", [_fail_over, _kill])
def test_a_replica_takes_over_while_there_is_work(trio: Trio, make_app: MakeApp, accident: object) -> None:
    app = make_app("PersistentProcessRunner", redis_sentinels=[f"127.0.0.1:{trio.port}"])
    first = trio.master_port()
    group = app.tasks.add.parallelize([(number,) for number in range(_COUNT)])
    eventually(lambda: app.app.orchestrator.count_by_status().get(S.SUCCESS, 0) > 50)
    accident(trio)  # type: ignore[operator]
    eventually(lambda: trio.master_port() != first, 60)

    def answered() -> bool:
        try:
            return bool(app.app.orchestrator.count_by_status())
        except StoreError:
            return False

    eventually(answered, 60)
    # Replication is asynchronous: what was accepted in the last moment may be lost, but nothing is stuck.
    eventually(lambda: app.app.orchestrator.count_by_status().keys() <= {S.SUCCESS}, 90)
    known = app.app.orchestrator.get_states([one.invocation_id for one in group.invocations])
    assert len(known) == _COUNT
    assert app.tasks.add(41).get(60) == 42
