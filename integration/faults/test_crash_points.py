"""Whoever dies or sees an error at whatever store call: nothing is lost, doubled or left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.backends.parts import Backend
from integration.faults.op_by_op import Reached, run_and_kill, run_with_error, scan
from integration.faults.scenarios import Scenario
from integration.faults.victim import ROLES

from pynenc.testing import FaultMode

_NOBODY_DIES = "whoever could die would take the store along"
_CASES = [
    pytest.param(role, scenario, id=f"{role}-{scenario.name}")
    for role, (scenarios, _) in ROLES.items()
    for scenario in scenarios
]


@pytest.mark.parametrize("mode", [FaultMode.KILL_BEFORE, FaultMode.KILL_AFTER])
@pytest.mark.parametrize(("role", "scenario"), _CASES)
def test_a_process_may_die_at_any_store_call(
    backend: Backend, tmp_path: Path, role: str, scenario: Scenario, mode: FaultMode
) -> None:
    if not backend.capabilities.multi_process:
        pytest.skip(_NOBODY_DIES)
    _require_reached(scan(lambda at: run_and_kill(backend, tmp_path, role, scenario, mode, at)))


@pytest.mark.parametrize("mode", [FaultMode.ERROR_BEFORE, FaultMode.ERROR_AFTER])
@pytest.mark.parametrize(("role", "scenario"), _CASES)
def test_any_store_call_may_fail(
    backend: Backend, tmp_path: Path, role: str, scenario: Scenario, mode: FaultMode
) -> None:
    if role == "sweeper" and not backend.capabilities.multi_process:
        pytest.skip(_NOBODY_DIES)
    _require_reached(scan(lambda at: run_with_error(backend, tmp_path, role, scenario, mode, at)))


def _require_reached(reached: list[Reached]) -> None:
    assert reached, "the scenario made no store call at all"
