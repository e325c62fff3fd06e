"""Bytes on disk per finished call: with its history on pynenc, of the bare result on a peer."""

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (Metric("bytes", "stored per finished call", "bytes", False),)
REPETITIONS = 1


def applies(candidate: Candidate) -> bool:
    return candidate.variant in (
        "full",
        "default",
        "redis",
        "mongodb",
    )  # how it is synchronised makes no difference


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 10_000
    with system.workers(2):
        system.call_many("add", [(number, number) for number in range(count)])
        system.wait_finished(count)
    return {"bytes": system.database_bytes() / count}
