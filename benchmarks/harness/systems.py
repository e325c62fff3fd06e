"""The systems that are compared, and which of them belong beside each other."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.system import System

#: The best of the peers on the same backend, metric by metric.
FASTEST = "fastest peer"


@dataclass(frozen=True)
class Candidate:
    """One column of the table."""

    name: str
    #: What ``--backend`` selects.
    backend: str
    variant: str
    #: What it is divided by: the peer with the same durability, ``FASTEST`` for whichever is best at a metric.
    peers: tuple[str, ...] = ()
    #: The only scenarios that it takes part in; all of them when there are none.
    only: tuple[str, ...] = ()


CANDIDATES = (
    Candidate("pynenc memory", "memory", "memory"),
    Candidate("pynenc SQLite FULL", "sqlite", "full", peers=("Huey default (FULL)",)),
    Candidate("Huey default (FULL)", "sqlite", "default"),
    Candidate("pynenc SQLite NORMAL", "sqlite", "normal", peers=("Huey fsync=False",)),
    Candidate("Huey fsync=False", "sqlite", "nosync"),
    Candidate("pynenc Redis", "redis", "redis", peers=(FASTEST,)),
    Candidate("Huey", "redis", "huey_redis"),
    Candidate("Dramatiq", "redis", "dramatiq_actors"),
    Candidate("Taskiq", "redis", "taskiq_on_redis"),
    Candidate("Celery", "redis", "celery_app"),
    Candidate("RQ", "redis", "rq_redis"),
    Candidate("DBOS default (FULL)", "sqlite", "dbos", only=("workflow",)),
    Candidate("pynenc MongoDB", "mongodb", "mongodb"),
    Candidate("pynenc RabbitMQ quorum", "rabbitmq", "quorum", peers=(FASTEST, "Dramatiq quorum, confirmed")),
    Candidate(
        "pynenc RabbitMQ classic", "rabbitmq", "classic", peers=(FASTEST, "Dramatiq classic, confirmed")
    ),
    Candidate("Dramatiq RabbitMQ", "rabbitmq", "dramatiq_actors"),
    Candidate("Dramatiq classic, confirmed", "rabbitmq", "dramatiq_actors:classic"),
    Candidate("Dramatiq quorum, confirmed", "rabbitmq", "dramatiq_actors:quorum"),
    Candidate("Celery RabbitMQ", "rabbitmq", "celery_app"),
)
BY_NAME = {candidate.name: candidate for candidate in CANDIDATES}


def is_peer(candidate: Candidate) -> bool:
    """Whether it is not pynenc."""
    return not candidate.name.startswith("pynenc")


def open_system(candidate: Candidate, folder: Path) -> System:
    """The system in this process, on files in ``folder``; once per process."""
    # Imported here, so that a measurement of one system has no other one in its process.
    if candidate.backend == "mongodb":
        from benchmarks.harness import mongodb_server  # noqa: PLC0415

        mongodb_server.start(folder)
    if candidate.backend == "rabbitmq":
        from benchmarks.harness import rabbitmq_server  # noqa: PLC0415

        rabbitmq_server.start(folder)
    if candidate.backend in ("redis", "rabbitmq"):
        from benchmarks.harness import redis_server  # noqa: PLC0415

        redis_server.start(folder)
        if is_peer(candidate):
            peer = importlib.import_module(f"benchmarks.peers.{candidate.variant.partition(':')[0]}")
            system: System = peer.Peer(folder, candidate.variant)
            return system
    if candidate.variant == "dbos":
        from benchmarks.peers import dbos_sqlite  # noqa: PLC0415

        return dbos_sqlite.DbosSystem(folder, candidate.variant)
    if is_peer(candidate):
        from benchmarks.peers import huey_sqlite  # noqa: PLC0415

        return huey_sqlite.HueySystem(folder, candidate.variant)
    from benchmarks.subject.pynenc_system import PynencSystem  # noqa: PLC0415

    return PynencSystem(folder, candidate.variant)
