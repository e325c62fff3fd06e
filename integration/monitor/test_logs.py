"""Pasted log lines lead to what they are about."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html import unescape
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient

from pynmon import MonitorSettings, create_monitor_app

from .conftest import invocation_of, statements
from .crawl import Page


def test_log_lines_lead_to_what_they_are_about(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "refuse")
    whole = path.rpartition("/")[2]
    lines = [
        f"2026-01-01T00:00:00 INFO     pynenc [runner:abcd invocation:{whole} task:pynmon_shop.refuse] attempt 1",
        f"2026-01-01T00:00:01 ERROR    pynenc [invocation:{whole[:30]} task:pynmon_shop.refuse] failed",
        "Traceback <script>window.__pwned = 9</script>",
        '{"severity": "INFO", "text": "2026-01-01 INFO json [invocation:unknown-one]"}',
    ]
    with statements(shop) as seen:
        response = sent(client, "\n".join(lines))
    assert response.status_code == 200
    assert len(seen) <= 6, seen
    page = Page(response.text)
    assert page.forbidden == []
    listed = re.search(r'<ol class="log".*?</ol>', response.text, re.DOTALL)
    assert listed
    assert listed.group().count(f'href="{path}"') == 2
    assert page.links.count(path) == 3  # and the table
    assert page.tags.count("script") == Page(client.get("/logs").text).tags.count("script")
    assert "json [invocation:unknown-one]" in response.text
    for level in ("ERROR", "errors"):
        errors = explained(client, lines, level)
        # The traceback belongs to the error above it.
        assert numbers_of(errors) == [2, 3]
        assert 'aria-pressed="true"' in errors
    nothing = explained(client, lines, "CRITICAL")
    assert "No line is shown" in nothing
    assert client.get("/logs?level=ERRROR").status_code == 422


def sent(client: TestClient, text: str, address: str = "/logs/explain", **fields: str) -> Any:
    # As browsers send it: what is long is not escaped.
    parts = {name: (None, value) for name, value in {"text": text, **fields}.items()}
    return client.post(address, files=parts, headers={"Sec-Fetch-Site": "same-origin"})


def explained(client: TestClient, lines: list[str], level: str = "", **fields: str) -> str:
    address = f"/logs/explain?level={level}" if level else "/logs/explain"
    response = sent(client, "\n".join(lines), address, **fields)
    assert response.status_code == 200
    return str(response.text)


def numbers_of(text: str) -> list[int]:
    return [int(one) for one in re.findall(r'class="nr" id="[^"]*l=(\d+)"', text)]


def test_what_is_odd_about_lines_is_told(shop: ModuleType, client: TestClient) -> None:
    name = invocation_of(shop, client, "flaky").rpartition("/")[2]
    (record,) = shop.app.orchestrator.get_records([name]).values()
    at = datetime.fromtimestamp(record.started_at, UTC).isoformat()
    line = f"{at} INFO pynenc [runner:{record.runner_id} invocation:{name} task:{record.task_id}] attempt 2"
    text = explained(client, ["WARNING nothing", line])
    assert re.search(r"<b>retry</b>.*tried again once.*line 2", text)
    assert "ownership conflict" not in text
    # Each named thing once, and where all of it is.
    links = Page(text).links
    assert f"/tasks/{record.task_id}" in links
    assert f"/runners/{record.runner_id}" in links
    (everything,) = re.findall(r'href="([^"]+)">Everything of that time', text)
    assert "flaky" in client.get(f"{unescape(everything)}&view=table").text
    assert Page(text).links.count(f"/invocations/{name}") > 3  # its bars, too


def test_ids_that_are_cut_short_are_found_by_when_they_were_logged(
    shop: ModuleType, client: TestClient
) -> None:
    whole = invocation_of(shop, client, "refuse").rpartition("/")[2]
    (record,) = shop.app.orchestrator.get_records([whole]).values()
    at = datetime.fromtimestamp(record.created_at + 1.0, UTC).isoformat()
    lines = [
        f"{at} INFO     pynenc [runner:{record.runner_id[-8:]} invocation:{whole[-8:]} task:{record.task_id}] attempt",
        f"{at} INFO     pynenc [invocation:{'z' * 8}] unknown",
    ]
    with statements(shop) as seen:
        text = sent(client, "\n".join(lines)).text
    assert len(seen) <= 6, seen
    page = Page(text)
    assert f"/invocations/{whole}" in page.links
    assert f"/runners/{record.runner_id}" in page.links
    assert "Not found" in text
    assert text.count("z" * 8) >= 2
    # Of another day there is none.
    old = "\n".join(lines).replace(at[:10], "2020-01-01")
    text = explained(client, [old])
    assert f"/invocations/{whole}" not in Page(text).links


def entry(number: int, level: str = "INFO") -> str:
    at = datetime.fromtimestamp(1_769_846_400 + number, UTC).isoformat()
    return f"{at} {level:<8} pynenc [runner:1234abcd invocation:{number % 700:08d} task:pynmon_shop.refuse] n"


def test_twenty_thousand_lines_are_told_of_and_shown_in_pages(shop: ModuleType, client: TestClient) -> None:
    lines = [entry(n, "ERROR" if n % 4 == 0 else "INFO") for n in range(1, 20_001)]
    with statements(shop) as seen:
        text = explained(client, lines)
    assert len(seen) <= 6
    # The picture ends where the last line was written, and the levels are those of all.
    assert re.search(r"errors only <span[^>]*>5\u202f000<", text)
    assert re.search(r"INFO <span[^>]*>15\u202f000<", text)
    (everything,) = re.findall(r'href="([^"]+)">Everything of that time', text)
    assert "&to=2026-01-31T13%3A39" in unescape(everything)
    assert "200 more ids of invocations in these lines were not looked for" in text
    first = numbers_of(text)
    assert len(first) >= 500
    assert first == [*range(1, first[-1] + 1)]
    second = numbers_of(turned(client, lines, text, "Lines after"))
    assert second == [*range(first[-1] + 1, second[-1] + 1)]
    # The address of a line leads to the page that it is on, and back it goes by the same pages.
    again = sent(client, "\n".join(lines), f"/logs/explain?after={second[-1] - 1}").text
    assert numbers_of(again) == second
    assert numbers_of(turned(client, lines, again, "Lines before")) == first
    last = sent(client, "\n".join(lines), "/logs/explain?after=19999").text
    assert numbers_of(last)[-1] == 20_000
    assert "Lines after" not in last
    # Of those of some levels there are pages, too.
    errors = numbers_of(explained(client, lines, "errors"))
    assert errors == [*range(4, errors[-1] + 1, 4)]


def turned(client: TestClient, lines: list[str], text: str, button: str) -> str:
    """The page that a button leads to."""
    (address,) = re.findall(rf'formaction="([^"]+)">{button}', text)
    return str(sent(client, "\n".join(lines), unescape(address)).text)


@pytest.mark.parametrize(
    "text", ["x\n" * 20_001, "\u00e4" * 2_500_001, "y" * 5_000_001], ids=["lines", "bytes", "characters"]
)
def test_too_much_is_refused_with_the_limit_and_not_lost(client: TestClient, text: str) -> None:
    response = sent(client, text)
    assert response.status_code == 413
    told = unescape(re.findall(r'role="alert">([^<]+)<', response.text)[0])
    assert "At most 5 MB and 20\u202f000 lines" in told
    assert text in response.text
    assert Page(response.text).forbidden == []
    refused = sent(client, text, "/logs/file")
    assert refused.status_code == 413
    assert "At most 5 MB" in refused.text
    # One less is taken.
    assert sent(client, "x\n" * 20_000).status_code == 200


def test_levels_are_added_and_taken_away(client: TestClient) -> None:
    lines = [entry(n, level) for n, level in enumerate(("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), 1)]
    text = explained(client, lines, "ERROR")
    assert numbers_of(text) == [4]
    found = re.findall(r'formaction="([^"]+)" aria-pressed="\w+">([\w ]+) <', text)
    chips = {word: unescape(address) for address, word in found}
    assert chips == {
        "all lines": "/logs/explain",
        "errors only": "/logs/explain?level=errors",
        "DEBUG": "/logs/explain?level=DEBUG%2CERROR",
        "INFO": "/logs/explain?level=INFO%2CERROR",
        "WARNING": "/logs/explain?level=WARNING%2CERROR",
        "ERROR": "/logs/explain",
        "CRITICAL": "/logs/explain?level=errors",
    }
    assert numbers_of(sent(client, "\n".join(lines), chips["WARNING"]).text) == [3, 4]
    assert numbers_of(sent(client, "\n".join(lines), chips["errors only"]).text) == [4, 5]


def test_times_are_those_since_the_first_line_and_the_one_above(client: TestClient) -> None:
    lines = ["2026-01-31T08:00:00.250+00:00 ERROR it", "  below", "2026-01-31 09:00:01,5 INFO that"]
    text = explained(client, lines, times="delta", wrap="no")
    assert re.findall(r'data-s="([^"]*)" data-d="([^"]*)"', text) == [
        ("+0.000", ""),
        ("+1:00:01.250", "+1:00:01.250"),
    ]
    assert 'value="delta" form="paste" checked' in text
    assert re.search(r'name="wrap" value="no" form="paste" checked', text)
    assert "data-here" not in text
    # In another zone than the lines are in, each says when that was there.
    client.cookies.set("pynmon-times", "Asia/Tokyo")
    assert 'data-here="2026-01-31T17:00:00.250+09:00"' in explained(client, lines)
    # As an address says it, before there are lines.
    asked = client.get("/logs?times=relative&wrap=no&level=errors").text
    assert "/logs/explain?level=errors" in asked
    assert client.get("/logs?times=yesterday").status_code == 422
    led = client.get("/logs/explain?level=errors", follow_redirects=False)
    assert led.headers["location"] == "/logs?level=errors"


def test_what_is_shown_is_a_file_of_exactly_what_was_sent(shop: ModuleType, client: TestClient) -> None:
    lines = [
        "INFO \x1b[32mgreen\x1b[0m",
        *(f"ERROR {one}" for one in shop.HOSTILE[:6]),
        "  below \u202e \u2028 x",
    ]
    answer = sent(client, "\r\n".join(lines), "/logs/file")
    assert answer.content.decode() == "".join(f"{line}\n" for line in lines)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="lines.log"'
    assert answer.headers["cache-control"] == "no-store"
    assert sent(client, "\n".join(lines), "/logs/file?level=errors").text.splitlines()[0] == lines[1]
    # The page offers the same, and gives back to the form what it was sent, so that nothing changes on the way.
    page = explained(client, lines, "errors")
    assert re.search(r'formaction="/logs/file\?level=errors">Download 7 lines', page)
    field = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert unescape(field[0]) == "\n".join(lines)
    listed = re.findall(r'<ol class="log".*?</ol>', page, re.DOTALL)[0]
    assert "\u202e" not in listed
    assert "\u27e8U+2028\u27e9" in listed


def test_lines_lead_to_where_lines_are_kept(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "refuse")
    whole = path.rpartition("/")[2]
    lines = [
        f"2026-01-31T08:00:00Z ERROR x [runner:abcd1234 invocation:{whole} task:pynmon_shop.refuse] no",
        "Traceback",
        '2026-01-31T08:00:01Z INFO nothing [invocation:"><script>]',
    ]
    assert "ERROR" in explained(client, lines)
    assert "data-out" not in explained(client, lines)
    other = TestClient(monitor_with_links(shop), base_url="http://localhost")
    (found,) = re.findall(r"data-out='([^']+)'", explained(other, lines))
    # The last one names nothing that is known, and the second says nothing of itself.
    assert json.loads(unescape(found)) == {
        "addresses": ["https://logs.example.org/pynmon_shop.refuse?q={invocation_id}&from={from}&to={to}"],
        "lines": [1, 0, 0],
        "margin": 60.0,
    }


@pytest.mark.parametrize("has_links", [False, True])
def test_two_thousand_mixed_lines_make_a_page_of_bounded_size(
    shop: ModuleType, client: TestClient, has_links: bool
) -> None:
    if has_links:
        client = TestClient(monitor_with_links(shop), base_url="http://localhost")
    names = [record.invocation_id for record in shop.app.orchestrator.get_records(all_ids(client)).values()]
    lines = []
    for n in range(500):
        name = names[n % len(names)]
        at = datetime.fromtimestamp(1_769_846_400 + n, UTC).isoformat(timespec="milliseconds")
        lines += [
            f"{at} INFO     pynenc.engine [runner:1234abcd invocation:{name} task:pynmon_shop.refuse] attempt 1",
            f'{{"timestamp": "{at}", "severity": "WARNING", "message": "slow", "invocation_id": "{name}"}}',
            f"{at} \x1b[31mERROR\x1b[0m    pynenc.engine [invocation:{name[-8:]}] failed",
            '  File "/srv/shop/tasks.py", line 12, in refuse',
        ]
    with statements(shop) as seen:
        response = sent(client, "\n".join(lines))
    assert len(seen) <= 6
    assert numbers_of(response.text) == [*range(1, 2001)]
    page = Page(response.text)
    assert len(page.tags) <= 15_000
    assert len(response.content) <= 900_000
    assert len(gzip.compress(response.content, 4)) <= 90_000


@pytest.mark.parametrize(
    "tail",
    [
        "step of the order took 97 ms",
        "x" * 60 + "<&" * 12,
        "\u2028\"'" * 30,
        "task:shop.tasks.pay " * 12,
        "\u00e4" * 1_100,
    ],
    ids=["usual", "markup", "hostile", "links", "long"],
)
def test_however_long_lines_are_a_page_of_them_is_bounded(
    shop: ModuleType, client: TestClient, tail: str
) -> None:
    names = all_ids(client)
    lines = []
    for n in range(2_000):
        at = datetime.fromtimestamp(1_769_846_400 + n, UTC).isoformat(timespec="milliseconds")
        worker = f"{n % 7:08x}-aaaa-4aaa-8aaa-000000000031"
        lines.append(
            f"{at} INFO pynenc.shop [runner:{worker} invocation:{names[n % len(names)]} "
            f"task:pynmon_shop.refuse] {tail}"
        )
    text = explained(client, lines)
    numbers = numbers_of(text)
    assert numbers == [*range(1, len(numbers) + 1)]
    (field,) = re.findall(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    whole, given_back = len(text.encode()), len(field.encode())
    # What was sent stands in the field, so that it is not lost.
    assert whole - given_back <= 500_000
    assert whole <= 900_000 or given_back > 400_000
    assert len(Page(text).tags) <= 15_000
    assert len(gzip.compress(text.encode(), 4)) <= 90_000
    # The last line is on a page, too, which is no larger.
    last = sent(client, "\n".join(lines), "/logs/explain?after=1999").text
    assert numbers_of(last)[-1] == 2_000
    assert len(last.encode()) - given_back <= 500_000


def monitor_with_links(shop: ModuleType) -> FastAPI:
    """A monitor that knows where lines are kept."""
    template = "https://logs.example.org/{task}?q={invocation_id}&from={from}&to={to}"
    settings = MonitorSettings(
        log_url_template=template, allowed_hosts=("127.0.0.1", "localhost"), requests_per_second=0
    )
    return create_monitor_app(shop.app, settings)


def all_ids(client: TestClient) -> list[str]:
    return re.findall(r'href="/invocations/([^"]+)"', client.get("/invocations?size=200").text)


def test_lines_in_an_address_of_the_published_monitor_are_in_the_form(
    shop: ModuleType, client: TestClient
) -> None:
    lines = [entry(1), shop.HOSTILE[3]]
    with statements(shop) as seen:
        answer = client.get("/log-explorer/", params={"log": "\n".join(lines)}, follow_redirects=False)
    assert answer.status_code == 200
    # Nothing is explained before somebody says so.
    assert seen == []
    field = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", answer.text, re.DOTALL)
    assert unescape(field[0]) == "\n".join(lines)
    assert Page(answer.text).forbidden == []
    assert "No line is shown" not in answer.text
    assert client.get("/log-explorer/", params={"log": "x" * 8100}).status_code == 200
    assert client.get("/log-explorer/", params={"log": "x" * 8200}).status_code == 414
    assert client.get("/logs", params={"log": "x" * 2100}).status_code == 414


def test_lines_that_several_paste_take_the_memory_of_one_at_a_time(monitor: FastAPI) -> None:
    text = "\n".join(entry(n) for n in range(2_000))

    async def paste() -> int:
        """How many threads that took."""
        before = set(threading.enumerate())
        async with AsyncClient(transport=ASGITransport(monitor), base_url="http://localhost") as client:
            sent = [
                client.post(
                    "/logs/explain", files={"text": (None, text)}, headers={"Sec-Fetch-Site": "same-origin"}
                )
                for _ in range(4)
            ]
            assert [one.status_code for one in await asyncio.gather(*sent)] == [200] * 4
        return len(set(threading.enumerate()) - before)

    # In a thread of its own: where tests in browsers have run in this process, this one has a loop already.
    with ThreadPoolExecutor(1) as thread:
        # One has lines, while the form of the one before is closed in another.
        assert thread.submit(asyncio.run, paste()).result() <= 2
