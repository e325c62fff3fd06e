from __future__ import annotations

import re
from typing import Any

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.family import family_of
from pynmon.presentation.cells import Cells
from pynmon.presentation.hierarchy import hierarchy
from pynmon.presentation.instants import Instants
from pynmon.waterfall import waterfall_of

from .test_cells import HOSTILE, Read, url


def record(name: str, parent: str | None, begin: float, end: float | None, **fields: Any) -> InvocationRecord:
    known: dict[str, Any] = {
        "args_id": "a",
        "seq": 1,
        "status_at": begin,
        "task_id": "app.task",
        "status": InvocationStatus.SUCCESS if end else InvocationStatus.RUNNING,
        "parent_id": parent and InvocationId(parent),
        "root_id": InvocationId("run"),
        "created_at": begin,
        "available_at": begin,
        "started_at": begin + 1.0,
        "ended_at": end,
    }
    return InvocationRecord(invocation_id=InvocationId(name), **{**known, **fields})


def test_all_lines_are_one_picture() -> None:
    lines = family_of([record("run", None, 0.0, None), record("a", "run", 5.0, 10.0)], None)
    picture = waterfall_of(lines, 0.0, 10.0)
    assert picture.height == 56
    assert picture.waits == "M0 13h100v2h-100zM500 41h100v2h-100z"
    assert picture.runs == (
        (InvocationStatus.RUNNING, "M100 9h900v10h-900z"),
        (InvocationStatus.SUCCESS, "M600 37h400v10h-400z"),
    )


def test_what_is_too_short_to_be_seen_is_seen() -> None:
    lines = family_of([record("run", None, 0.0, 1.001), record("a", "run", 0.0, 1_000.0)], None)
    assert "M1 9h3v10h-3z" in dict(waterfall_of(lines, 0.0, 1_000.0).runs)[InvocationStatus.SUCCESS]


def test_a_line_says_what_it_stands_for_and_whether_the_end_waited() -> None:
    records = [
        record("run", None, 0.0, 9.0, task_id=f"app.{HOSTILE}"),
        *(record(f"leaf-{n}", "run", 1.0, 3.0) for n in range(7)),
    ]
    lines = family_of(records, None)
    cells = Cells(url, Instants("", 10.0))
    markup = hierarchy(waterfall_of(lines, 0.0, 10.0), cells, url, {"leaf-3"}, {"run"})
    read = Read(markup)
    assert "script" not in [tag for tag, _ in read.elements]
    first, folded = re.findall(r"<tr.*?</tr>", markup, re.DOTALL)
    assert 'aria-label="The end waited for it"' in first
    assert 'rowspan="2"' in first
    assert folded.startswith('<tr class="found"><td class="depth-1">')
    assert "&times; 7" in folded
    assert "parent%3A%22run%22" in folded
    assert "critical" not in folded
    assert "rowspan" not in folded
