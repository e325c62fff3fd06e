"""What an operator should know about a server: what may lose calls, and what makes them slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from pynenc.exceptions import StoreError
from pynenc.values.findings import Finding, Level

#: Older ones are not maintained any more; they work from 6.2 on.
_MAINTAINED = (7, 0)
_SLOW_SECONDS = 0.005
_ROUND_TRIPS = 20

#: Sends a command that reads.
Ask = Callable[..., Any]


def examine(ask: Ask) -> list[Finding]:
    """Ask a server about itself; raises StoreError when it does not answer."""
    facts = _facts(ask("INFO", "server")) | _facts(ask("INFO", "memory"))
    facts |= _facts(ask("INFO", "persistence")) | _facts(ask("INFO", "replication"))
    return [_version(facts), _role(facts), _eviction(facts), *_durability(facts, ask), _round_trip(ask)]


def memory_of(ask: Ask) -> int | None:
    """Bytes that a server uses for everything that it keeps; None where it does not say."""
    used = _facts(ask("INFO", "memory")).get("used_memory")
    return None if used is None else int(used)


def _facts(text: str) -> dict[str, str]:
    lines = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name: value.strip() for name, _, value in lines}


def _version(facts: Mapping[str, str]) -> Finding:
    text = facts.get("redis_version", "0")
    found = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    if found < _MAINTAINED:
        return Finding(Level.WARNING, f"version {text} is not maintained any more", "upgrade to 7.2 or later")
    return Finding(Level.OK, f"version {text}")


def _role(facts: Mapping[str, str]) -> Finding:
    if facts.get("role") != "master":
        return Finding(
            Level.PROBLEM,
            "it is a replica, which takes no writes",
            "connect to the master, or through Sentinels",
        )
    return Finding(Level.OK, f"it is a master with {facts.get('connected_slaves', '0')} replicas")


def _eviction(facts: Mapping[str, str]) -> Finding:
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return Finding(
            Level.WARNING,
            f"maxmemory-policy is {policy}: when memory is short, accepted calls and results are deleted",
            "CONFIG SET maxmemory-policy noeviction; then new calls are refused instead",
        )
    return Finding(Level.OK, "maxmemory-policy is noeviction")


def _durability(facts: Mapping[str, str], ask: Ask) -> list[Finding]:
    if facts.get("aof_enabled") != "1":
        return [
            Finding(
                Level.WARNING,
                "there is no append-only file: a crash loses every call since the last snapshot",
                "CONFIG SET appendonly yes, and set it in redis.conf",
            )
        ]
    try:
        fsync = ask("CONFIG", "GET", "appendfsync")
    except StoreError:
        # Hosted servers mostly do not tell.
        return [Finding(Level.OK, "there is an append-only file")]
    policy = dict(fsync).get("appendfsync", "?") if isinstance(fsync, dict) else fsync[1]
    if policy == "no":
        return [
            Finding(
                Level.WARNING,
                "appendfsync is no: a power cut loses what the system had not written yet, often 30 s",
                "CONFIG SET appendfsync everysec, or always",
            )
        ]
    lost = "nothing" if policy == "always" else "about a second"
    return [Finding(Level.OK, f"appendfsync is {policy}: a power cut loses {lost}")]


def _round_trip(ask: Ask) -> Finding:
    times = []
    for _ in range(_ROUND_TRIPS):
        began = time.perf_counter()
        ask("PING")
        times.append(time.perf_counter() - began)
    typical = median(times)
    text = f"a round trip takes {typical * 1000:.2f} ms"
    if typical > _SLOW_SECONDS:
        return Finding(Level.WARNING, text, "run workers near the server: each call is a few round trips")
    return Finding(Level.OK, text)
