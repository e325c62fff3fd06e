"""How long triggers take on an idle system: from what happened to the registration of the run, and to its end.

``python benchmarks/trigger_latency.py [--count N] [--backend mem|sqlite|redis] [--runner CLASS]`` prints one line per
kind of trigger. All instants are those of the store's clock; the load of the machine is printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pynenc import Pynenc
from pynenc.trigger import TriggerBuilder, on_cron, on_event, on_status
from pynenc.values.operations import InvocationQuery
from pynenc.values.records import InvocationRecord

_CONFIG = "PYNENC_TRIGGER_LATENCY"

app = Pynenc(json.loads(os.environ.get(_CONFIG, "{}")))


@app.task
def source(n: int) -> int:
    return n


def payload_of(event: Any) -> dict[str, Any]:
    return dict(event.payload)


def result_of(context: Any) -> dict[str, Any]:
    return {"n": context.result}


@app.task(triggers=on_event("go").with_args_from_event(payload_of))
def by_event(n: int) -> int:
    return n


@app.task(triggers=on_status(source))
def by_status() -> None: ...


@app.task(triggers=TriggerBuilder().on_any_result(source).with_args_from_result(result_of))
def by_result(n: int) -> int:
    return n


@app.task(triggers=on_cron("* * * * * *"))
def by_cron() -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--backend", choices=("mem", "sqlite", "redis"), default="sqlite")
    parser.add_argument("--redis-url", default="redis://127.0.0.1:6379/0")
    parser.add_argument("--runner", default="ThreadRunner")
    options = parser.parse_args()
    if _CONFIG not in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            os.environ[_CONFIG] = json.dumps(_config(options, Path(folder)))
            os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
            code = os.spawnve(os.P_WAIT, sys.executable, [sys.executable, *sys.argv], os.environ)
        sys.exit(code)
    _measure(options.count, f"{options.backend}, {options.runner}")


def _config(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    config = {"runner_cls": options.runner, "logging_level": "warning"}
    prefix = {"mem": "Mem", "sqlite": "SQLite", "redis": "Redis"}[options.backend]
    parts = ("orchestrator", "broker", "state_backend", "client_data_store", "trigger")
    config |= {f"{part}_cls": prefix + part.title().replace("_", "") for part in parts}
    if options.backend == "sqlite":
        config["sqlite_db_path"] = str(folder / "app.db")
    if options.backend == "redis":
        config |= {"app_id": f"latency-{os.getpid()}", "redis_url": options.redis_url}
    return config


def _measure(count: int, title: str) -> None:
    thread = threading.Thread(target=app.runner.run)
    thread.start()
    while not all(info.in_force for info in app.trigger.list_triggers()):
        time.sleep(0.01)
    emitted, finished = {}, {}
    for n in range(count):
        emitted[n] = time.time()
        app.trigger.emit_event("go", {"n": n})
        invocation = source(n)
        invocation.wait()
        finished[n] = invocation.history[-1].at
        time.sleep(0.05)
    time.sleep(1)
    print(f"{title}; {count} of each; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    _show("event", _records("by_event"), lambda record: emitted[_number(record)])
    _show("result", _records("by_result"), lambda record: finished[_number(record)])
    _show("cron", _records("by_cron"), lambda record: float(int(record.created_at)))
    app.runner.stop_runner_loop()
    thread.join()
    app.purge()
    app.close()


def _records(name: str) -> list[InvocationRecord]:
    key = next(task.key for task in app.tasks if task.func_name == name)
    return app.orchestrator.list_records(InvocationQuery(task_id=key, limit=100_000))


def _number(record: InvocationRecord) -> int:
    return int(record.args_preview.removeprefix("n="))


def _show(kind: str, records: list[InvocationRecord], began: Callable[[InvocationRecord], float]) -> None:
    registered = [(record.created_at - began(record)) * 1000 for record in records]
    ended = [(record.ended_at - began(record)) * 1000 for record in records if record.ended_at]
    for what, taken in (("registered", registered), ("ended", ended)):
        quantiles = statistics.quantiles(taken, n=100)
        print(
            f"  {kind:7} {what:10} p50 {quantiles[49]:6.1f} ms  p95 {quantiles[94]:6.1f} ms  max {max(taken):6.1f} ms"
            f"  ({len(taken)})"
        )


if __name__ == "__main__":
    main()
