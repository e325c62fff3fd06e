"""The judge objects to everything it is there for, and to nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from integration.faults.history_checker import ClientLog, Evidence, Execution, Fault, Observed, judge

from pynenc.values.ids import InvocationId
from pynenc.values.records import HistoryEntry, InvocationRecord, Outcome, OutcomeKind
from pynenc.values.status import InvocationStatus as S

ONE, TWO = InvocationId("one"), InvocationId("two")
LIFE = (S.REGISTERED, S.PENDING, S.RUNNING, S.SUCCESS)


def _record(found: InvocationId, *walk: S, **fields: Any) -> InvocationRecord:
    final = walk[-1].is_final()
    made = InvocationRecord(
        invocation_id=found,
        task_id="app.task",
        args_id="a",
        status=walk[-1],
        seq=len(walk),
        status_at=float(len(walk)),
        epoch=walk.count(S.PENDING),
        root_id=found,
        created_at=1.0,
        available_at=1.0,
        ended_at=float(len(walk)) if final else None,
        outcome=Outcome(OutcomeKind.RESULT, "1") if final else None,
    )
    return replace(made, **fields)


def _evidence(*lives: tuple[InvocationId, tuple[S, ...]], **fields: Any) -> Evidence:
    records = {found: _record(found, *walk, **fields) for found, walk in lives}
    histories = {
        found: [HistoryEntry(seq, status, float(seq)) for seq, status in enumerate(walk, 1)]
        for found, walk in lives
    }
    counts: dict[S, int] = {}
    for _, walk in lives:
        counts[walk[-1]] = counts.get(walk[-1], 0) + 1
    return Evidence(records, histories, {}, counts)


def _faults(evidence: Evidence, *logs: Any, at_rest: bool = True) -> set[Fault]:
    return {objection.fault for objection in judge(evidence, *logs, at_rest=at_rest)}


GOOD = _evidence((ONE, LIFE))


def test_a_good_life_has_no_faults() -> None:
    clients = ClientLog([ONE], [], [Observed(ONE, S.SUCCESS, "1")] * 2)
    assert judge(GOOD, clients, [Execution(ONE, 1, 2.0, 3.0)]) == []


def test_counts() -> None:
    assert _faults(replace(GOOD, counts={S.SUCCESS: 2})) == {Fault.COUNT}


def test_gaps() -> None:
    entries = [HistoryEntry(seq, status, 4.0) for seq, status in zip((1, 2, 4, 5), LIFE, strict=True)]
    assert _faults(replace(GOOD, histories={ONE: entries})) == {Fault.GAP}


def test_illegal_walks() -> None:
    assert _faults(_evidence((ONE, (S.REGISTERED, S.RUNNING, S.SUCCESS)))) == {Fault.ILLEGAL}


@pytest.mark.parametrize("wrong", [{"seq": 3}, {"token": "t"}, {"ended_at": None}])
def test_records_that_disagree(wrong: dict[str, Any]) -> None:
    assert _faults(_evidence((ONE, LIFE), **wrong)) == {Fault.DISAGREES}


def test_claims_without_an_epoch() -> None:
    assert _faults(_evidence((ONE, LIFE), epoch=2)) == {Fault.CLAIMS}


def test_too_many_owners() -> None:
    assert _faults(_evidence((ONE, LIFE), (TWO, LIFE), cc_key="k", cc_limit=1)) == {Fault.OVERLAP}
    assert _faults(_evidence((ONE, LIFE), (TWO, LIFE), cc_key="k", cc_limit=2)) == set()


def test_unfinished_work() -> None:
    evidence = _evidence((ONE, LIFE[:1]))
    assert _faults(evidence) == {Fault.UNFINISHED}
    assert _faults(evidence, at_rest=False) == set()


def test_leftover_waits() -> None:
    assert _faults(replace(GOOD, waits={TWO: [ONE]})) == {Fault.WAIT}


def test_lost_and_unexpected_calls() -> None:
    assert _faults(GOOD, ClientLog([ONE, TWO])) == {Fault.LOST}
    assert _faults(_evidence((ONE, LIFE), (TWO, LIFE)), ClientLog([ONE])) == {Fault.UNEXPECTED}
    assert _faults(_evidence((ONE, LIFE), (TWO, LIFE)), ClientLog([ONE], [TWO])) == set()


@pytest.mark.parametrize(
    "seen",
    [
        [Observed(ONE, S.FAILED, None)],
        [Observed(ONE, S.SUCCESS, "2")],
        [Observed(ONE, S.SUCCESS, "1"), Observed(ONE, S.SUCCESS, "2")],
    ],
)
def test_changed_outcomes(seen: list[Observed]) -> None:
    assert _faults(GOOD, ClientLog([ONE], [], seen)) == {Fault.CHANGED}


@pytest.mark.parametrize(
    ("executions", "fault"),
    [
        ([], Fault.LOST),
        ([Execution(ONE, 1, 1.0), Execution(ONE, 1, 2.0)], Fault.DOUBLED),
        ([Execution(ONE, 1, 1.0), Execution(ONE, 2, 2.0)], Fault.CLAIMS),
        ([Execution(TWO, 1, 1.0), Execution(ONE, 1, 2.0)], Fault.UNEXPECTED),
    ],
)
def test_executions(executions: list[Execution], fault: Fault) -> None:
    assert fault in _faults(GOOD, None, executions)
