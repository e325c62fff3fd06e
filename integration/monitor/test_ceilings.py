"""What pages ask the store: little, however much is in there."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

from pynmon import Role
from pynmon.timeline import density, spans

from .conftest import asks_few, eventually, invocation_of, statements
from .logins import OURS, form_token_of, logged_in, monitor_of

#: Page and the most questions that it may ask the store, however much is in there.
CEILINGS = {
    "/": 12,
    "/invocations": 4,
    "/invocations?status=failed&task=pynmon_shop.refuse": 4,
    "/invocations?status=running&status=registered": 4,
    "/invocations?q=duration:>5s%20-status:failed%20is:stuck": 5,
    "/invocations?q=(status:failed%20OR%20money)%20task:pynmon_shop.*": 4,
    "/invocations?q=is:slow": 5,
    "/invocations?at=2026-01-31T08:00": 5,
    "/invocations?range=7d&q=created:2026-01-31..2026-02-01": 4,
    "/failures": 2,
    "/failures?also=killed,recovered": 4,
    "/failures?q=task:*.refuse": 2,
    "/failures?q=error:ValueError": 3,
    "/failures?range=7d&state=open": 2,
    "/schedules": 5,
    "/schedules/pynmon_shop.restock%232": 4,
    "/queues": 11,
    # Five of them tell what is kept, and five ask each component, at most every ten seconds.
    "/system": 12,
    # Five of them are about triggers and what runners said that they have, in stores of their own.
    "/tasks": 7,
    "/tasks?only=idle": 8,
    "/tasks/pynmon_shop.charge": 8,
    "/tasks/pynmon_shop.refuse": 10,
    "/find?id=00000": 2,
    # Of runners those that live are asked for apart.
    "/runners": 7,
    "/runners?state=alive&ended=ever": 7,
    "/workflows": 3,
    "/workflows/types": 2,
    "/workflows?status=failed": 4,
    "/workflows?q=args:size%20is:final": 3,
    "/timeline?range=1h": 6,
    "/timeline?range=1h&q=duration:>1ms%20-is:open": 6,
    # What is open is asked for in two: how much it is, and which.
    "/timeline?range=1h&q=args.customer_id:4": 7,
    "/timeline?from=2020-01-01&to=2020-01-03&begin=2020-01-01&end=2020-01-02&colour=attempt": 6,
    "/timeline?range=1h&longer=1ms&colour=status": 6,
    "/timeline?range=7d&errors=true&view=table": 6,
    "/timeline.svg?range=1h&lanes=workflow": 6,
    # What belongs to runners is asked once a second, however often somebody points.
    "/timeline/at?at=0&near=1&lane=pynmon_shop.charge&lanes=task": 2,
    "/timeline/totals?range=1h": 6,
    "/timeline?range=1h&lanes=workflow&colour=workflow&cut=true": 6,
}


@pytest.mark.parametrize("path", CEILINGS)
def test_a_page_asks_the_store_few_questions(shop: ModuleType, path: str) -> None:
    asks_few(shop, path, CEILINGS[path])


#: The same where more ended than is drawn one by one; what figures do not tell takes one question more.
CROWDED = {
    "/timeline?range=7d": 4,
    "/timeline?range=7d&lanes=task": 3,
    "/timeline?range=7d&longer=1ms&task=pynmon_shop.charge": 4,
    "/timeline?range=7d&q=status:success&skip=1": 4,
    "/timeline?range=7d&q=args:customer_id": 5,
    "/timeline?range=7d&q=args:customer_id&lanes=task": 4,
    "/timeline/totals?range=7d": 4,
}


@pytest.mark.parametrize("path", CROWDED)
def test_a_timeline_of_too_much_asks_fewer_questions(
    shop: ModuleType, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LIMIT", 5)
    monkeypatch.setattr(density, "FEWEST", 1)
    # All of it ended at about the same time.
    monkeypatch.setattr(density, "EACH", 100)
    monkeypatch.setattr(density, "MOST_RECORDS", 100 * density.PARTS * density.PER_PART)
    assert "More than" in asks_few(shop, path, CROWDED[path])


def test_what_operators_see_asks_few_questions(shop: ModuleType) -> None:
    monitor = monitor_of(shop)
    client = logged_in(monitor, Role.OPERATOR)
    form = {"form_token": form_token_of(client), "action": "rerun", "q": "task:pynmon_shop.nothing"}
    with statements(shop) as seen:
        assert client.post("/bulk/preview", headers=OURS, data=form).status_code == 200
    assert 0 < len(seen) <= 2, seen
    with statements(shop) as seen:
        assert (
            client.post("/bulk/preview", headers=OURS, data={**form, "q": "status:failed"}).status_code == 200
        )
    assert 0 < len(seen) <= 2, seen
    order = {**form, "job_id": "0123456789ab", "until": "1", "expected": "0"}
    location = client.post("/bulk", headers=OURS, data=order).headers["location"]
    eventually(lambda: monitor.state.jobs.find("0123456789ab").is_over)
    for path, ceiling in ((location, 1), ("/audit", 0), ("/export/invocations?status=failed", 2)):
        with statements(shop) as seen:
            assert client.get(path).status_code == 200
        assert len(seen) <= ceiling, (path, seen)


@pytest.mark.parametrize("task", ["batch", "charge"])
def test_an_invocation_asks_no_more_for_a_large_family(
    shop: ModuleType, client: TestClient, task: str
) -> None:
    path = invocation_of(shop, client, task)
    for one in (path, f"{path}/peek"):
        with statements(shop) as seen:
            assert client.get(one).status_code == 200
        assert 0 < len(seen) <= 8, seen


def test_a_runner_asks_few_questions_and_is_shown_after_its_end(shop: ModuleType, client: TestClient) -> None:
    page = client.get("/runners").text
    path = re.findall(r'href="(/runners/[^"]+)"', page)[0]
    assert "stopped" in page
    assert "clean" in page
    with statements(shop) as seen:
        text = client.get(path).text
    assert len(seen) <= 8, seen
    assert "ThreadRunner" in text
    assert "charge" in text
