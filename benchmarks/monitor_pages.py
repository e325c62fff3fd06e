"""How long the pages of the monitor take, and how large they are, over a filled store.

    python benchmarks/seed_monitor.py --path /tmp/seeded.db --invocations 1000000
    python benchmarks/monitor_pages.py --path /tmp/seeded.db

The monitor is a process of its own; several clients ask for one page after the other, all for the same at a time, as
people do whose pages are told that something changed. With ``--apart`` each asks for a page of its own. ``cpu`` is the
processor time of the monitor for one request, which other programs on the machine disturb less. ``cold`` is how long a
monitor takes that nobody has asked for anything yet, and ``asks`` is what it asks its store meanwhile.

Behind a page stands what is over its budget, with the budget.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from seed_monitor import APP_ID, DAYS, OPEN, large_of, name_of, settings_of


class Budget(NamedTuple):
    """What an answer may cost; None is for what has no limit."""

    #: 19 of 20 requests take no longer, once pages like it were asked for, and when none was.
    warm: int
    cold: int | None = None
    #: KB as they are, and compressed.
    raw: int | None = None
    gzip: int | None = None
    nodes: int | None = None
    #: Questions to the store, when nothing is remembered.
    queries: int | None = None


#: The budgets of the specification; other pages have that of the one that is most like them.
DASHBOARD = Budget(120, 400, 90, 18, 2_000, 12)
#: What a page asks for that is told of a change: all answers are remembered, as somebody has just asked.
FRAGMENT = Budget(15, None, 10, None, None, 1)
LIST = Budget(60, 200, 110, 16, 2_500, 4)
SEARCH = LIST._replace(warm=90, cold=250)
DETAIL = Budget(60, 150, 80, 16, 1_500, 8)
PEEK = DETAIL._replace(warm=30)
FEW = Budget(120, 300, 220, 35, 1_500, 6)
MANY = Budget(350, 700, 350, 90, 1_000, 6)
DENSITY = Budget(250, 500, 200, 50, 1_000, 4)
POINT = Budget(20, 60, 2, None, None, 1)
TASKS = Budget(120, 300, 160, 24, 4_000, 3)
RUN = Budget(150, 400, 180, 28, 2_500, 6)
EXPLAIN = Budget(800, None, 900, 90, 15_000, 6)
METRICS = Budget(30, 100, None, None, None, 0)
OTHER = TASKS._replace(queries=None)

#: A page that is told of a change asks for itself with this before its address.
LIVE = "live "
PASTED = "pasted "
BUDGETS = {
    "/": DASHBOARD,
    "/?range=7d": DASHBOARD,
    LIVE + "/": FRAGMENT,
    "/invocations": LIST,
    "/invocations?{older}": LIST,
    "/invocations?{deep}": LIST,
    "/invocations?size=200": OTHER,
    "/invocations?status=failed": LIST,
    "/invocations?q=task:{task}%20status:FAILED%20created:1d": SEARCH,
    "/invocations?q=duration:>1s": SEARCH,
    "/invocations?q=duration:>5s": SEARCH,
    "/invocations?q=is:slow": SEARCH,
    "/invocations?q=is:open": SEARCH,
    "/invocations?q=args.customer_id:{customer}": SEARCH,
    "/invocations/{invocation}": DETAIL,
    "/invocations/{member}": DETAIL,
    "/invocations/{invocation}/peek": PEEK,
    "/find?id={tail}": LIST,
    "/timeline?{few}": FEW,
    "/timeline?{single}": FEW,
    "/timeline?{many}": MANY,
    "/timeline?{many}&lanes=task": MANY,
    "/timeline?{many}&q=duration:>1s": MANY,
    "/timeline?{many}&q=args:customer_id": MANY,
    "/timeline?range=7d": DENSITY,
    "/timeline?range=7d&lanes=task": DENSITY,
    LIVE + "/timeline/at?{point}": POINT,
    "/tasks": TASKS,
    "/tasks/{task}": OTHER,
    "/workflows": LIST,
    "/workflows?q=is:open": SEARCH,
    "/workflows/{workflow}": RUN,
    "/workflows/{large}": RUN,
    "/runners": OTHER,
    "/runners/{runner}": DETAIL,
    "/failures": OTHER,
    "/failures?q=task:*.task_00*": OTHER,
    "/failures/{failure}": OTHER,
    "/queues": OTHER,
    "/schedules": OTHER,
    "/system": OTHER,
    "/logs": LIST,
    PASTED + "/logs/explain": EXPLAIN,
    "/metrics": METRICS,
}

#: As people run it, but for the limit of requests, and for two addresses: one begins anew as if it were just started,
#: the other tells what the store was asked since.
SERVE = """
import uvicorn
from pynenc import Pynenc
from pynmon import MonitorSettings, create_monitor_app
from pynmon.heap import share_one_heap
share_one_heap()
def make():
    return create_monitor_app(Pynenc(), MonitorSettings(requests_per_second=0))
