"""What those see who may not see payloads or log lines."""

from __future__ import annotations

import html
import re
from types import ModuleType

from pynmon import MonitorSettings, Role, create_monitor_app

from .conftest import invocation_of
from .crawl import Page, crawl
from .logins import OURS, client_of, logged_in, monitor_of


def test_what_payloads_say_is_hidden_from_those_who_may_not_see_them(shop: ModuleType) -> None:
    monitor = monitor_of(shop, view_payloads=Role.OPERATOR)
    operator, viewer = logged_in(monitor, Role.OPERATOR), logged_in(monitor, Role.VIEWER)
    failed, charged = (invocation_of(shop, operator, task) for task in ("refuse", "charge"))
    assert "Traceback" in operator.get(failed).text
    assert "customer_id" in operator.get(charged).text
    pages = crawl(viewer, limit=150)
    assert len(pages) > 40
    for path in (
        failed,
        charged,
        "/export/invocations?form=csv",
        "/export/invocations?form=ndjson",
        "/api/v1/invocations?limit=200",
        f"/api/v1{failed}",
        "/timeline?range=1h&as=table",
    ):
        pages[path] = Page(viewer.get(path).text)
    said = ("Traceback", "customer_id", "k-123", *shop.HOSTILE[:5], "FlakyError: a")
    for path, page in pages.items():
        text = html.unescape(page.text)
        # The event of a trigger is no payload, what the code of a task names is none, nor are examples of queries.
        text = text.replace(shop.EVENT, "").replace("args.customer_id:42", "")
        text = re.sub(r'<dt>arguments</dt><dd class="data">[\w, ]+</dd>', "", text)
        assert not [one for one in said if one in text], path
    text = viewer.get(failed).text
    assert "Your role does not see payloads." in text
    assert "ValueError" in text


def test_nobody_finds_out_by_asking_what_is_in_them(shop: ModuleType) -> None:
    monitor = monitor_of(shop, view_payloads=Role.OPERATOR)
    operator, viewer = logged_in(monitor, Role.OPERATOR), logged_in(monitor, Role.VIEWER)
    for query in ("args:7", "result:r", "args.customer_id:7", "-lamp", "(is:open OR lamp)"):
        for path in ("/invocations", "/timeline", "/workflows", "/failures", "/api/v1/invocations"):
            answer = viewer.get(path, params={"q": query})
            assert answer.status_code == 422, (path, query)
            assert "which your role does not see" in answer.text
        assert operator.get("/invocations", params={"q": query}).status_code == 200
        assert viewer.get("/export/invocations", params={"q": query}).status_code == 422
    assert viewer.get("/invocations?q=error:ValueError%20has:args").status_code == 200


def test_the_page_about_log_lines_is_for_those_who_may_see_them(shop: ModuleType) -> None:
    monitor = monitor_of(
        shop, view_logs=Role.OPERATOR, log_url_template="https://logs.example.org/{invocation_id}"
    )
    for role, code in ((Role.VIEWER, 403), (Role.OPERATOR, 200)):
        client = logged_in(monitor, role)
        assert client.get("/logs").status_code == code
        assert client.post("/logs/explain", headers=OURS, data={"text": "x"}).status_code == code
        page = client.get(invocation_of(shop, client, "refuse")).text
        assert ('href="/logs"' in page) is (code == 200)
        assert ("https://logs.example.org/" in page) is (code == 200)


def test_where_nobody_may_act_everybody_is_a_viewer(shop: ModuleType) -> None:
    settings = MonitorSettings(view_payloads=Role.OPERATOR, requests_per_second=0)
    anybody = client_of(create_monitor_app(shop.app, settings))
    assert "Traceback" not in anybody.get(invocation_of(shop, anybody, "refuse")).text
    assert anybody.get("/logs").status_code == 200
