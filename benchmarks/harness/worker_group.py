"""Worker processes of any system: started by its own command, and gone when the block is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil
from benchmarks.harness.system import until


@contextmanager
def worker_group(
    command: Sequence[str], environment: Mapping[str, str], children: int
) -> Iterator[list[psutil.Process]]:
    """Run ``python COMMAND``; gives the process and its children once there are so many of these."""
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    parent = psutil.Process(process.pid)
    try:
        until(lambda: len(parent.children()) >= children, 0.01)
        yield [parent, *parent.children()]
    finally:
        family = parent.children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _, alive = psutil.wait_procs(family, 5)
        for left in alive:
            left.kill()