monitor = make()
async def serve(scope, receive, send):
    global monitor
    if scope.get("path") not in ("/benchmark/anew", "/benchmark/asked"):
        return await monitor(scope, receive, send)
    if scope["path"] == "/benchmark/anew":
        monitor = make()
    asked = sum(one.number for one in monitor.state.queries.histograms().values())
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": str(asked).encode()}})
uvicorn.run(serve, port={port}, log_level="error")
"""

#: Between the parts of a form.
_EDGE = "edge-of-a-part"


class Page(NamedTuple):
    """How a page is asked for."""

    path: str
    #: What is sent; empty for what is only asked for.
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def own(self, number: int) -> Page:
        """The same as no other that is asked for."""
        return self._replace(path=f"{self.path}{'&' if '?' in self.path else '?'}own={number}")


def page_of(template: str, names: dict[str, str]) -> Page | None:
    """One of those with a budget; None when the store has nothing that belongs into its address."""
    try:
        path = template.format(**names)
    except KeyError:
        return None
    if path.startswith(LIVE):
        return Page(path.removeprefix(LIVE), headers=(("HX-Request", "true"),))
    if path.startswith(PASTED):
        form = f'--{_EDGE}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{_log(names)}\r\n--{_EDGE}--\r\n'
        headers = (
            ("Content-Type", f"multipart/form-data; boundary={_EDGE}"),
            ("Sec-Fetch-Site", "same-origin"),
        )
        return Page(path.removeprefix(PASTED), form.encode(), headers)
    return Page(path)


def _log(names: dict[str, str]) -> str:
    """2,000 lines about 150 invocations."""
    newest, each = int(names["number"]), 14
    lines = []
    for n in range(2_000):
        one = newest - OPEN - 1 - n // each
        second = n * 50 // 1_000
        lines.append(
            f"2026-01-31T08:{second // 60:02}:{second % 60:02}.{n % 20 * 50:03}Z INFO pynenc.shop "
            f"[runner:{names['runner']} invocation:{name_of(one)} task:shop.tasks.task_{one % 200:03d}] "
            f"step {n} of the order took {n % 97} ms"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ask for every page of the monitor.")
    parser.add_argument(
        "--path",
        type=Path,
        help="a file that seed_monitor.py has filled; by default the store is the one that the environment names",
    )
    parser.add_argument("--requests", type=int, default=200, help="for each page")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument(
        "--cold", type=int, default=1, help="monitors that are asked for each page as their first"
    )
    parser.add_argument(
        "--apart", action="store_true", help="no two requests are the same, so that none shares an answer"
    )
    parser.add_argument("--only", default="", help="pages whose address fits this regular expression")
    args = parser.parse_args()
    port = _free_port()
    environment = {**os.environ, "PYNENC__APP_ID": APP_ID, **(settings_of(args.path) if args.path else {})}
    monitor = subprocess.Popen([sys.executable, "-c", SERVE.format(port=port)], env=environment)
    try:
        _wait_for(port)
        names = _names(port)
        print(
            f"{'ms p50':>8} {'p95':>6} {'budget':>7} {'cpu':>6} {'cold':>5} {'KB':>6} {'gzip':>5} {'nodes':>6} "
            f"{'asks':>4}  page"
        )
        for template in BUDGETS:
            page = page_of(template, names)
            if page and re.search(args.only, template):
                _measure(port, monitor.pid, template, page, args)
        with Path(f"/proc/{monitor.pid}/status").open() as status:
            print(*(line.strip() for line in status if line.startswith("VmRSS")))
    finally:
        monitor.terminate()
        monitor.wait(30)


def _measure(port: int, pid: int, template: str, page: Page, args: argparse.Namespace) -> None:
    budget = BUDGETS[template]
    is_live = template.startswith(LIVE)
    cold, queries, body = [], 0, b""
    for _ in range(args.cold):
        _ask(port, Page("/benchmark/anew"))
        if is_live:
            page = _opened(port, page)
        before = int(_ask(port, Page("/benchmark/asked"))[1])
        seconds, body = _ask(port, page)
        cold.append(seconds)
        queries = int(_ask(port, Page("/benchmark/asked"))[1]) - before
    _ask(port, page)
    began = _processor_seconds(pid)
    # Each client has a connection that stays, as browsers have.
    of_client = threading.local()

    def connect() -> None:
        of_client.connection = _connection(port)

    with ThreadPoolExecutor(args.clients, initializer=connect) as clients:
        # Tabs that are told of a change ask for the same.
        pages = [page.own(n) if args.apart and not is_live else page for n in range(args.requests)]
        seconds = sorted(
            one for one, _ in clients.map(lambda one: _ask(port, one, of_client.connection), pages)
        )
    p50, p95 = (1000 * seconds[int(share * len(seconds))] for share in (0.5, 0.95))
    cpu = 1000 * (_processor_seconds(pid) - began) / args.requests
    coldest = 1000 * sorted(cold)[int(0.95 * len(cold))]
    raw, packed, nodes = len(body) / 1000, len(gzip.compress(body, 6)) / 1000, _nodes(body)
    seen = Budget(round(p95), round(coldest), round(raw), round(packed), nodes, queries)
    over = [
        f"{name} {value} > {most}"
        for name, value, most in zip(Budget._fields, seen, budget, strict=True)
        if value is not None and most is not None and value > most
    ]
    print(
        f"{p50:8.0f} {p95:6.0f} {budget.warm:7} {cpu:6.1f} {coldest:5.0f} {raw:6.0f} {packed:5.0f} {nodes:6} "
        f"{queries:4}  {template}{'  OVER: ' if over else ''}{', '.join(over)}",
        flush=True,
    )


class _Counter(HTMLParser):
    """Counts the elements of a document, as ``document.querySelectorAll("*")`` does: not what is in a template."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self._is_in_template = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.number += not self._is_in_template
        self._is_in_template |= tag == "template"

    def handle_endtag(self, tag: str) -> None:
        self._is_in_template &= tag != "template"


