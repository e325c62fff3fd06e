"""Runs scenarios on pynenc and its peers side by side, prints one table, and writes one JSON file.

``python benchmarks/run.py --help`` lists the scenarios; README.md says how to read the table.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.harness import machine, report
from benchmarks.harness.isolation import MeasurementFailedError, measure
from benchmarks.harness.report import Measured
from benchmarks.harness.systems import CANDIDATES, Candidate

#: In the order of the table.
SCENARIOS = (
    "enqueue",
    "batch",
    "drain",
    "latency",
    "nested_wait",
    "fan_out",
    "workflow",
    "timers",
    "idle",
    "import_time",
    "growth",
    "scale_out",
    "footprint",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if a measurement failed."""
    # Ended like Ctrl-C does, so that the measurement that runs and its workers end too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    options = _parse(arguments)
    candidates = [c for c in CANDIDATES if not options.backend or c.backend in options.backend]
    facts = machine.facts()
    results: list[Measured] = []
    failures: list[str] = []
    began = time.monotonic()
    for name in options.scenario or SCENARIOS:
        results += _run_scenario(name, candidates, options.quick, failures)
    print(report.table(results, candidates))
    for failure in failures:
        print("FAILED " + failure, file=sys.stderr)
    if options.json:
        facts["load_after"] = machine.facts()["load_before"]
        document = {
            "machine": facts,
            "quick": options.quick,
            "seconds": round(time.monotonic() - began),
            "results": [measured.to_json() for measured in results],
            "failures": failures,
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if failures else 0


def _run_scenario(
    name: str, candidates: Sequence[Candidate], quick: bool, failures: list[str]
) -> list[Measured]:
    """Every candidate once, then every candidate again: what slows the machine down meets all of them."""
    scenario = importlib.import_module(f"benchmarks.scenarios.{name}")
    able = [c for c in candidates if (name in c.only or not c.only) and scenario.applies(c)]
    found: dict[tuple[str, str], Measured] = {}
    for repetition in range(_repetitions(scenario, quick)):
        for candidate in able:
            print(f"{name} {repetition + 1}: {candidate.name}", file=sys.stderr, flush=True)
            try:
                values = measure(name, candidate, quick)
            except MeasurementFailedError as error:
                failures.append(f"{name} on {candidate.name}: {error}")
                continue
            for metric in scenario.METRICS:
                if metric.key in values:
                    key = (metric.key, candidate.name)
                    measured = found.setdefault(key, Measured(name, metric, candidate.name))
                    measured.values.append(values[metric.key])
    return list(found.values())


def _repetitions(scenario: ModuleType, quick: bool) -> int:
    wanted: int = scenario.REPETITIONS
    return min(wanted, 3) if quick else wanted


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="only this one; may be repeated"
    )
    parser.add_argument(
        "--backend", action="append", choices=sorted({c.backend for c in CANDIDATES}), help="only this one"
    )
    parser.add_argument("--quick", action="store_true", help="smaller workloads, at most 3 repetitions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value and the machine's facts")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
