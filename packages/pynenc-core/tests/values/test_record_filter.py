from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynenc.values.ids import InvocationId
from pynenc.values.record_filter import (
    AllOf,
    AnyOf,
    Between,
    Like,
    Not,
    NumberField,
    RecordFilter,
    RestsIn,
    TextField,
    is_made_of,
    matcher_of,
)
from pynenc.values.records import InvocationRecord, Outcome, OutcomeKind
from pynenc.values.status import InvocationStatus as S

RECORD = InvocationRecord(
    invocation_id=InvocationId("one"),
    task_id="shop.pay",
    args_id="x",
    status=S.FAILED,
    seq=3,
    status_at=9.0,
    root_id=InvocationId("one"),
    created_at=1.0,
    available_at=2.0,
    started_at=5.0,
    ended_at=9.0,
    outcome=Outcome(OutcomeKind.EXCEPTION, error_type="shop.NoMoneyError", error_msg=""),
)
OPEN = replace(RECORD, status=S.REGISTERED, started_at=None, ended_at=None, outcome=None)

pieces = st.lists(st.text("ab*.", max_size=3), min_size=1, max_size=4).map(tuple)


@given(st.text("ab*.\n", max_size=12), pieces)
def test_pieces_are_found_in_order_with_anything_between(text: str, pieces: tuple[str, ...]) -> None:
    pattern = ".*".join(map(re.escape, pieces))
    assert is_made_of(text, pieces) == bool(re.fullmatch(pattern, text, re.DOTALL))


@pytest.mark.parametrize(
    ("condition", "of_ended", "of_open"),
    [
        (Like(TextField.TASK_ID, ("shop.", "")), True, True),
        (Like(TextField.TASK_ID, ("Shop.", "")), False, False),
        (Like(TextField.ERROR_TYPE, ("", "MoneyError")), True, False),
        (Like(TextField.ERROR_MSG, ("", "")), False, False),
        (Like(TextField.PARENT_ID, ("", "")), False, False),
        (Between(NumberField.RETRIES, high=0), True, True),
        (Between(NumberField.WAIT_SECONDS, 3.0, 3.0), True, False),
        (Between(NumberField.RUN_SECONDS, high=3.9), False, False),
        (Between(NumberField.ENDED_AT), True, False),
        (RestsIn(frozenset({S.FAILED, S.SUCCESS})), True, False),
        (AllOf((RestsIn(frozenset({S.FAILED})), Between(NumberField.ENDED_AT, low=10.0))), False, False),
        (AnyOf((RestsIn(frozenset({S.FAILED})), Between(NumberField.CREATED_AT, low=10.0))), True, False),
        # Alternatives of one field, and of two.
        (AnyOf((Like(TextField.TASK_ID, ("shop.buy",)), Like(TextField.TASK_ID, ("shop.pay",)))), True, True),
        (
            AnyOf(
                (
                    AllOf((Like(TextField.TASK_ID, ("shop.pay",)), RestsIn(frozenset({S.REGISTERED})))),
                    AllOf((Like(TextField.TASK_ID, ("shop.pay",)), Between(NumberField.ENDED_AT, low=10.0))),
                    Like(TextField.TASK_ID, ("shop.buy",)),
                )
            ),
            False,
            True,
        ),
        (
            AnyOf(
                (Like(TextField.ERROR_TYPE, ("shop.NoMoneyError",)), Like(TextField.TASK_ID, ("shop.buy",)))
            ),
            True,
            False,
        ),
        (AnyOf((Like(TextField.ERROR_TYPE, ("x",)), Like(TextField.ERROR_TYPE, ("",)))), False, False),
        (AllOf(()), True, True),
        (AnyOf(()), False, False),
    ],
)
def test_a_condition_holds_or_its_opposite_does(
    condition: RecordFilter, of_ended: bool, of_open: bool
) -> None:
    assert matcher_of(condition)(RECORD) is of_ended
    assert matcher_of(condition)(OPEN) is of_open
    assert matcher_of(Not(condition))(RECORD) is not of_ended
    assert matcher_of(Not(condition))(OPEN) is not of_open
