"""Wrong settings and odd servers: a clear error within the timeout, which never shows a password."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.redis_server.conftest import MakeApp, own_server
from integration.redis_server.own_server import OwnServer
from integration.servers.process import free_port

from pynenc.app import Pynenc
from pynenc.builder import PynencBuilder
from pynenc.cli import doctor
from pynenc.exceptions import ConfigError, CorruptDataError, SchemaVersionError, StoreUnavailableError
from pynenc.values.ids import InvocationId
from pynenc_redis.broker import RedisBroker
from pynenc_redis.schema import VERSION

PASSWORD = "canary-of-a-password"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[OwnServer]:
    """A server with a password, and a user who may do what pynenc needs and no more."""
    rights = (
        "on >app-secret ~pynenc:* &pynenc:* -@all +@read +@write +@scripting +@pubsub +@blocking +@connection"
    )
    with own_server(tmp_path / "redis", "--requirepass", PASSWORD, password=PASSWORD) as server:
        server.client.execute_command("ACL", "SETUSER", "app", *rights.split(), "+time", "+info")
        yield server


def test_a_wrong_password_is_told_and_none_is_shown(guarded: OwnServer, make_app: MakeApp) -> None:
    for settings in (
        {"redis_port": guarded.port, "redis_password": "canary-of-a-wrong-one"},
        {"redis_port": guarded.port},
        {"redis_url": f"redis://:canary-of-a-wrong-one@127.0.0.1:{guarded.port}/0"},
    ):
        with pytest.raises(StoreUnavailableError, match=f":{guarded.port}") as caught:
            make_app(**{"redis_host": "127.0.0.1", **settings}).tasks.add(1)
        assert "canary" not in str(caught.value)
        assert "redis_password" in str(caught.value)


def test_a_password_and_a_user_with_few_rights_are_enough(guarded: OwnServer, make_app: MakeApp) -> None:
    for secrets in (
        {"redis_password": PASSWORD},
        {"redis_username": "app", "redis_password": "app-secret"},
    ):
        app = make_app("ThreadRunner", redis_host="127.0.0.1", redis_port=guarded.port, **secrets)
        assert app.tasks.add(1).get(60) == 2
        assert PASSWORD not in repr(app.app.component_conf(type(app.app.orchestrator).config_cls))
        app.app.purge()


def test_a_host_that_is_not_reached_is_an_error_within_the_timeout(make_app: MakeApp) -> None:
    port = free_port()
    with pytest.raises(StoreUnavailableError, match=f"127.0.0.1:{port}"):
        make_app(redis_url=f"redis://127.0.0.1:{port}/0").tasks.add(1)
    silent = socket.create_server(("127.0.0.1", 0), backlog=1)
    began = time.monotonic()
    port = silent.getsockname()[1]
    app = make_app(redis_url=f"redis://127.0.0.1:{port}/0", socket_timeout=0.3, socket_connect_timeout=0.3)
    with pytest.raises(StoreUnavailableError, match=str(port)):
        app.tasks.add(1)
    assert time.monotonic() - began < 5
    silent.close()


def test_a_database_that_does_not_exist_is_named(server: OwnServer, make_app: MakeApp) -> None:
    with pytest.raises(StoreUnavailableError, match="redis_db"):
        make_app(redis_host="127.0.0.1", redis_port=server.port, redis_db=99).tasks.add(1)


def _answering(reply: Callable[[bytes], bytes]) -> socket.socket:
    """Something on a port that gives one answer per message."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(reply(data))

    threading.Thread(target=serve, daemon=True).start()
    return listening


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"-ERR unknown command 'HELLO'\r\n",
        b"%2\r\n+version\r\n+6.0.16\r\n+proto\r\n:3\r\n",
    ],
    ids=["no Redis", "Redis 5", "Redis 6.0"],
)
def test_what_is_no_redis_or_too_old_is_refused(make_app: MakeApp, reply: bytes) -> None:
    listening = _answering(lambda _: reply)
    with pytest.raises(StoreUnavailableError, match="cannot be used") as caught:
        make_app(redis_url=f"redis://127.0.0.1:{listening.getsockname()[1]}/0").tasks.add(1)
    assert b"HTTP" in reply or "6.2" in str(caught.value)
    listening.close()


