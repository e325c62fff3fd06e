"""An app in a harness, whose tasks leave a trace of what triggers did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pynenc import Pynenc
from pynenc.exceptions import RetryError
from pynenc.testing import FakeClock, Harness

log: list[Any] = []
the_app: list[Pynenc] = []


def source(n: int, fail: bool = False) -> int:
    if fail:
        raise LookupError(f"no {n}")
    return n * 10


def other(n: int) -> int:
    return n


def record(what: Any = None) -> None:
    log.append(what)


def flaky() -> None:
    raise RetryError("again")


def slow() -> None:
    log.append("slow")
    if len(log) == 1:
        raise RetryError("again")


def emits(n: int) -> None:
    the_app[0].trigger.emit_event("again", {"n": n})


class World:
    """An app in a harness, whose tasks are made by the test."""

    def __init__(self, enter: Callable[[Any], Any], conf: Mapping[str, Any]) -> None:
        self.app = Pynenc({"app_id": "triggers", **conf})
        the_app[:] = [self.app]
        self._enter = enter
        self.clock = FakeClock(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
        self.source = self.app.task(source)
        self.other = self.app.task(other)

    def start(self, triggers: Any, func: Callable[..., Any] = record, **options: Any) -> Harness:
        self.task = self.app.task(triggers=triggers, **options)(func)
        harness = Harness(self.app, self.clock)
        self._enter(harness)
        harness.run_until_idle()
        return harness

    def runs(self) -> list[Any]:
        return self.app.trigger.list_runs()
