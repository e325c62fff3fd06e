"""The examples do what their pages say, in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
#: The `pynenc` command of this environment is found before any other.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def _runner(folder: Path) -> Iterator[None]:
    process = subprocess.Popen(["pynenc", "runner", "start"], cwd=folder, env=ENVIRONMENT)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) == 0


def _copy(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / name, folder / name))


def test_fibonacci(tmp_path: Path) -> None:
    folder = _copy("fibonacci", tmp_path)
    with _runner(folder):
        assert _run(folder, "python", "tasks.py", "10") == "fibonacci(10) = 55\n"


def test_stress(tmp_path: Path) -> None:
    output = _run(_copy("stress", tmp_path), "python", "stress.py", "--kills", "4")
    assert "everything is right" in output
    assert output.count("killed runner") == 2


def test_triggers(tmp_path: Path) -> None:
    output = _run(_copy("triggers", tmp_path), "python", "shop.py")
    assert "call_customer: please call: order 3: nobody has 5000.0\n" in output
    assert "ship: shipped\n" in output
    assert output.count("send_receipt: ") == 2


def test_order_fulfilment(tmp_path: Path) -> None:
    folder = _copy("order_fulfilment", tmp_path)
    with _runner(folder):
        well = _run(folder, "python", "orders.py", "visa")
        assert "receipt of order-" in well
        assert "parcel" in well
        (folder / "ledger.txt").unlink()
        killed = _run(folder, "python", "orders.py", "visa", "--kill")
        assert "the code ran 2 times" in killed
        ledger = (folder / "ledger.txt").read_text().splitlines()
        assert [line.split()[0] for line in ledger] == ["reserve", "charge", "hand"]
        (folder / "ledger.txt").unlink()
        refused = _run(folder, "python", "orders.py", "empty")
        assert "payment refused" in refused
        assert [line.split()[0] for line in (folder / "ledger.txt").read_text().splitlines()] == [
            "reserve",
            "refused",
            "release",
        ]
