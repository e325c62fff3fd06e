"""What an import adds to the start of an interpreter."""

import statistics
import subprocess
import sys
import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (
    Metric("import", "import alone", "ms", False),
    Metric("app", "import, an app and a task", "ms", False),
)
REPETITIONS = 3

_PYNENC_APP = """
from pynenc import Pynenc
app = Pynenc()
@app.task
def add(x, y): return x + y
"""
_HUEY_APP = """
from huey import SqliteHuey
app = SqliteHuey(filename="huey.db")
@app.task()
def add(x, y): return x + y
"""
_PROGRAMS = {"pynenc": ("import pynenc", _PYNENC_APP), "huey": ("import huey", _HUEY_APP)}


def applies(candidate: Candidate) -> bool:
    return candidate.variant in ("full", "default")  # the store makes no difference


def measure(system: System, quick: bool) -> dict[str, float]:
    alone, app = _PROGRAMS["huey" if system.is_peer else "pynenc"]
    # A task has to be in a module that other processes can import.
    (system.folder / "shop.py").write_text(app, encoding="utf-8")
    bare = _start("pass")
    return {"import": _start(alone) - bare, "app": _start("import shop") - bare}


def _start(program: str) -> float:
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
