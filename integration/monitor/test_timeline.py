"""The timeline: what is on it, and where it leads."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from html import unescape
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pynenc.values.monitor import RecordQuery
from pynmon.presentation.texts import iso
from pynmon.timeline import instant, lanes, nodes, spans

from .conftest import eventually, invocation_of, running, statements
from .crawl import Page


def test_the_timeline_shows_what_a_query_asks_for(shop: ModuleType, client: TestClient) -> None:
    def tasks(query: str, **others: str) -> set[str]:
        response = client.get("/timeline", params={"range": "1h", "q": query, **others})
        assert response.status_code == 200
        return set(re.findall(r"<title>pynmon_shop.(\w+): ", response.text))

    assert tasks("is:retried") == {"flaky"}
    assert tasks("status:failed") == {"refuse"}
    assert tasks("task:*.refuse", errors="true") == {"refuse"}
    assert tasks("duration:>1h") == set()
    root = invocation_of(shop, client, "nightly").rpartition("/")[2]
    assert tasks("task:*.batch", root=root, range="") == {"batch"}


def test_every_stretch_of_work_is_on_the_timeline(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/timeline?range=1h&task=pynmon_shop.flaky").text
    titles = re.findall(r"<title>pynmon_shop.flaky: (\w+),", text)
    # Under load it may have been claimed some time before it ran.
    assert [title for title in titles if title != "Pending"] == ["Retry", "Success"]
    # Of many stretches within one pixel the picture shows the first ones only, the table all.
    text = client.get("/timeline?range=1h&task=pynmon_shop.batch&view=table").text
    rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)
    assert any("batch" in row and "Success" in row for row in rows)


def test_a_part_of_a_window_is_drawn_below_the_whole(shop: ModuleType, client: TestClient) -> None:
    (record,) = (
        shop.app.orchestrator.open_monitor_store()
        .list_invocations(RecordQuery(task_id="pynmon_shop.nightly"))
        .records
    )
    whole = {"from": iso(record.created_at - 60), "to": iso(record.ended_at + 60)}
    part = {"begin": iso(record.created_at), "end": iso(record.ended_at + 0.1)}
    wide = client.get("/timeline", params=whole).text
    with statements(shop) as seen:
        text = client.get("/timeline", params={**whole, **part, "lanes": "task"}).text
    assert len(seen) <= 6, seen
    assert "<title>pynmon_shop.nightly: " in text
    (strip,) = re.findall(r'<svg class="overview".*?</svg>', text, re.DOTALL)
    assert 'class="brush"' in strip
    # The strip is that of the whole window, whatever is drawn below.
    for outline in re.findall(r'<path class="[^"]+" d="([^"]+)"', strip):
        assert outline in wide
    # What leads closer or beside it stays below the same whole, which is one step away.
    moves = {
        word: unescape(to) for to, word in re.findall(r'<a href="([^"]+)" data-move="\w">(\w+)</a>', text)
    }
    for word in ("Closer", "Later"):
        assert "begin=" in moves[word]
        assert client.get(f"/timeline{moves[word]}").status_code == 200
    (back,) = re.findall(r'<a href="([^"]+)">Whole</a>', text)
    assert 'class="brush"' not in client.get(f"/timeline{unescape(back)}").text
    # A window wider than that is one of its own.
    far = client.get("/timeline", params={**whole, "begin": whole["from"], "end": whole["to"]}).text
    (wider,) = re.findall(r'<a href="([^"]+)" data-move="s"', far)
    assert "begin=" not in wider
    # Where nothing ran the strip stays.
    nothing = {"begin": whole["from"], "end": iso(record.created_at - 59)}
    assert 'class="brush"' in client.get("/timeline", params={**whole, **nothing, "lanes": "task"}).text
    for wrong in ({"begin": part["begin"]}, {"begin": iso(record.created_at - 99), "end": part["end"]}):
        assert client.get("/timeline", params={**whole, **wrong}).status_code == 422


def test_lanes_are_pinned_and_folded_by_links(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def lanes_of(text: str) -> list[str]:
        return re.findall(r'data-lane="([^"]*)"', text)

    def follow(text: str, label: str) -> str:
        (link,) = re.findall(rf'href="([^"]+)"[^>]*aria-label="{label}"', text)
        return str(client.get(unescape(link)).text)

    text = client.get("/timeline?range=1h&lanes=task").text
    assert lanes_of(text)[0] != "pynmon_shop.refuse"
    pinned = follow(text, "Pin pynmon_shop.refuse")
    assert lanes_of(pinned)[0] == "pynmon_shop.refuse"
    assert sorted(lanes_of(pinned)) == sorted(lanes_of(text))
    assert lanes_of(follow(pinned, "Unpin pynmon_shop.refuse")) == lanes_of(text)
    folded = follow(pinned, "Fold pynmon_shop.refuse")
    assert re.findall(r'data-lane="pynmon_shop.refuse"[^>]* data-height="(\d+)"', folded) == ["24"]
    assert follow(folded, "Unfold pynmon_shop.refuse").count('data-height="24"') < folded.count(
        'data-height="24"'
    )
    # Of more lanes than a picture has room for, those that are pinned are always there.
    monkeypatch.setattr(lanes, "MOST_LANES", 3)
    first = client.get("/timeline?range=1h&lanes=task&pin=pynmon_shop.refuse").text
    (link,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = client.get(f"/timeline{unescape(link)}").text
    assert lanes_of(second)[0] == lanes_of(first)[0] == "pynmon_shop.refuse"
    assert [*lanes_of(first)[1:], *lanes_of(second)[1:]] == lanes_of(pinned)[1:5]
    (link,) = re.findall(r'rel="prev" href="([^"]+)"', second)
    assert lanes_of(client.get(f"/timeline{unescape(link)}").text) == lanes_of(first)


def test_a_timeline_of_what_took_longer(client: TestClient) -> None:
    everything = client.get("/timeline?range=1h&view=table").text
    longer = client.get("/timeline?range=1h&view=table&longer=1ms").text
    assert longer.count("<tr>") <= everything.count("<tr>")
    assert "Nothing that matches" in client.get("/timeline?range=1h&longer=1h").text
    assert "Failed" not in client.get("/timeline/totals?range=1h&longer=1h").text
    for path in ("/timeline", "/timeline/totals", "/timeline.svg"):
        assert client.get(f"{path}?longer=long").status_code == 422, path


def test_bars_have_colours_of_what_they_were_and_of_attempts(client: TestClient) -> None:
    text = client.get("/timeline?range=1h&task=pynmon_shop.flaky&colour=status").text
    assert 'class="bar fill st-running"' in text
    assert 'class="bar fill st-success"' not in text
    text = client.get("/timeline?range=1h&task=pynmon_shop.flaky&colour=attempt").text
    assert 'class="bar fill pace-1"' in text
    assert 'class="bar fill pace-2"' in text
    assert "second" in text


def test_the_timeline_shows_what_overlaps_its_window(shop: ModuleType, client: TestClient) -> None:
    shop.released.clear()
    with running(shop):
        try:
            held = shop.hold()
            eventually(lambda: held.record.started_at is not None)
            first = held.record.started_at
            eventually(lambda: time.time() > first + 0.08)
        finally:
            shop.released.set()
        assert held.get(30) == "released"
    # Shorter than the invocation, inside of it: it began before and ended after.
    inside = {"from": iso(first + 0.02), "to": iso(first + 0.06), "task": "pynmon_shop.hold"}
    text = client.get("/timeline", params=inside).text
    assert f'<a href="/invocations/{held.invocation_id}"><rect class="bar fill ' in text
    assert 'class="fill torn"' in text
    later = {"from": iso(first + 3600), "to": iso(first + 7200)}
    assert "Nothing ran in this window" in client.get("/timeline", params=later).text


@pytest.mark.parametrize("lanes", ["task", "workflow", "invocation"])
def test_a_lane_of_a_timeline_leads_to_what_it_stands_for(
    shop: ModuleType, client: TestClient, lanes: str
) -> None:
    text = client.get(f"/timeline?range=1h&q=task:*.batch&colour=task&lanes={lanes}").text
    links = re.findall(rf'<a href="(/{lanes}s/[^"]+)"><title>', text)
    assert links != []
    assert all(client.get(link).status_code == 200 for link in links)
    assert '<rect class="fill hue-1"' in text
    if lanes == "workflow":
        # One ran by itself, two in the other.
        assert len(links) == 1
        assert "no workflow" in text


def test_a_timeline_tells_what_ran_at_an_instant(shop: ModuleType, client: TestClient) -> None:
    record = (
        shop.app.orchestrator.open_monitor_store()
        .list_invocations(RecordQuery(task_id="pynmon_shop.batch"))
        .records[0]
    )
    at = (record.started_at + record.ended_at) / 2
    link = f'href="/invocations/{record.invocation_id}"'

    def ran(**words: object) -> str:
        return str(client.get("/timeline/at", params={"at": at, **words}).text)

    for by, lane in (
        ("runner", record.runner_id),
        ("task", record.task_id),
        ("workflow", record.workflow_id or ""),
        ("invocation", record.invocation_id),
    ):
        assert link in ran(lanes=by, lane=lane), by
        assert link not in ran(lanes=by, lane="another"), by
    assert link in ran(q="task:*.batch")
    assert link not in ran(q="-task:*.batch")
    assert link not in ran(errors="true")
    # Of all that ran then only the first are named.
    alone = {"lanes": "invocation", "lane": record.invocation_id, "at": record.ended_at + 0.01}
    assert link not in ran(**alone, near=0.001)
    assert link in ran(**alone, near=0.02)
    refused: list[dict[str, object]] = [{"at": text} for text in ("nan", "inf", "1e400", "1e12", "-1")]
    refused += [{"at": at, "near": "nan"}, {"at": at, "near": "1e400"}, {"at": at, "q": "stauts:failed"}]
    for words in refused:
        assert client.get("/timeline/at", params=words).status_code == 422, words


def test_a_timeline_adds_up_what_it_shows(shop: ModuleType, client: TestClient, monkeypatch: Any) -> None:
    text = client.get("/timeline/totals?range=1h&q=task:*.refuse").text
    assert re.search(rf"Failed</span></dt><dd>{len(shop.HOSTILE)}</dd>", text), text
    assert client.get("/timeline/totals?range=1h&q=stauts:x").status_code == 422
    monkeypatch.setattr(spans, "LIMIT", 5)
    assert "More than 5 ended" in client.get("/timeline/totals?range=1h").text


def test_a_timeline_of_failures_shows_nothing_else(client: TestClient) -> None:
    text = client.get("/timeline?range=1h&errors=true&view=table").text
    rows = re.findall(r'<td><span class="status (\S+)"', text)
    assert rows
    assert set(rows) == {"st-failed"}


def test_a_family_has_a_timeline_of_its_own(shop: ModuleType, client: TestClient) -> None:
    page = client.get(invocation_of(shop, client, "batch")).text
    (link,) = re.findall(r'href="(/timeline\?root=[^"]+)"', page)
    with statements(shop) as seen:
        text = client.get(link).text
    assert len(seen) <= 6, seen
    titles = re.findall(r"<title>pynmon_shop.(\w+): (\w+),", text)
    assert {task for task, _ in titles} == {"batch", "charge"}
    assert titles.count(("charge", "Success")) == 9
    assert client.get("/timeline?root=unknown").status_code == 404


def test_a_timeline_has_few_nodes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for query in ("", "&lanes=task", "&lanes=invocation", "&lanes=invocation&colour=task"):
        page = Page(client.get(f"/timeline?range=1h{query}").text)
        assert page.tags.count("rect") > 10
        assert len(page.tags) <= nodes.MOST_SINGLE
    # In one piece, with as many lanes as a picture has: some of the pictures before had them as nodes of their own.
    monkeypatch.setattr(lanes, "SINGLE", 1)
    for query in ("", "&lanes=task", "&lanes=invocation"):
        page = Page(client.get(f"/timeline?range=1h{query}").text)
        assert len(page.tags) <= nodes.MOST_MERGED


def test_a_timeline_says_in_a_sentence_what_it_shows(client: TestClient) -> None:
    text = client.get("/timeline?range=1h&task=pynmon_shop.refuse").text
    (sentence,) = re.findall(r"<desc>(.*?)</desc>", text)
    assert re.fullmatch(r"\d+ spans on 1 runner between \S+ and \S+; 8 failed\.", sentence), sentence


def test_what_is_identical_is_one_bar_that_leads_closer(client: TestClient) -> None:
    text = client.get("/timeline?range=1h&lanes=task&same=true&work=true").text
    (link, number) = re.findall(
        r'<a href="([^"]+)"[^>]*><rect[^>]*><title>pynmon_shop.charge: (\d+) times', text
    )[0]
    assert int(number) > 30
    assert re.search(r"spans</b> as \d+ bars", text)
    closer = client.get(unescape(link)).text
    # One by one again, and nothing but that.
    assert " times Success" not in closer
    assert set(re.findall(r"(?:<title>|aria-label=\")pynmon_shop.(\w+): ", closer)) <= {"charge"}
    table = client.get("/timeline?range=1h&lanes=task&same=true&view=table").text
    assert f">{number} times</a>" in table
    # Files have every one of them.
    rows = client.get("/export/timeline?range=1h&lanes=task&same=true&work=true&form=csv").text
    assert rows.count(",pynmon_shop.charge,") >= int(number)


def test_the_table_of_a_timeline_is_sorted_by_its_headings(client: TestClient) -> None:
    text = client.get("/timeline?range=1h&view=table").text
    assert re.findall(r'aria-sort="(\w+)"><a[^>]*>(\w+)', text) == [("ascending", "From")]
    (link,) = re.findall(r'<a href="([^"]+)">Task', text)
    by_task = client.get(f"/timeline{unescape(link)}").text
    assert re.findall(r'aria-sort="(\w+)"><a[^>]*>(\w+)', by_task) == [("ascending", "Task")]
    tasks = re.findall(r'<td class="clip"><a [^>]*?pynmon_shop\.(\w+)"', by_task)
    assert tasks == sorted(tasks)
    assert len(set(tasks)) > 3
    assert client.get("/timeline?sort=nothing").status_code == 422


def test_points_of_a_timeline_are_hidden(client: TestClient) -> None:
    shown = client.get("/timeline?range=1h&task=pynmon_shop.flaky&lanes=invocation").text
    assert 'class="fill point st-retry"' in shown
    assert 'class="fill point st-registered"' in shown
    hidden = client.get("/timeline?range=1h&task=pynmon_shop.flaky&lanes=invocation&nopoints=true").text
    assert 'class="fill point' not in hidden
    assert "data-nolines" in client.get("/timeline?range=1h&task=pynmon_shop.flaky&nolines=true").text


def test_a_window_is_fitted_to_what_ran_in_it(client: TestClient) -> None:
    text = client.get("/timeline?range=7d&q=task:*.refuse").text
    (fit,) = re.findall(r'<a href="([^"]+)" data-move="0"', text)
    fitted = client.get(f"/timeline{unescape(fit)}").text
    assert re.findall(r"<b>(\d+) spans", fitted) == re.findall(r"<b>(\d+) spans", text)
    since, until = (
        datetime.fromisoformat(one)
        for one in re.findall(r'runner from <time datetime="([^"]+)".*?<time datetime="([^"]+)"', fitted)[0]
    )
    assert until - since < timedelta(minutes=5)
    assert "data-move" in client.get("/timeline?range=7d&q=task:nothing").text


def test_what_is_told_of_an_instant_says_how_far_it_was_looked_for(
    shop: ModuleType, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (
        shop.app.orchestrator.open_monitor_store()
        .list_invocations(RecordQuery(task_id="pynmon_shop.echo", oldest_first=True))
        .records[0]
    )
    words = {"at": first.started_at}
    assert "Looked for among" not in client.get("/timeline/at", params=words).text
    monkeypatch.setattr(instant, "LOOKED_AT", 3)
    text = client.get("/timeline/at", params=words).text
    assert re.search(r"that ended, until \S+, and among what goes on", text)


def test_totals_say_how_much_of_the_window_was_busy(client: TestClient) -> None:
    text = client.get("/timeline/totals?range=1h").text
    ((number, unit, busy),) = re.findall(r"<dt>busy</dt><dd>([\d.]+) (m?s), ([\d.]+) %", text)
    # Its calls are over within seconds, and were a second apart or less.
    assert float(number) > 0
    assert unit in ("s", "ms")
    assert 0 <= float(busy) < 5
