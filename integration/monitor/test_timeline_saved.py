"""A timeline as a file: a picture, a trace, a table."""

from __future__ import annotations

import csv
import io
from types import ModuleType
from xml.etree.ElementTree import Element, fromstring

import pytest
from fastapi.testclient import TestClient

from pynenc.values.monitor import RecordQuery
from pynmon.timeline import lanes, spans

from .conftest import statements
from .crawl import Page


def test_a_timeline_is_saved_as_a_picture_that_stands_alone(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def saved(query: str) -> Element:
        response = client.get(f"/timeline.svg?range=1h&lanes=task{query}")
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "image/svg+xml"
        assert response.headers["Content-Disposition"] == 'attachment; filename="timeline.svg"'
        svg = fromstring(response.text)
        # Nothing that leads elsewhere, runs, or needs the styles of the pages.
        names = {name for one in svg.iter() for name in one.attrib}
        assert not {
            name for name in names if name.endswith(("href", "class", "style")) or name.startswith("on")
        }
        assert {one.tag.rpartition("}")[2] for one in svg.iter()} <= {
            *("svg", "title", "rect", "path", "text", "tspan", "defs", "pattern")
        }
        return svg

    page = client.get("/timeline?range=1h&lanes=task&q=task:*.refuse").text
    (link,) = [one for one in Page(page).links if one.startswith("/timeline.svg")]
    one_by_one = saved("&q=task:*.refuse&colour=task")
    assert fromstring(client.get(link).text).attrib["width"] == one_by_one.attrib["width"]
    assert "refuse" in "".join(one_by_one.itertext())
    monkeypatch.setattr(lanes, "SINGLE", 1)
    assert len(saved("").findall("{*}path")) > len(one_by_one.findall("{*}path"))
    monkeypatch.setattr(spans, "LIMIT", 5)
    assert "failed" in "".join(saved("").itertext())
    assert client.get("/timeline.svg?q=nonsense:1").status_code == 422


def test_a_timeline_is_saved_as_a_trace_and_as_a_table(
    shop: ModuleType, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "range=1h&lanes=task&q=task:*.echo"
    with statements(shop) as seen:
        response = client.get(f"/export/timeline?{query}")
    assert len(seen) <= 6, seen
    assert response.headers["Content-Disposition"] == 'attachment; filename="timeline.json"'
    events = response.json()["traceEvents"]
    assert [one["args"]["name"] for one in events if one["ph"] == "M"] == ["echo"]
    works = [one for one in events if one["ph"] == "X"]
    ids = {
        one.invocation_id
        for one in shop.app.orchestrator.open_monitor_store()
        .list_invocations(RecordQuery(task_id="pynmon_shop.echo"))
        .records
    }
    assert {one["args"]["invocation"] for one in works} == ids
    assert {one["name"] for one in works} == {"pynmon_shop.echo"}
    assert all(one["dur"] >= 0 for one in works)
    rows = list(csv.DictReader(io.StringIO(client.get(f"/export/timeline?{query}&form=csv").text)))
    assert {row["invocation_id"] for row in rows} == ids
    assert len(rows) == len(works)
    monkeypatch.setattr(spans, "LIMIT", 5)
    refused = client.get("/export/timeline?range=1h")
    assert refused.status_code == 422
    assert "choose a shorter one" in refused.text
