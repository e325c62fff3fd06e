"""What a store can do; a missing capability changes what is expected of it, never what is promised."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Facts about one kind of store."""

    #: What was acknowledged survives the end of every process.
    durable: bool
    #: Several processes may use it at once.
    multi_process: bool
    #: Waiters are woken by the store rather than by looking again.
    push: bool
