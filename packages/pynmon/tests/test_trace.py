"""Spans as files."""

from __future__ import annotations

import json

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynmon.presentation.statuses import LOOKS
from pynmon.timeline.colours import colours
from pynmon.timeline.groups import Group, Label
from pynmon.timeline.spans import Span
from pynmon.timeline.trace import as_csv, as_trace


def span(name: str, begin: float, end: float | None) -> Span:
    return Span(InvocationId(name), "=a.b", "r", begin, end, InvocationStatus.RUNNING)


GROUPS = [
    Group(
        Label("one", 'host "Runner"', "0123"),
        [span("b", 11.0, None), span("a", 10.0, 12.0), span("c", 12.0, 13.0)],
    ),
    Group(Label("two", "other"), [span("d", 10.0, 10.0)]),
]


def test_spans_that_overlap_are_on_threads_of_their_own() -> None:
    events = json.loads("".join(as_trace(GROUPS, now=20.0)))["traceEvents"]
    names = {one["pid"]: one["args"]["name"] for one in events if one["ph"] == "M"}
    assert names == {1: 'host "Runner" 0123', 2: "other"}
    assert [
        (one["args"]["invocation"], one["pid"], one["tid"], one["ts"], one["dur"], one["args"]["goes on"])
        for one in events
        if one["ph"] == "X"
    ] == [
        ("a", 1, 1, 10_000_000, 2_000_000, False),
        ("b", 1, 2, 11_000_000, 9_000_000, True),
        ("c", 1, 1, 12_000_000, 1_000_000, False),
        ("d", 2, 1, 10_000_000, 0, False),
    ]
    assert json.loads("".join(as_trace([], now=20.0)))["traceEvents"] == []


def test_no_cell_of_a_table_is_a_formula() -> None:
    lines = "".join(as_csv(GROUPS)).splitlines()
    assert lines[1] == "one,a,'=a.b,r,running,1970-01-01T00:00:10.000Z,1970-01-01T00:00:12.000Z,2.0"
    assert lines[2] == "one,b,'=a.b,r,running,1970-01-01T00:00:11.000Z,,"
    assert len(lines) == 5


def test_a_picture_that_stands_alone_has_the_colours_of_the_pages() -> None:
    found = {
        css: colours().fill(css)
        for css in [look.css for look in LOOKS.values()] + ["hue-0", "hue-6", "pace-4"]
    }
    assert found["st-failed"] == colours().named("failed") == "#BD1B26"
    assert found["hue-0"] == colours().named("strong")
    assert all(len(one) == 7 and one.startswith("#") for one in found.values())
    assert len({found[look.css] for look in LOOKS.values()}) == len(LOOKS)
