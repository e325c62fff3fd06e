"""Settings → how to reach the server."""

from __future__ import annotations

from functools import partial
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.retry import Retry

from pynenc.exceptions import ConfigError
from pynenc_redis.conf import ConfigRedis
from pynenc_redis.connections import Connections, Limits
from pynenc_redis.schema import require_known_schema
from pynenc_redis.topology import ClusterNode, OneServer, SentinelMaster, Topology


def location_of(conf: ConfigRedis) -> str:
    """The server and its database, without secrets: what two components must have in common to share a store.

    Raises:
        ConfigError: the settings name no server.
    """
    options = _server_options(conf)
    if conf.redis_cluster and (options["db"] or "path" in options or conf.redis_sentinels):
        raise ConfigError(
            "redis_cluster: a cluster has the database 0 only, and no Unix socket and no Sentinels: name the host and "
            "port of one of its nodes"
        )
    if conf.redis_sentinels:
        sentinels = ",".join(f"{host}:{port}" for host, port in _sentinels(conf))
        return f"{conf.redis_sentinel_master}@{sentinels}/{options['db']}"
    if "path" in options:
        return f"{options['path']}/{options['db']}"
    return f"{options['host']}:{options['port']}/{options['db']}"


def connections_for(conf: ConfigRedis, prefix: str) -> Connections:
    """The connections to the server that has an app's keys, all of which begin with ``prefix``."""
    options = {
        "socket_timeout": conf.socket_timeout,
        "socket_connect_timeout": conf.socket_connect_timeout,
        "socket_keepalive": True,
        "encoding": "utf-8",
        "decode_responses": True,
        "protocol": 3,
        # Whether something may be sent again is decided where it is known what it does.
        "retry": Retry(NoBackoff(), 0),
        **_server_options(conf),
    }
    connection_class: type[AbstractConnection] = options.pop("connection_class")
    if connection_class is UnixDomainSocketConnection:
        del options["socket_keepalive"]
    topology: Topology = OneServer()
    if conf.redis_sentinels:
        topology = SentinelMaster(
            _sentinels(conf), conf.redis_sentinel_master, _sentinel_options(conf, options)
        )
    elif conf.redis_cluster:
        topology = ClusterNode((options["host"], options["port"]), prefix, options)
    where = f"Redis {location_of(conf)}"
    limits = Limits(
        connections=conf.redis_pool_max_connections,
        wait_seconds=conf.socket_timeout,
        attempts=conf.max_connection_attempts,
        pause_seconds=conf.redis_retry_base_delay_sec,
        longest_pause_seconds=conf.redis_retry_max_delay_sec,
        trusted_seconds=conf.redis_pool_health_check_interval,
    )
    examine = partial(require_known_schema, where=where, prefix=prefix)
    return Connections(where, connection_class, options, topology, limits, examine)


def _server_options(conf: ConfigRedis) -> dict[str, Any]:
    url = conf.redis_url.get_secret_value()
    if url:
        try:
            options = dict(parse_url(url))
        except ValueError as error:
            # The address may hold a password, so it is not repeated.
            raise ConfigError(
                f"redis_url cannot be read ({type(error).__name__}): it has to look like "
                "redis://user:password@host:6379/0, rediss://... or unix:///path"
            ) from None
        options.setdefault("connection_class", Connection)
        if "path" not in options:
            options = {"host": "localhost", "port": 6379, **options}
        return {"db": 0, **options}
    options = {
        "db": conf.redis_db,
        "username": conf.redis_username or None,
        "password": conf.redis_password.get_secret_value() or None,
    }
    if conf.redis_unix_socket_path:
        return {
            **options,
            "connection_class": UnixDomainSocketConnection,
            "path": conf.redis_unix_socket_path,
        }
    options |= {"connection_class": Connection, "host": conf.redis_host, "port": conf.redis_port}
    if conf.redis_ssl:
        options |= {
            "connection_class": SSLConnection,
            "ssl_ca_certs": conf.redis_ssl_ca_certs or None,
            "ssl_certfile": conf.redis_ssl_certfile or None,
            "ssl_keyfile": conf.redis_ssl_keyfile or None,
            "ssl_check_hostname": conf.redis_ssl_check_hostname,
        }
    return options


def _sentinels(conf: ConfigRedis) -> list[tuple[str, int]]:
    found = []
    for text in conf.redis_sentinels:
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError(f"redis_sentinels has {text!r}, which is not of the form host:port")
        found.append((host, int(port)))
    return found


def _sentinel_options(conf: ConfigRedis, options: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "socket_timeout",
        "socket_connect_timeout",
        "decode_responses",
        "retry",
    )
    return {
        **{name: options[name] for name in kept},
        "password": conf.redis_sentinel_password.get_secret_value() or None,
    }
