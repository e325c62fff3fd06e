"""The same system once more, on a store of its own, so that two states of a store can be measured in turns."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import own_servers
from benchmarks.harness.system import System
from benchmarks.harness.systems import CANDIDATES, open_system


@contextmanager
def twin(system: System, module: str) -> Iterator[Callable[[str], Any]]:
    """Open one in another process; gives what calls a function of ``module`` there, and returns its answer.

    Args:
        system: The one of this process.
        module: Has functions of one argument, which is the system of the process that they are called in.
    """
    folder = system.folder / "twin"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(folder), system.variant, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asked, answered = process.stdin, process.stdout

    def call(function: str) -> Any:
        print(function, file=asked, flush=True)
        answer = answered.readline()
        if not answer:
            raise RuntimeError(f"the twin ended in {function}")
        return json.loads(answer)

    try:
        yield call
    finally:
        asked.close()
        process.wait(30)


def main() -> None:
    """The program of the other process: FOLDER VARIANT MODULE; calls what it reads, until there is no more."""
    folder, variant, name = sys.argv[1:]
    module = importlib.import_module(name)
    candidate = next(one for one in CANDIDATES if one.variant == variant)
    system = open_system(candidate, Path(folder))
    try:
        for line in sys.stdin:
            print(json.dumps(getattr(module, line.strip())(system)), flush=True)
    finally:
        own_servers.end_all()
    os._exit(0)  # whatever threads the system still has


if __name__ == "__main__":
    main()
