"""The functions that every system runs as tasks."""

from __future__ import annotations

import time
from pathlib import Path


def add(x: int, y: int) -> int:
    """Nothing but overhead."""
    return x + y


def burn(milliseconds: int) -> int:
    """So much processor time."""
    end = time.thread_time() + milliseconds / 1000
    rounds = 0
    while time.thread_time() < end:
        rounds += 1
    return rounds


def hold(gate: str, name: str) -> str:
    """Keep a worker busy until the gate opens."""
    Path(f"{gate}.{name}").touch()
    while not Path(gate).exists():
        time.sleep(0.001)
    return name  # some systems do not store None