def test_keys_that_somebody_else_wrote_are_told_as_such(server: OwnServer, make_app: MakeApp) -> None:
    app = make_app(redis_url=server.url)
    invocation = app.tasks.add(1)
    prefix = app.app.orchestrator.store.prefix
    server.client.hset(f"{prefix}o:packed", invocation.invocation_id, "hello")
    with pytest.raises(CorruptDataError, match="somebody else"):
        _ = invocation.record
    server.client.hdel(f"{prefix}o:packed", invocation.invocation_id)
    server.client.set(f"{prefix}o:i:{invocation.invocation_id}", "hello")
    with pytest.raises(CorruptDataError, match="somebody else"):
        _ = invocation.record
    server.client.delete(f"{prefix}o:i:{invocation.invocation_id}")
    server.client.hset(f"{prefix}o:i:{invocation.invocation_id}", mapping={"t": "x", "s": "?", "e": "0"})
    with pytest.raises(CorruptDataError):
        _ = invocation.status
    server.client.hset(f"{prefix}o:counts", "rtask", b"\xff\xfe")
    with pytest.raises(CorruptDataError):
        app.app.orchestrator.count_by_status()


def test_keys_of_a_newer_version_are_refused(server: OwnServer, make_app: MakeApp) -> None:
    app = make_app(redis_url=server.url, app_id="shared")
    store = app.app.orchestrator.store
    app.tasks.add(1)
    # A broker alone, whose records are another backend's, says so as well.
    RedisBroker(store).push([InvocationId("one")])
    marks = [f"{store.prefix}{section}:schema" for section in "ob"]
    for mark in marks:
        assert server.client.get(mark) == str(VERSION)
        server.client.set(mark, VERSION + 1)
        with pytest.raises(SchemaVersionError, match="upgrade pynenc-redis"):
            make_app(redis_url=server.url, app_id="shared").tasks.add(1)
        server.client.set(mark, VERSION)
    app.app.purge()
    assert not server.client.keys(f"{store.prefix}*")
    app.tasks.add(1)
    assert server.client.get(marks[0]) == str(VERSION)
    server.client.set(marks[0], "hello")
    with pytest.raises(CorruptDataError, match="somebody else"):
        make_app(redis_url=server.url, app_id="shared").tasks.add(1)


#: What version 1 stored of a call that ended and of one that waits: fields of the hash, elements of the list.
_VERSION_1: dict[str, tuple[dict[str, str], list[str]]] = {
    "ended": (
        {
            "pl": "1",
            "t": "integration.behaviour.sample.add",
            "s": "s",
            "q": "4",
            "a": "1795792910.806859",
            "n": "1",
            "v": "1795792910.804670",
            "u": "1",
            "e": "1",
            "k": "token",
            "r": "runner",
            "ho": "machine",
            "cl": "ThreadRunner",
            "st": "1795792910.806478",
            "f": "1795792910.806859",
        },
        [
            '["args",null,null,0,null,null,"default","x=1, y=1",2,null,null,true]\n{"x":"=1","y":"=1"}',
            '["result","2",1,null,null,null,true]\n=2',
            *("r1795792910.804670||", "p1795792910.806478|runner|", "u1795792910.806478|=|"),
            "s1795792910.806859|=|",
        ],
    ),
    "waiting": (
        {
            "pl": "1",
            "t": "integration.behaviour.sample.add",
            "s": "r",
            "q": "1",
            "a": "1795792910.807155",
            "n": "2",
            "v": "1795792910.807155",
            "u": "1",
        },
        [
            '["args",null,null,0,null,null,"default","x=2, y=1",2,null,null,true]\n{"x":"=2","y":"=1"}',
            *("", "r1795792910.807155||"),
        ],
    ),
}


