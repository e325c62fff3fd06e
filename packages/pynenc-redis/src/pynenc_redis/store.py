"""RedisStore: one app's keys on one server, and how waiting threads and processes hear of changes."""

from __future__ import annotations

import hashlib
import os
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from pynenc.contracts.heard import HeardEnds
from pynenc.contracts.store import BaseStore, OnReady
from pynenc.contracts.watches import Watch
from pynenc.values.capabilities import Capabilities
from pynenc.values.findings import Finding, Size
from pynenc_redis.conf import ConfigRedis
from pynenc_redis.health import examine, memory_of
from pynenc_redis.scripts import Script
from pynenc_redis.server import connections_for
from pynenc_redis.subscription import Subscription
from pynenc_redis.work import WorkWaits

#: Keys that are looked at, and removed, in one command.
_BATCH = 1000
#: What people want to know the size of, and the sorted sets that have it.
_MEASURED = {
    "invocations": ("o:all",),
    "payloads": ("s:i",),
    "client data": ("d:used",),
    "messages": ("b:queue", "b:leased"),
    "events": ("t:events",),
    "trigger runs": ("t:runs",),
    "runners": ("o:alive", "o:past"),
}


class RedisStore(BaseStore):
    """One app's keys on one server; all of them are in one slot of a cluster.

    Args:
        conf: Where the server is.
        app_id: Any text; apps on one server never see each other.
    """

    capabilities = Capabilities(durable=True, multi_process=True, push=True)

    def __init__(self, conf: ConfigRedis, app_id: str) -> None:
        #: What every key begins with.
        self.prefix = key_prefix(app_id)
        self._connections = connections_for(conf, self.prefix)
        self._work = WorkWaits(self._connections, f"{self.prefix}wake")
        self._subscription = Subscription(self._connections, self.prefix, conf.health_check_interval)
        _STORES.add(self)

    def now(self) -> float:
        """Seconds since 1970 by the clock of the server."""
        seconds, microseconds = self._connections.command("TIME", writes=False)
        return int(seconds) + int(microseconds) / 1e6

    def run(self, script: Script, *arguments: str | float) -> Any:
        """Run a script that changes something; its first key is the prefix."""
        return self._connections.run(script, 1, self.prefix, *arguments, writes=True)

    def begin(self, script: Script, *arguments: str | float) -> Callable[[], Any]:
        """Send a script that changes something; the function that it gives reads its answer, and has to be called."""
        return self._connections.begin(script, 1, self.prefix, *arguments)

    def begin_at_once(self, script: Script, *arguments: str | float) -> Callable[[], Any] | None:
        """As ``begin``, without waiting for anything; None if no connection is idle: nothing was sent then."""
        return self._connections.begin_at_once(script, 1, self.prefix, *arguments)

    def ask(self, script: Script, *arguments: str | float) -> Any:
        """Run a script that only reads."""
        return self._connections.run(script, 1, self.prefix, *arguments, writes=False)

    def command(self, *words: str | float, writes: bool = False) -> Any:
        """Send one command."""
        return self._connections.command(*words, writes=writes)

    def read_hash(self, key: str, names: Sequence[str] | None) -> dict[str, str]:
        """The fields of a hash that exist; all of them when ``names`` is None."""
        if names is None:
            return dict(self.command("HGETALL", key))
        texts = self.command("HMGET", key, *names) if names else ()
        return {name: text for name, text in zip(names, texts, strict=True) if text is not None}

    def remove(self, section: str) -> None:
        """Remove every key of a section of the app, in batches."""
        self.heard.forget()
        cursor = "0"
        # Nothing in it is special to patterns: the prefix is made of harmless characters only.
        pattern = f"{self.prefix}{section}*"
        while True:
            cursor, keys = self.command("SCAN", cursor, "MATCH", pattern, "COUNT", _BATCH)
            if keys:
                self.command("UNLINK", *keys, writes=True)
            if cursor in ("0", 0):
                return

    def work_marker(self) -> int:
        """How often waiting was interrupted; work itself leaves a token on the server."""
        return self._work.marker

    def wait_for_work(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the server has a token."""
        return self._work.wait(marker, timeout_seconds)

    def wait_and_run(
        self, marker: int, timeout_seconds: float, script: Script, *arguments: str | float
    ) -> Any:
        """Block as ``wait_for_work`` does, then run a script in the same trip; None if it was not run."""
        return self._work.wait_and_run(marker, timeout_seconds, script, 1, self.prefix, *arguments)

    def occurrence_marker(self) -> int:
        """How often occurrences were announced to this process so far."""
        return self._subscription.occurrence_marker

    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> bool:
        """Block until one may have been recorded since ``marker``."""
        return self._subscription.wait_for_occurrences(marker, timeout_seconds)

    def interrupt(self) -> None:
        """Let every waiting thread of this process look again."""
        self._work.interrupt()
        self._subscription.note_occurrences()

    @property
    def heard(self) -> HeardEnds[list[Any]]:
        """Status, epoch and outcome of those whose end this process was told of just now."""
        return self._subscription.heard

    def watch(self, on_ready: OnReady) -> Watch:
        """Open a subscription."""
        return Watch(self._subscription, on_ready)

    def diagnose(self) -> list[Finding]:
        """Settings of the server that lose calls, and how far away it is."""
        return examine(self.command)

    def measure(self) -> list[Size]:
        """Lengths of indexes, and the memory of the server."""
        sizes = [
            Size(name, sum(int(self.command("ZCARD", f"{self.prefix}{key}")) for key in keys))
            for name, keys in _MEASURED.items()
        ]
        return [*sizes, Size("server", None, memory_of(self.command))]

    def close(self) -> None:
        """Disconnect and end the thread that listens."""
        self._work.interrupt()
        self._subscription.close()
        self._connections.close()

    def start_anew(self) -> None:
        """In a child: neither connections nor threads nor subscriptions of the parent."""
        self._connections.start_anew()
        self._work.start_anew()
        self._subscription.start_anew()


_STORES: weakref.WeakSet[RedisStore] = weakref.WeakSet()


def _after_fork() -> None:
    for store in _STORES:
        store.start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def key_prefix(app_id: str) -> str:
    """What all keys of an app begin with: readable, of harmless characters only, different for each app id.

    The part in braces decides on the slot of a cluster.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", app_id.lower()).strip("_")[:24]
    digest = hashlib.sha256(app_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"pynenc:{{{f'{slug}_{digest}' if slug else digest}}}:"


def batches(items: Sequence[str], size: int = _BATCH) -> list[Sequence[str]]:
    """Slices of at most so many."""
    return [items[at : at + size] for at in range(0, len(items), size)]
