"""Fills a SQLite file with invocations, to see how the monitor does with many.

    python benchmarks/seed_monitor.py --path /tmp/seeded.db --invocations 1000000
    PYNENC__APP_ID=seeded PYNENC__ORCHESTRATOR_CLS=SQLiteOrchestrator … pynenc monitor   (printed at the end)

The rows are written by SQL, in the format of the store, because a million real runs would take an hour.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

from pynenc.backends.sqlite.codec import LETTERS
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.values.clock import SystemClock
from pynenc.values.status import InvocationStatus

S = InvocationStatus
APP_ID = "seeded"
TASKS, RUNNERS, LIVING, WORKFLOW_EVERY, FAMILY = 200, 200, 50, 200, 20
#: Members of the largest workflow, and how many each of them called.
LARGE, CALLED = 20_000, 40
DAYS = 7
#: The last of them: so many still wait, or wait or run.
WAITING, OPEN = 500, 600
BATCH = 5_000
COLUMNS = (
    "invocation_id, task_id, args_id, status, seq, status_at, queued, epoch, token, released_token, runner_id, host, "
    "runner_cls, parent_id, root_id, depth, workflow_id, workflow_type, created_at, available_at, pending_at, "
    "started_at, ended_at, retries, priority, queue, cc_limit, cc_park, arguments, args_preview, args_bytes, "
    "outcome_kind, outcome, result_preview, result_bytes, error_type, error_msg, fingerprint, history"
)


def name_of(n: int) -> str:
    """The id of an invocation, as real ones: they begin with their time, and end with chance."""
    return f"{n // 65536:08x}-{n % 65536:04x}-7000-8000-{n * 2654435761 % 2**48:012x}"


def family_of(n: int) -> int:
    """The invocation that its family begins with: itself, or a workflow."""
    return n - n % FAMILY if n % WORKFLOW_EVERY < FAMILY else n


def large_of(number: int) -> int:
    """The invocation that the largest workflow begins with, of so many; of few it is none of them."""
    return number - 3 * LARGE


class Family(NamedTuple):
    """Where an invocation belongs."""

    root: int
    parent: int | None
    depth: int
    is_of_workflow: bool


def place_of(n: int, number: int) -> Family:
    """In the largest workflow, in one of the others, or alone."""
    at = n - large_of(number)
    if large_of(number) > 0 and 0 <= at < LARGE:
        depth, above = 0, at
        while above:
            depth, above = depth + 1, (above - 1) // CALLED
        return Family(n - at, n - at + (at - 1) // CALLED if at else None, depth, is_of_workflow=True)
    root = family_of(n)
    return Family(root, None if root == n else root, int(root != n), n % WORKFLOW_EVERY < FAMILY)


class Seeder:
    """Makes rows that look like a week of work.

    Args:
        number: How many invocations.
        now: The end of the week.
    """

    def __init__(self, number: int, now: float) -> None:
        self._random = random.Random(7)
        self._number = number
        self._now = now
        self.runners = [f"{n:08x}-aaaa-4aaa-8aaa-{n:012x}" for n in range(RUNNERS)]
        self.counts: dict[tuple[str, str], int] = {}

    def row(self, n: int) -> tuple[Any, ...]:
        """Invocation number ``n``: most succeeded, a few failed, the last ones run or wait."""
        chance = self._random.random
        created = self._now - DAYS * 86400 * (self._number - n) / self._number
        name = name_of(n)
        family = place_of(n, self._number)
        root = name_of(family.root)
        task = f"shop.tasks.task_{min(int(self._random.expovariate(0.03)), TASKS - 1):03d}"
        runner = self.runners[(n // 50) % LIVING if chance() < 0.95 else n % RUNNERS]
        wait, run = self._random.expovariate(20), self._random.lognormvariate(-1.5, 1.2)
        left = self._number - n
        status = (
            S.REGISTERED
            if left < WAITING
            else S.RUNNING
            if left < OPEN
            else S.FAILED
            if chance() < 0.02
            else S.SUCCESS
        )
        started = None if status is S.REGISTERED else created + wait
        ended = created + wait + run if status in (S.SUCCESS, S.FAILED) else None
        history = f"{LETTERS[S.REGISTERED]}{created!r}||\n"
        if started is not None:
            history += f"{LETTERS[S.PENDING]}{started!r}|{runner}|\n{LETTERS[S.RUNNING]}{started!r}|=|\n"
        if ended is not None:
            history += f"{LETTERS[status]}{ended!r}|=|\n"
        failed = status is S.FAILED
        done = status is S.SUCCESS
        self.counts[task, status.value] = self.counts.get((task, status.value), 0) + 1
        return (
            name, task, f"{n % 1000:032x}", status.value, history.count("\n"), ended or started or created,
            int(status is S.REGISTERED), int(started is not None), f"{n:032x}" if status is S.RUNNING else None,
            f"{n:032x}" if ended else None, runner if started else None, f"host-{n % 3}" if started else None,
            "ThreadRunner" if started else None, None if family.parent is None else name_of(family.parent),
            None if family.root == n else root, family.depth, root if family.is_of_workflow else None,
            "shop.flows.nightly" if family.is_of_workflow else None, created, created, started, started, ended,
            0, 0, "default", 0, 0, f'{{"customer_id":"={n}","amount":"=12.5"}}', f"customer_id={n}, amount=12.5", 22,
            "exception" if failed else "result" if done else None,
            '={"message":"gateway did not answer","traceback":"Traceback …"}' if failed else "=true" if done else None,
            "true" if done else "" if failed else None, 4 if done else 60 if failed else None,
            "shop.GatewayError" if failed else None, "gateway did not answer" if failed else None,
            f"{n % 9:016x}" if failed else None, history,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill a SQLite file with invocations.")
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--invocations", type=int, default=1_000_000)
    args = parser.parse_args()
    if args.path.exists():
        parser.error(f"{args.path} exists: name a new file")
    began = time.perf_counter()
    seed(args.path, args.invocations)
    seconds = time.perf_counter() - began
    size = args.path.stat().st_size
    print(
        f"{args.invocations} invocations in {seconds:.0f} s, {size / 2**20:.0f} MiB, "
        f"{size / args.invocations:.0f} bytes each"
    )
    settings = " ".join(f"{name}={value}" for name, value in settings_of(args.path).items())
    print(f"PYNENC__APP_ID={APP_ID} {settings} pynenc monitor")


def settings_of(path: Path) -> dict[str, str]:
    """The environment variables of an app whose records are in a file."""
    parts = ("ORCHESTRATOR", "BROKER", "STATE_BACKEND", "CLIENT_DATA_STORE", "TRIGGER")
    classes = ("Orchestrator", "Broker", "StateBackend", "ClientDataStore", "Trigger")
    chosen = {f"PYNENC__{part}_CLS": f"SQLite{cls}" for part, cls in zip(parts, classes, strict=True)}
    return {"PYNENC__SQLITE_DB_PATH": str(path), **chosen}


def seed(path: Path, number: int) -> None:
    """Write all rows in batches."""
    store = SQLiteStore(str(path), APP_ID, "NORMAL", 5.0, SystemClock())
    seeder = Seeder(number, store.now())
    marks = ",".join("?" * len(COLUMNS.split(",")))
    insert = store.sql(f"INSERT INTO inv_{{t}} ({COLUMNS}) VALUES ({marks})")
    for at in range(0, number, BATCH):
        rows = [seeder.row(n) for n in range(at, min(at + BATCH, number))]
        with store.write() as connection:
            connection.executemany(insert, rows)
    with store.write() as connection:
        connection.executemany(
            store.sql("INSERT INTO tallies_{t} VALUES (?, ?, ?)"),
            [(*key, n) for key, n in seeder.counts.items()],
        )
        connection.execute(store.sql("INSERT INTO calls_{t} SELECT task_id, n FROM inv_{t}"))
        connection.execute(store.sql("UPDATE settled_{t} SET n = (SELECT max(n) FROM inv_{t})"))
        now = store.now()
        connection.executemany(
            store.sql(
                "INSERT INTO runners_{t} (runner_id, runner_cls, host, pid, started_at, beats, last_beat_at, "
                "stopped_at, stop_reason) VALUES (?, 'ThreadRunner', ?, ?, ?, 1000, ?, ?, ?)"
            ),
            [
                (
                    runner,
                    f"host-{n % 3}",
                    n,
                    now - 86400,
                    now,
                    None if n < LIVING else now - 600,
                    "" if n < LIVING else "clean",
                )
                for n, runner in enumerate(seeder.runners)
            ],
        )
    store.close()


if __name__ == "__main__":
    main()