def _nodes(body: bytes) -> int:
    counter = _Counter()
    counter.feed(body.decode())
    return counter.number


def _opened(port: int, page: Page) -> Page:
    """How an open page asks for itself again: it says which parts it has."""
    text = _ask(port, page._replace(headers=()))[1].decode()
    parts = re.findall(r'id="part-(\w+)"[^>]* data-part="([^"]+)"', text)
    had = " ".join(f"{name}={token}" for name, token in parts)
    return page._replace(headers=(*page.headers, ("X-Parts", had)))


def _processor_seconds(pid: int) -> float:
    """What the monitor has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _ask(port: int, page: Page, connection: http.client.HTTPConnection | None = None) -> tuple[float, bytes]:
    """How long an answer takes, and what it is; by a connection that stays, if one is given."""
    chosen = connection or _connection(port)
    began = time.perf_counter()
    # Compressed, as browsers want it.
    headers = {"Accept-Encoding": "gzip", **dict(page.headers)}
    chosen.request("POST" if page.body else "GET", page.path, page.body or None, headers)
    response = chosen.getresponse()
    body = response.read()
    seconds = time.perf_counter() - began
    if response.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    if connection is None:
        chosen.close()
    if response.status not in (200, 303):
        raise SystemExit(f"{page.path}: {response.status} {body[:500]!r}")
    return seconds, body


def _names(port: int) -> dict[str, str]:
    """What stands in addresses."""

    def found(path: str, pattern: str) -> str:
        match = re.search(pattern.encode(), _ask(port, Page(path))[1])
        if match is None:
            raise SystemExit(f"{path} has nothing like {pattern}")
        return match[1].decode().replace("&amp;", "&")

    failed = found("/invocations?status=failed", r'id="i-([^"]+)"')
    older = found("/invocations?status=success", r'rel="next" href="\?([^"]+)"')
    workflow = found("/workflows", r'id="w-([^"]+)"')
    number = int(re.sub(r"\D", "", found("/invocations", r"<b>([^<]+)</b> invocation")))
    each = DAYS * 86400 / number
    newest = datetime.fromisoformat(found("/invocations", r'<time datetime="([^"]+)"'))
    end = newest.timestamp() - OPEN * each
    middle = datetime.fromtimestamp(end - DAYS * 86400 / 2, UTC).isoformat()[:19]
    names = {
        "number": str(number),
        "invocation": failed,
        "tail": failed[-8:],
        "older": older,
        # In the middle of all.
        "deep": f"at={middle}",
        "workflow": workflow,
        "member": workflow,
        "customer": str(number - OPEN - 1_000),
        "task": found("/tasks", r'href="/tasks/([^"]+)"'),
        "runner": found("/runners", r'href="/runners/([^"]+)"'),
        "failure": found("/failures?range=7d", r'href="/failures/(\w+)'),
        # Of the last that ended; behind them are those that are still open.
        "few": _window(end, each, 240),
        "single": _window(end, each, 80),
        "many": _window(end, each, 9_900),
        "point": f"at={end - 4_000 * each:.3f}&near=1",
    }
    large = name_of(large_of(number))
    if large in _ask(port, Page(f"/api/v1/invocations?root={large}&limit=1"))[1].decode():
        names["large"] = large
    return names


def _window(end: float, each: float, number: int) -> str:
    """The address of a window in which about so many ended."""
    begin, end = (datetime.fromtimestamp(at, UTC).isoformat()[:19] for at in (end - number * each, end))
    return f"from={begin}Z&to={end}Z"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            _ask(port, Page("/healthz"))
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the monitor does not answer")


if __name__ == "__main__":
    main()
