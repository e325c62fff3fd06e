"""One app in a database file, and short ways to build requests to it."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.values.clock import Clock, SystemClock
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Claim, ClaimRequest, Move, NewInvocation, Step
from pynenc.values.records import Outcome, OutcomeKind
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import InvocationStatus, releases_owner, sources_of

S = InvocationStatus
TASK = "app.task"
ALICE = RunnerIdentity(runner_id=RunnerId("alice"), runner_cls="ThreadRunner", host="here", pid=7)


#: Those of the test that runs, which are closed behind it.
opened: list[SQLiteStore] = []


def open_store(
    path: Path, app_id: str = "app", *, busy_seconds: float = 5.0, clock: Clock | None = None
) -> SQLiteStore:
    store = SQLiteStore(str(path), app_id, "NORMAL", busy_seconds, clock or SystemClock())
    opened.append(store)
    return store


def open_app(path: Path, app_id: str = "app", **settings: Any) -> SQLiteOrchestrator:
    return SQLiteOrchestrator(open_store(path, app_id, **settings))


def call(name: str, **fields: Any) -> NewInvocation:
    fields = {"task_id": TASK, "args_id": "a-" + name, "root_id": InvocationId(name), **fields}
    return NewInvocation(invocation_id=InvocationId(name), **fields)


def submit(app: SQLiteOrchestrator, *names: str, **fields: Any) -> None:
    app.submit([call(name, **fields) for name in names], {}, enqueue=True)


def request(limit: int = 1, **fields: Any) -> ClaimRequest:
    settings = {"ahead": {TASK: 0.0}, "ahead_seconds": 1.0, "start_seconds": 1.0, **fields}
    return ClaimRequest(runner=ALICE, token=uuid.uuid4().hex, limit=limit, **settings)


def claim(app: SQLiteOrchestrator, limit: int = 1, **fields: Any) -> list[Claim]:
    return list(app.advance(Step(claim=request(limit, **fields))).claims)


def finish(claim: Claim) -> Move:
    return _move(claim, S.SUCCESS, outcome=Outcome(OutcomeKind.RESULT, data="3", preview="3", size_bytes=1))


def pause(claim: Claim, *on: str) -> Move:
    return _move(claim, S.PAUSED, waits_on=tuple(InvocationId(name) for name in on), enough=len(on))


def _move(claim: Claim, to: InvocationStatus, **fields: Any) -> Move:
    return Move(
        invocation_id=claim.invocation_id,
        to=to,
        sources=sources_of((to,)),
        token=claim.token,
        releases=releases_owner(to),
        **fields,
    )


@contextmanager
def statements(store: SQLiteStore) -> Iterator[list[str]]:
    """What the writing connection is asked to do meanwhile."""
    seen: list[str] = []
    store.writer.set_trace_callback(seen.append)
    try:
        yield seen
    finally:
        store.writer.set_trace_callback(None)


def plans(app: SQLiteOrchestrator, seen: list[str]) -> str:
    """How SQLite carries out the statements, all in one text."""
    lines = []
    connection = sqlite3.connect(app.store.writer.execute("PRAGMA database_list").fetchone()[2])
    for text in seen:
        if text.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE", "INSERT"):
            lines += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    connection.close()
    return "\n".join(lines).replace(f"_{app.store.tables}", "")


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)