def test_what_version_2_wrote_is_carried_on(server: OwnServer, make_app: MakeApp) -> None:
    prefix = make_app(redis_url=server.url, app_id="version-2").app.orchestrator.store.prefix
    names = [f"waiting-{number:04}" for number in range(2_500)]
    task, pipe = "integration.behaviour.sample.add", server.client.pipeline()
    for order, one in enumerate(names, 1):
        packed = f"r\0\0\0\0{task}\0{order}\0\0\0\0r1795792910.807155||"
        pipe.mset({f"{prefix}o:i:{one}": packed, f"{prefix}o:b:{one}": _VERSION_1["waiting"][1][0]})
        pipe.zadd(f"{prefix}o:ids", {one: 0})
        pipe.zadd(f"{prefix}o:all", {one: order})
        pipe.zadd(f"{prefix}o:task:{task}", {one: order})
        pipe.zadd(f"{prefix}o:ready", {f"2147483648{order:016}:{one}": 0})
    pipe.hset(f"{prefix}o:counts", f"r{task}", str(len(names)))
    pipe.mset({f"{prefix}o:n": len(names), f"{prefix}o:schema": 2})
    pipe.execute()
    app = make_app("ThreadRunner", redis_url=server.url, app_id="version-2").app
    for one in (names[0], names[-1]):
        assert app.get_invocation(one).get(60) == 3
        assert len(app.orchestrator.get_history(one)) == 4
    assert not server.client.exists(*(f"{prefix}o:i:{one}" for one in names))
    assert server.client.get(f"{prefix}o:schema") == str(VERSION)


def test_what_an_older_version_wrote_is_read_and_carried_on(server: OwnServer, make_app: MakeApp) -> None:
    prefix = make_app(redis_url=server.url, app_id="older").app.orchestrator.store.prefix
    for one, (fields, elements) in _VERSION_1.items():
        server.client.hset(f"{prefix}o:i:{one}", mapping=fields)
        server.client.rpush(f"{prefix}o:b:{one}", *elements)
    server.client.zadd(f"{prefix}o:ready", {f"2147483648{2:016}:waiting": 0})
    server.client.mset({f"{prefix}o:n": 2, f"{prefix}o:schema": 1})
    app = make_app("ThreadRunner", redis_url=server.url, app_id="older").app
    ended, waiting = map(app.get_invocation, _VERSION_1)
    assert waiting.get(60) == 3
    assert ended.get(60) == 2
    record = ended.record
    assert (record.seq, record.epoch, record.runner_id) == (4, 1, "runner")
    assert record.created_at < record.started_at < record.status_at == record.ended_at
    for one in (ended, waiting):
        history = app.orchestrator.get_history(one.invocation_id)
        assert [entry.status for entry in history] == ["registered", "pending", "running", "success"]
    assert server.client.get(f"{prefix}o:schema") == str(VERSION)


@pytest.mark.parametrize("app_id", ["with spaces", "{braces}", "a}b{c", "*?[x]", "ünï", "x" * 200])
def test_any_app_id_has_keys_in_one_slot_and_keeps_to_itself(
    server: OwnServer, make_app: MakeApp, app_id: str
) -> None:
    app, other = make_app("ThreadRunner", redis_url=server.url, app_id=app_id), make_app(redis_url=server.url)
    other.tasks.add(1)
    kept = set(server.client.scan_iter("*"))
    assert app.tasks.fib(3).get(60) == 2
    app.stop()
    mine = set(server.client.scan_iter("*")) - {key for key in kept if key.startswith("pynenc:{redis")}
    mine = {key for key in mine if key.startswith(app.app.orchestrator.store.prefix)}
    tags = {key[key.index("{") : key.index("}")] for key in mine}
    assert len(tags) == 1
    app.app.purge()
    assert not [key for key in server.client.scan_iter("*") if key in mine]
    assert other.app.orchestrator.count_by_status()


def test_a_unix_socket_is_enough(tmp_path: Path, make_app: MakeApp) -> None:
    path = tmp_path / "redis.sock"
    with own_server(tmp_path / "redis", "--unixsocket", str(path)):
        for settings in ({"redis_unix_socket_path": str(path)}, {"redis_url": f"unix://{path}?db=1"}):
            app = make_app("ThreadRunner", **settings)
            assert app.tasks.add(1).get(60) == 2


