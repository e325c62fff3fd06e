"""How long the pages of the monitor take, and how large they are, over a filled store.

    python benchmarks/seed_monitor.py --path /tmp/seeded.db --invocations 1000000
    python benchmarks/monitor_pages.py --path /tmp/seeded.db

The monitor is a process of its own; several clients ask for one page after the other, all for the same at a time, as
people do whose pages are told that something changed. With ``--apart`` each asks for a page of its own. ``cpu`` is the
processor time of the monitor for one request, which other programs on the machine disturb less.
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
from pathlib import Path

from seed_monitor import APP_ID, DAYS, OPEN, settings_of

#: Pages, and the milliseconds that 19 of 20 requests should stay below. Those with 200 lines may take as long as the
#: list of tasks.
BUDGETS = {
    "/": 120,
    "/?range=7d": 120,
    "/invocations": 60,
    "/invocations?{older}": 60,
    "/invocations?size=200": 120,
    "/invocations?status=failed": 60,
    "/invocations?q=status:failed%20task:*.task_00*%20created:1d": 90,
    "/invocations?q=duration:>5s": 90,
    "/invocations?q=is:slow": 90,
    "/invocations/{invocation}": 60,
    "/invocations/{member}": 60,
    "/find?id={tail}": 60,
    "/timeline?{few}": 120,
    "/timeline?{many}": 350,
    "/timeline?range=7d": 250,
    "/timeline?{many}&q=duration:>1s": 350,
    "/timeline?{many}&q=args:customer_id": 350,
    "/tasks": 120,
    "/tasks/{task}": 120,
    "/workflows": 60,
    "/workflows?q=is:open": 90,
    "/workflows/{workflow}": 150,
    "/runners": 120,
    "/runners/{runner}": 60,
    "/failures": 120,
    "/failures?q=task:*.task_00*": 120,
    "/failures/{failure}": 120,
    "/queues": 120,
    "/schedules": 120,
    "/system": 120,
    "/logs": 60,
    "/metrics": 30,
}

#: As people run it, but for the limit of requests.
SERVE = """
import gc, uvicorn
from pynenc import Pynenc
from pynmon import MonitorSettings, create_monitor_app
monitor = create_monitor_app(Pynenc(), MonitorSettings(requests_per_second=0))
gc.collect()
gc.freeze()
uvicorn.run(monitor, port={port}, log_level="error")
"""


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
        "--apart", action="store_true", help="no two requests are the same, so that none shares an answer"
    )
    parser.add_argument("--only", default="", help="pages whose address has this in it")
    args = parser.parse_args()
    port = _free_port()
    environment = {**os.environ, "PYNENC__APP_ID": APP_ID, **(settings_of(args.path) if args.path else {})}
    monitor = subprocess.Popen([sys.executable, "-c", SERVE.format(port=port)], env=environment)
    try:
        _wait_for(port)
        names = _names(port)
        print(
            f"{'ms p50':>8} {'p95':>6} {'budget':>7} {'cpu':>5} {'first':>6} {'KB':>6} {'gzip':>5} {'nodes':>6}  page"
        )
        for template in BUDGETS:
            if args.only in template:
                _measure(port, monitor.pid, template, template.format(**names), args)
        with Path(f"/proc/{monitor.pid}/status").open() as status:
            print(*(line.strip() for line in status if line.startswith("VmRSS")))
    finally:
        monitor.terminate()
        monitor.wait(30)


def _measure(port: int, pid: int, template: str, path: str, args: argparse.Namespace) -> None:
    first, body = _ask(port, path)
    before, budget = _processor_seconds(pid), BUDGETS[template]
    # Each client has a connection that stays, as browsers have.
    of_client = threading.local()

    def connect() -> None:
        of_client.connection = _connection(port)

    with ThreadPoolExecutor(args.clients, initializer=connect) as clients:
        own = f"{'&' if '?' in path else '?'}own=%d" if args.apart else ""
        addresses = [path + (own % n if own else "") for n in range(args.requests)]
        seconds = sorted(
            one for one, _ in clients.map(lambda one: _ask(port, one, of_client.connection), addresses)
        )
    p50, p95 = (1000 * seconds[int(share * len(seconds))] for share in (0.5, 0.95))
    cpu = 1000 * (_processor_seconds(pid) - before) / args.requests
    over = "  OVER" if p95 > budget else ""
    nodes = len(re.findall(rb"<[a-z]", body))
    print(
        f"{p50:8.0f} {p95:6.0f} {budget:7} {cpu:5.0f} {1000 * first:6.0f} {len(body) / 1000:6.0f} "
        f"{len(gzip.compress(body)) / 1000:5.0f} {nodes:6}  {template}{over}",
        flush=True,
    )


def _processor_seconds(pid: int) -> float:
    """What the monitor has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _ask(port: int, path: str, connection: http.client.HTTPConnection | None = None) -> tuple[float, bytes]:
    """How long an answer takes, and what it is; by a connection that stays, if one is given."""
    chosen = connection or _connection(port)
    began = time.perf_counter()
    chosen.request("GET", path)
    response = chosen.getresponse()
    body = response.read()
    seconds = time.perf_counter() - began
    if connection is None:
        chosen.close()
    if response.status not in (200, 303):
        raise SystemExit(f"{path}: {response.status} {body[:500]!r}")
    return seconds, body


def _names(port: int) -> dict[str, str]:
    """What stands in addresses."""

    def found(path: str, pattern: str) -> str:
        match = re.search(pattern.encode(), _ask(port, path)[1])
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
    return {
        "invocation": failed,
        "tail": failed[-8:],
        "older": older,
        "workflow": workflow,
        "member": workflow,
        "task": found("/tasks", r'href="/tasks/([^"]+)"'),
        "runner": found("/runners", r'href="/runners/([^"]+)"'),
        "failure": found("/failures?range=7d", r'href="/failures/(\w+)'),
        # Of the last that ended; behind them are those that are still open.
        "few": _window(end, each, 240),
        "many": _window(end, each, 9_900),
    }


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
            _ask(port, "/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the monitor does not answer")


if __name__ == "__main__":
    main()
