from __future__ import annotations

import csv
import io
import json

import pytest

from pynenc import PynencBuilder
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import NewInvocation
from pynmon.audit import Audit
from pynmon.exports import as_csv, audit_as_csv, audit_as_ndjson


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


def test_the_audit_as_a_file_is_all_of_it_oldest_first_and_no_formula() -> None:
    audit = Audit(None, "shop")
    for who, detail in (("=eve()", 'a, "b"\n'), ("bob", "\ud800<b>")):
        audit.add(who=who, action="cancel", subject="it", result="done", detail=detail)
    rows = list(csv.DictReader(io.StringIO("".join(audit_as_csv(audit.every())), newline="")))
    assert [(row["who"], row["detail"], row["app"]) for row in rows] == [
        ("'=eve()", 'a, "b"\n', "shop"),
        ("bob", "\ud800<b>", "shop"),
    ]
    lines = [json.loads(line) for line in audit_as_ndjson(audit.every())]
    assert [line["who"] for line in lines] == ["=eve()", "bob"]
