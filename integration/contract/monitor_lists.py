"""What lists of the monitor are read with, and what is on them, for the tests of every store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from integration.world import (
    BOB,
    ERROR,
    RESULT,
    World,
    cancel,
    finish,
    ids,
    pause,
    retry,
)

from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import Between, Like, NumberField, TextField


def names(records: Any) -> list[str]:
    return [record.invocation_id for record in records]


def pages(world: World, query: RecordQuery) -> list[list[str]]:
    """Every page of a list."""
    found = []
    while True:
        page = world.monitor.list_invocations(query)
        assert len(page.records) <= query.limit
        found.append(names(page.records))
        if page.next is None:
            return found
        query = replace(query, cursor=page.next)


def listed(world: World, **fields: Any) -> list[str]:
    """A whole list, read in pages of two, each of which looks at few records."""
    query = RecordQuery(**{"limit": 2, "search_limit": 3, **fields})
    return [name for page in pages(world, query) for name in page]


def populate(world: World) -> None:
    """Invocations in every status that one can rest in, of two tasks."""
    world.submit("failed", "won", "lost", task_id="app.other")
    for name in ("failed", "won"):
        outcome = ERROR if name == "failed" else RESULT
        world.do(finish(world.claim(ids=ids(name)), outcome))
    world.do(cancel("lost"))
    world.submit("registered", "paused", "awaited", "running", "retried", "late", "parked one")
    world.submit("holder", "parked", cc_key="key", cc_limit=1, cc_park=True)
    world.claim(ids=ids("holder"))
    assert world.claims(ids=ids("parked")) == []
    world.do(pause(world.claim(ids=ids("paused")), "awaited"))
    world.claim(BOB, ids=ids("running"))
    world.do(retry(world.claim(ids=ids("retried"))))
    world.do(retry(world.claim(ids=ids("late")), 60.0))


ALL = [
    "parked",
    "holder",
    "parked one",
    "late",
    "retried",
    "running",
    "awaited",
    "paused",
    "registered",
    "lost",
    "won",
    "failed",
]


def like(field: TextField, *pieces: str) -> Like:
    return Like(field, pieces)


def between(field: NumberField, low: float | None = None, high: float | None = None) -> Between:
    return Between(field, low, high)
