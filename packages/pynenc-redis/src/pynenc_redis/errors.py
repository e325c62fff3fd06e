"""What Redis and its driver report → what pynenc raises: one table, one place."""

from __future__ import annotations

from pynenc.exceptions import (
    CorruptDataError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)

#: First word of an error reply → our error and what to do about it.
_KINDS: dict[str, tuple[type[StoreError], str]] = {
    "OOM": (StoreFullError, "free memory or raise maxmemory, then it goes on by itself"),
    "MISCONF": (StoreFullError, "it cannot write to its disk; look into its log, then it goes on by itself"),
    "READONLY": (StoreUnavailableError, "it is a replica; connect to the master, or through its Sentinels"),
    "LOADING": (StoreUnavailableError, "it is reading its data, then it goes on by itself"),
    "MASTERDOWN": (StoreUnavailableError, "its master is away, then it goes on by itself"),
    "CLUSTERDOWN": (StoreUnavailableError, "the cluster has no node for this app's keys at the moment"),
    "TRYAGAIN": (StoreUnavailableError, "this app's keys are moving to another node"),
    "UNBLOCKED": (
        StoreUnavailableError,
        "it is a replica now; connect to the master, or through its Sentinels",
    ),
    "ASK": (StoreUnavailableError, "this app's keys are moving to another node"),
    "MOVED": (StoreUnavailableError, "it is a node of a cluster: set redis_cluster"),
    "NOREPLICAS": (StoreUnavailableError, "it has fewer replicas than min-replicas-to-write"),
    "NOAUTH": (StoreUnavailableError, "set redis_password, and redis_username if it is not the default user"),
    "WRONGPASS": (StoreUnavailableError, "redis_username and redis_password do not fit"),
    "NOPERM": (
        StoreUnavailableError,
        "the user needs the categories @read @write @scripting @pubsub @blocking @connection, keys and "
        "channels pynenc:*",
    ),
    "BUSY": (StoreBusyError, "a script holds it; try again"),
    "WRONGTYPE": (CorruptDataError, "a key of this app was written by somebody else"),
}
_HANDSHAKE = {
    "DB index": "redis_db names no database of this server",
    "unknown command": "it is no Redis server, or older than the required 6.2",
    "NOPROTO": "it is no Redis server, or older than the required 6.2",
    "invalid password": "redis_username and redis_password do not fit",
    "without any password": "it has no password: leave redis_password empty",
}


def word_of(error: Exception) -> str:
    """The first word of an error reply, for example ``READONLY``."""
    # The driver cuts off the words that it knows, and keeps them beside.
    known = getattr(error, "status_code", None)
    text = str(error)
    if isinstance(known, str) and known != "ERR":
        return known
    for word in _KINDS:
        # A script of an old server wraps what its commands were told.
        if text.startswith(f"{word} ") or f"-{word} " in text:
            return word
    return text.partition(" ")[0]


def from_reply(where: str, error: Exception) -> StoreError:
    """An error that a server gave instead of an answer."""
    word = word_of(error)
    raised, remedy = _KINDS.get(word, (StoreError, "this is not expected"))
    text = str(error)
    return raised(f"{where}: {text if text.startswith(word) else f'{word} {text}'}; {remedy}")


def from_handshake(where: str, error: Exception) -> StoreUnavailableError:
    """Why no connection came about; nothing was written."""
    text = str(error)
    remedy = next((remedy for part, remedy in _HANDSHAKE.items() if part in text), None)
    if remedy is None:
        known = _KINDS.get(word_of(error))
        remedy = known[1] if known else "is it running, and may this machine reach it?"
    return StoreUnavailableError(f"{where} cannot be used: {text}; {remedy}")
