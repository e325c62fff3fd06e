"""Whether the monitor grows while people look at it and work goes on.

    python benchmarks/seed_monitor.py --path /tmp/seeded.db --invocations 1000000
    python benchmarks/monitor_soak.py --path /tmp/seeded.db --minutes 60

A runner works on so many calls a second over the filled store; tabs are open meanwhile, some of them in a real browser,
the others as clients that hold the event stream of a tab and ask for its page when they are told of a change. Once a
minute a line says what the monitor has and does; at the end, how much it grew in an hour by the line that fits best.

Needs ``playwright`` and a Chromium (``--chromium``).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from monitor_pages import SERVE, Page, _ask, _connection, _free_port, _processor_seconds, _wait_for
from seed_monitor import APP_ID, settings_of

#: What people keep open; a real browser shows the first of them.
KEPT = [
    "/",
    "/invocations",
    "/timeline",
    "/runners",
    "/tasks",
    "/failures",
    "/workflows",
    "/queues",
    "/system",
]
#: The tasks that the store is filled with, as the module that it says they are of.
WORK = """
from pynenc import Pynenc
app = Pynenc()

def make(name):
    def work(customer_id: int, amount: float) -> bool:
        if customer_id % 50 == 0:
            raise ValueError("gateway did not answer")
        return True
    work.__name__ = work.__qualname__ = name
    return app.task(work)

tasks = [make(f"task_{number:03d}") for number in range(200)]
globals().update({f"task_{number:03d}": task for number, task in enumerate(tasks)})
"""
#: Makes so many calls a second, of which none waits for its result.
CALLS = """
import itertools, random, time
from shop.tasks import tasks
began = time.monotonic()
for made in itertools.count():
    while time.monotonic() < began + made / {calls}:
        time.sleep(0.05)
    random.choice(tasks)(made, 12.5)
"""
#: A browser does not tell how many streams a page has.
_COUNT = """
window.streams = [];
window.EventSource = class extends EventSource {
  constructor(...given) { super(...given); window.streams.push(this); }
};
"""
#: The beginning is left out: what is made once is made by then.
SETTLED_MINUTES = 10


class Sample(NamedTuple):
    """What was seen at the end of a minute."""

    minutes: float
    monitor_mb: float
    processor: float
    asked: float
    streams: int
    ended: float
    refreshed: float
    heap_mb: float
    browser_streams: int


def _program(
    stack: ExitStack, command: Sequence[str], environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Run ``python COMMAND`` until the end."""
    process = subprocess.Popen([sys.executable, *command], env=environment)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


def _follow(port: int, path: str, refreshed: Counter[str], over: threading.Event) -> None:
    """Be a tab without a browser: hold its stream, and ask for the page again when something changed."""
    had = _asked_again(port, Page(path))
    listens = _connection(port)
    listens.request("GET", "/events", headers={"Accept": "text/event-stream"})
    told = listens.getresponse()
    asked_at, changed = 0.0, False
    while not over.is_set():
        line = told.readline()
        if not line:
            raise SystemExit(f"the stream of {path} ended")
        changed |= line.startswith(b"event: changed")
        if changed and time.monotonic() >= asked_at + 1:
            asked_at, changed = time.monotonic(), False
            had = _asked_again(port, had)
            refreshed[path] += 1


def _asked_again(port: int, page: Page) -> Page:
    """Ask as a page does, and say next time which parts it has."""
    text = _ask(port, page)[1].decode()
    parts = re.findall(r'id="part-(\w+)"[^>]* data-part="([^"]+)"', text)
    known = dict(part.split("=") for part in dict(page.headers).get("X-Parts", "").split())
    had = " ".join(f"{name}={token}" for name, token in {**known, **dict(parts)}.items())
    headers = (("HX-Request", "true"), *((("X-Parts", had),) if had else ()))
    return page._replace(headers=headers)


