"""Workflows whose bodies the tests write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynenc import Pynenc

app = Pynenc({"app_id": "workflow-tests"})
#: What ``flow`` and its like do, by name.
bodies: dict[str, Callable[[Any], Any]] = {}
#: What was really carried out.
log: list[Any] = []


@app.workflow
def flow(name: str) -> Any:
    return bodies[name](flow.wf)


@app.workflow(max_retries=1, retry_for=(ConnectionError,))
def patient(name: str) -> Any:
    return bodies[name](patient.wf)


@app.workflow
def sub(name: str) -> Any:
    return bodies[name](sub.wf)


@app.task(force_new_workflow=True)
def old_style(name: str) -> Any:
    return bodies[name](old_style.wf)


@app.task
def member(name: str) -> Any:
    return bodies[name](member.wf)


@app.task
def add(x: int, y: int) -> int:
    log.append(("add", x, y))
    return x + y


@app.task
def broken(what: str) -> None:
    log.append(("broken", what))
    raise LookupError(what)


@app.task(registration_concurrency="arguments")
def once(x: int) -> int:
    log.append(("once", x))
    return x


@app.direct_task
def direct(x: int) -> int:
    log.append(("direct", x))
    return x * 2


def note(*what: Any) -> Any:
    """A step."""
    log.append(what)
    return what[-1]


def fail(what: str) -> None:
    log.append(("fail", what))
    raise ValueError(what)
