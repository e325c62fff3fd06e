from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points


def test_pytest_finds_the_plugin_by_itself() -> None:
    [found] = [point for point in entry_points(group="pytest11") if point.name == "pynenc"]
    assert found.value == "pynenc.testing.pytest_plugin"


def test_it_costs_nothing_where_it_is_not_used() -> None:
    heavy = "{'pydantic', 'yaml', 'asyncio', 'pynenc.app', 'pynenc.testing.harness'}"
    code = (
        f"import pytest, sys; before = set(sys.modules); import pynenc.testing.pytest_plugin; "
        f"print(sorted((set(sys.modules) - before) & {heavy}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
