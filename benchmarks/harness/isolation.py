"""Each measurement in a fresh process on fresh files, which are gone afterwards, whatever happens."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
from benchmarks.harness import own_servers
from benchmarks.harness.system import PATIENCE_SECONDS
from benchmarks.harness.systems import BY_NAME, Candidate, open_system

_TOP = Path(__file__).parent.parent.parent


class MeasurementFailedError(Exception):
    """A measurement that did not give numbers; the message is the end of what it wrote."""


def measure(scenario: str, candidate: Candidate, quick: bool) -> dict[str, float]:
    """Run one scenario once; metric → value."""
    with tempfile.TemporaryDirectory(prefix="pynenc-benchmark-") as folder:
        environment = {
            "BENCHMARK_FOLDER": folder,
            "BENCHMARK_VARIANT": candidate.variant,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(_TOP), os.environ.get("PYTHONPATH")])),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, scenario, candidate.name, "quick" if quick else "full"],
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            output, errors = process.communicate(timeout=2 * PATIENCE_SECONDS)
        except BaseException as error:
            _end_family(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise MeasurementFailedError("it did not end in time") from error
            raise
    if process.returncode != 0:
        raise MeasurementFailedError("\n".join(errors.splitlines()[-3:]))
    values: dict[str, float] = json.loads(output.splitlines()[-1])
    return values


def _end_family(process: subprocess.Popen[str]) -> None:
    """End a measurement together with the workers that it started."""
    try:
        parent = psutil.Process(process.pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for member in family:
        with suppress(psutil.NoSuchProcess):  # it may have ended by itself
            member.kill()
    process.wait()


def main() -> None:
    """The program of the fresh process: SCENARIO CANDIDATE quick|full."""
    scenario, name, size = sys.argv[1:]
    candidate = BY_NAME[name]
    module = importlib.import_module(f"benchmarks.scenarios.{scenario}")
    system = open_system(candidate, Path(os.environ["BENCHMARK_FOLDER"]))
    print(json.dumps(module.measure(system, size == "quick")))
    # Whatever threads the system still has, the numbers are written.
    sys.stdout.flush()
    own_servers.end_all()
    os._exit(0)


if __name__ == "__main__":
    main()