class Tab:
    """A page in a real browser, with a profile of its own: those of one share six connections."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._page = browser.new_context().new_page()
        self._page.add_init_script(_COUNT)
        self._page.goto(address)
        self._session = self._page.context.new_cdp_session(self._page)
        self._session.send("Performance.enable")

    def heap_mb(self) -> float:
        """What its scripts hold, without what is garbage."""
        self._session.send("HeapProfiler.collectGarbage")
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize") / 1e6

    def streams(self) -> int:
        """How many event streams it has open."""
        return int(self._page.evaluate("window.streams.filter((one) => one.readyState < 2).length"))


def _watch(
    port: int,
    programs: Sequence[subprocess.Popen[bytes]],
    tabs: Sequence[Tab],
    refreshed: Counter[str],
    minutes: float,
) -> list[Sample]:
    """A sample each minute, of the first of the programs."""
    pid = programs[0].pid
    print(
        f"{'min':>5} {'MB':>6} {'cpu %':>6} {'asked/s':>8} {'streams':>8} {'ended/s':>8} {'pages/s':>8} "
        f"{'heap MB':>8} {'tab streams':>12}"
    )
    began = before_at = time.monotonic()
    before = _totals(port, pid, refreshed)
    samples = []
    while time.monotonic() < began + 60 * minutes:
        for program in programs:
            if program.poll() is not None:
                raise SystemExit(f"ended on its own: {program.args!r}")
        # The browser's pages live on meanwhile: they need nobody to wait for them.
        time.sleep(60)
        now, totals = time.monotonic(), _totals(port, pid, refreshed)
        cpu, asked, ended, pages = ((b - a) / (now - before_at) for a, b in zip(before, totals, strict=True))
        before, before_at = totals, now
        sample = Sample(
            (now - began) / 60,
            _resident_mb(pid),
            100 * cpu,
            asked,
            int(_metric(port, "pynmon_event_streams")),
            ended,
            pages,
            sum(tab.heap_mb() for tab in tabs),
            sum(tab.streams() for tab in tabs),
        )
        samples.append(sample)
        print(
            "{:5.1f} {:6.1f} {:6.1f} {:8.1f} {:8} {:8.1f} {:8.1f} {:8.2f} {:12}".format(*sample), flush=True
        )
    return samples


def _totals(port: int, pid: int, refreshed: Counter[str]) -> tuple[float, float, float, float]:
    """Since the start: the monitor's processor seconds, its questions, invocations that ended, pages asked again."""
    return (
        _processor_seconds(pid),
        float(_ask(port, Page("/benchmark/asked"))[1]),
        _metric(port, "pynenc_invocations_ended_total"),
        float(sum(refreshed.values())),
    )


def _metric(port: int, name: str) -> float:
    """The sum of a metric over its labels."""
    text = _ask(port, Page("/metrics"))[1].decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.M))


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1000  # type: ignore[index]


def _slope(samples: Sequence[Sample], value_of: Callable[[Sample], float]) -> float:
    """How much more it is after an hour, by least squares."""
    return 60 * linear_regression([one.minutes for one in samples], [value_of(one) for one in samples]).slope


def main() -> None:
    parser = argparse.ArgumentParser(description="Watch the monitor while it is watched.")
    parser.add_argument("--path", type=Path, required=True, help="a file that seed_monitor.py has filled")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--tabs", type=int, default=20)
    parser.add_argument("--browser", type=int, default=4, help="how many of the tabs are in a real browser")
    parser.add_argument("--calls", type=int, default=200, help="a second")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    environment = {
        **os.environ,
        "PYNENC__APP_ID": APP_ID,
        "PYNENC__RUNNER_CLS": "ThreadRunner",
        "PYNENC__LOGGING_LEVEL": "warning",
        "PYTHONPATH": str(args.path.parent),
        **settings_of(args.path),
    }
    module = args.path.parent / "shop" / "tasks.py"
    module.parent.mkdir(exist_ok=True)
    module.write_text(WORK)
    port = _free_port()
    over = threading.Event()
    with ExitStack() as stack:
        monitor = _program(stack, ["-c", SERVE.format(port=port)], environment)
        _wait_for(port)
        runner = _program(stack, ["-m", "pynenc", "--app", "shop.tasks", "runner", "start"], environment)
        caller = _program(stack, ["-c", CALLS.format(calls=args.calls)], environment)
        refreshed = Counter[str]()
        threads = [
            threading.Thread(target=_follow, args=(port, KEPT[n % len(KEPT)], refreshed, over), daemon=True)
            for n in range(args.browser, args.tabs)
        ]
        for thread in threads:
            thread.start()
            stack.callback(thread.join, 30)
        stack.callback(over.set)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
        stack.callback(browser.close)
        tabs = [Tab(browser, f"http://127.0.0.1:{port}{path}") for path in KEPT[: args.browser]]
        samples = _watch(port, [monitor, runner, caller], tabs, refreshed, args.minutes)
    settled = [one for one in samples if one.minutes >= min(SETTLED_MINUTES, args.minutes / 3)]
    print(f"monitor: {_slope(settled, lambda one: one.monitor_mb):+.2f} MB an hour", end=", ")
    print(f"most {max(one.monitor_mb for one in samples):.0f} MB")
    print(f"scripts' memory of {len(tabs)} tabs: {_slope(settled, lambda one: one.heap_mb):+.2f} MB an hour")


if __name__ == "__main__":
    main()
