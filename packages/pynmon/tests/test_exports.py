from __future__ import annotations

import csv
import io

import pytest

from pynenc import PynencBuilder
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import NewInvocation
from pynmon.exports import as_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_cell_that_begins_like_a_formula_is_a_text(text: str) -> None:
    app = PynencBuilder().memory().build()
    call = NewInvocation(
        invocation_id=InvocationId("one"),
        task_id=text,
        args_id="x",
        root_id=InvocationId("one"),
        args_preview=text,
    )
    app.orchestrator.submit([call], {}, enqueue=True)
    lines = "".join(as_csv(app.orchestrator.open_monitor_store(), RecordQuery()))
    (row,) = csv.DictReader(io.StringIO(lines, newline=""))
    assert (row["task_id"], row["args_preview"]) == (f"'{text}", f"'{text}")
    app.close()
