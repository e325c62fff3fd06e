"""Whoever dies or sees an error at whatever store call: nothing is lost, doubled or left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.backends.parts import Backend
from integration.faults.op_by_op import Case, run_and_kill, run_with_error, scan
from integration.faults.place import has_one_store
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
    case = Case(backend, tmp_path, role, scenario)
    assert scan(
        case, lambda at: run_and_kill(case, mode, at), stride=1 if has_one_store(backend, tmp_path) else 2
    )


@pytest.mark.parametrize("mode", [FaultMode.ERROR_BEFORE, FaultMode.ERROR_AFTER])
@pytest.mark.parametrize(("role", "scenario"), _CASES)
def test_any_store_call_may_fail(
    backend: Backend, tmp_path: Path, role: str, scenario: Scenario, mode: FaultMode
) -> None:
    if role == "sweeper" and not backend.capabilities.multi_process:
        pytest.skip(_NOBODY_DIES)
    case = Case(backend, tmp_path, role, scenario)
    assert scan(case, lambda at: run_with_error(case, mode, at))
