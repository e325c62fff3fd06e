"""What clients send to a Redis server, seen with MONITOR."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration.servers.redis import PROVIDER
from redis import Redis

#: Commands of scripts that change nothing.
_READS = frozenset(
    [
        "exists",
        "get",
        "hexists",
        "hget",
        "hgetall",
        "hmget",
        "lindex",
        "llen",
        "lrange",
        "mget",
        "scard",
        "sismember",
        "smembers",
        "time",
        "zcard",
        "zcount",
        "zrange",
        "zrangebyscore",
        "zrevrange",
        "zrevrangebyscore",
        "zscore",
    ]
)


@contextmanager
def writes(store: Any) -> Iterator[list[str]]:
    """Collects one entry per message that changed something of an app: the commands that its script ran."""
    seen: list[str] = []
    url = PROVIDER.url()
    with Redis.from_url(url, decode_responses=True) as client, client.monitor() as monitor:
        yield seen
        end = uuid.uuid4().hex
        client.echo(end)
        entry: list[str] | None = None
        while True:
            line: dict[str, str] = monitor.next_command()
            if line["client_type"] == "lua":
                if entry is not None and line["command"].split()[0].lower() not in _READS:
                    entry.append(line["command"])
                continue
            if entry:
                seen.append("\n".join(entry))
            entry = [] if store.prefix in line["command"] else None
            if end in line["command"]:
                return
