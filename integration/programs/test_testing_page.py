"""The page on testing, as its readers run it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.fixture
def pages_code(tmp_path: Path) -> Path:
    """Every snippet of the page, appended to the file that it names."""
    snippets = re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(snippets) == PAGE.read_text("utf-8").count("```python")
    for name, code in snippets:
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(code + "\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_page_on_testing_does_what_it_says(pages_code: Path) -> None:
    assert "10 passed" in run(pages_code, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    run(pages_code, "plain.py")
    assert not list(pages_code.glob("*.db*"))
