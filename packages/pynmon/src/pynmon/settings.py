"""Settings of one monitor."""

from __future__ import annotations

from dataclasses import dataclass

#: The names under which a browser on this machine reaches it. A foreign page that has its own name point here
#: arrives under that name, and is refused.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """What a monitor shows, and to whom.

    Args:
        allowed_hosts: Names (without port) under which it may be asked for; any other ``Host`` is refused.
        environment: Shown beside the name of the app, for example ``PROD``.
        sample_limit: Statistics are made of at most so many of the invocations that ended last.
        refresh_seconds: How often the store is asked whether something changed, while somebody looks.
        max_streams: At most so many browser tabs are told of changes; others refresh by themselves.
    """

    allowed_hosts: tuple[str, ...] = LOOPBACK
    environment: str = ""
    sample_limit: int = 10_000
    refresh_seconds: float = 1.0
    max_streams: int = 200
