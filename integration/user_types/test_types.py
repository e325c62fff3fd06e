"""What users' type checkers say about tasks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

TYPES = Path(__file__).parent
CORE = Path(__file__).parents[2] / "packages" / "pynenc-core"
_ERROR = re.compile(r"^(?P<file>.+\.py):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$", re.MULTILINE)
_EXPECTED = re.compile(r"# rejected: (?P<codes>[\w -]+)$")


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, int, str]]:
    """File, line and kind of everything that mypy objects to."""
    options = ("--strict", "--config-file=", "--cache-dir", str(tmp_path_factory.mktemp("mypy")))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "accepts.py", "rejects.py"],
        cwd=TYPES,
        env=os.environ | {"MYPYPATH": str(CORE / "src"), "NO_COLOR": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return Counter(
        (found["file"], int(found["line"]), found["code"]) for found in _ERROR.finditer(done.stdout)
    )


def test_correct_code_is_accepted(errors: Counter[tuple[str, int, str]]) -> None:
    assert {error: number for error, number in errors.items() if error[0] != "rejects.py"} == {}


def test_wrong_code_is_rejected_where_it_is_wrong(errors: Counter[tuple[str, int, str]]) -> None:
    lines = (TYPES / "rejects.py").read_text(encoding="utf-8").splitlines()
    expected = Counter(
        ("rejects.py", number, code)
        for number, line in enumerate(lines, 1)
        if (found := _EXPECTED.search(line))
        for code in found["codes"].split()
    )
    assert Counter({error: n for error, n in errors.items() if error[0] == "rejects.py"}) == expected