def test_tls_is_spoken_and_a_stranger_is_refused(tmp_path: Path, make_app: MakeApp) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    port = free_port()
    options = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    with own_server(tmp_path / "redis", *options, "--tls-auth-clients", "no"):
        settings: dict[str, Any] = {"redis_host": "127.0.0.1", "redis_port": port, "redis_ssl": True}
        app = make_app("ThreadRunner", **settings, redis_ssl_ca_certs=str(certificate))
        assert app.tasks.add(1).get(60) == 2
        with pytest.raises(StoreUnavailableError, match="certificate"):
            make_app(**settings).tasks.add(1)


# -- settings -----------------------------------------------------------------------------------------


def test_the_builder_puts_everything_on_redis(server: OwnServer) -> None:
    app = PynencBuilder().app_id("built").redis(url=server.url).build()
    stores = app.engine.components.stores()
    assert [type(store).__name__ for store in stores] == ["RedisStore"]


def test_components_may_be_put_on_redis_one_by_one(server: OwnServer) -> None:
    builder = PynencBuilder().app_id("built").memory().custom_config(redis_url=server.url)
    app = builder.redis_client_data_store(min_size_to_cache=7).redis_trigger(enable_scheduler=False).build()
    names = [type(getattr(app.engine.components, one)).__name__ for one in ("client_data_store", "trigger")]
    assert names == ["RedisClientDataStore", "RedisTrigger"]
    assert type(app.orchestrator).__name__ == "MemOrchestrator"


def test_the_builder_refuses_two_databases() -> None:
    with pytest.raises(ValueError, match="give one of them"):
        PynencBuilder().redis(url="redis://localhost/1", db=2)


#: Settings of earlier versions, with the values that these had.
PUBLISHED = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 5.0,
    "health_check_interval": 30,
    "max_connection_attempts": 3,
    "redis_pool_max_connections": 100,
    "redis_pool_health_check_interval": 30.0,
    "max_pending_resolution_threads": 50,
    "redis_retry_base_delay_sec": 0.1,
    "redis_retry_max_delay_sec": 1.0,
    "pagination_batch_size": 100,
}


def test_settings_of_earlier_versions_are_accepted(server: OwnServer, make_app: MakeApp) -> None:
    app = make_app("ThreadRunner", redis_url=server.url, **PUBLISHED)
    assert app.tasks.add(1).get(60) == 2


def test_pauses_between_attempts_to_connect_are_those_of_the_settings(make_app: MakeApp) -> None:
    pauses = {"redis_retry_base_delay_sec": 0.2, "redis_retry_max_delay_sec": 0.3}
    app = make_app(redis_url=f"redis://127.0.0.1:{free_port()}/0", max_connection_attempts=4, **pauses)
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        app.app.orchestrator.count_by_status()
    assert time.monotonic() - began >= 0.2 + 0.3 + 0.3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"redis_url": f"http://:{PASSWORD}@localhost"}, "redis://user:password@host"),
        ({"redis_url": f"redis://:{PASSWORD}@localhost:port/0"}, "redis://user:password@host"),
        ({"redis_sentinels": ["localhost"]}, "host:port"),
        ({"redis_cluster": True, "redis_db": 1}, "database 0 only"),
    ],
)
def test_settings_that_name_no_server_are_refused(settings: dict[str, Any], message: str) -> None:
    conf = {"orchestrator_cls": "RedisOrchestrator", **settings}
    with pytest.raises(ConfigError, match=message) as caught:
        _ = Pynenc(conf).orchestrator
    assert PASSWORD not in str(caught.value)


def test_the_doctor_says_what_a_server_may_lose(
    server: OwnServer, make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app(redis_url=server.url).app
    assert doctor.run(None, app) == 0  # type: ignore[arg-type]
    assert "warning" not in capsys.readouterr().out
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    server.client.config_set("appendonly", "no")
    assert doctor.run(None, app) == 0  # type: ignore[arg-type]
    found = capsys.readouterr().out
    assert "allkeys-lru" in found
    assert "append-only" in found
    server.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert doctor.run(None, app) == 1  # type: ignore[arg-type]
    server.client.execute_command("REPLICAOF", "NO", "ONE")
