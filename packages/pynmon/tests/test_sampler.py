from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from pynenc.exceptions import StoreError
from pynmon.sampler import Sampler

_NEVER = 3600.0


class Store:
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.now = 0.0
        self.is_away = False

    def read(self) -> str:
        self.reads += 1
        if self.is_away:
            raise StoreError("away")
        return f"sample {self.reads}"

    def clock(self) -> float:
        return self.now


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def tasks_beside() -> int:
    return len(asyncio.all_tasks()) - 1


def test_the_first_one_reads_and_all_others_are_told_that() -> None:
    store = Store()

    async def main() -> list[tuple[str, float]]:
        sampler = Sampler(store.read, _NEVER, clock=store.clock)
        told = [await sampler.latest()]
        store.now = 7.0
        return [*told, await sampler.latest(), await sampler.latest()]

    assert asyncio.run(main()) == [("sample 1", 0.0), ("sample 1", 7.0), ("sample 1", 7.0)]
    assert store.reads == 1


def test_it_is_read_beside_while_somebody_asks_and_no_longer() -> None:
    store = Store()

    async def main() -> None:
        sampler = Sampler(store.read, 0.001, kept_seconds=60.0, clock=store.clock)
        await sampler.latest()
        await until(lambda: store.reads >= 4)
        told, _ = await sampler.latest()
        assert told != "sample 1"
        assert tasks_beside() == 1
        store.now = 61.0
        await until(lambda: tasks_beside() == 0)
        reads = store.reads
        # Whoever comes back does not get what is old.
        assert await sampler.latest() == (f"sample {reads + 1}", 0.0)

    asyncio.run(main())


def test_what_cannot_be_read_beside_is_told_to_whoever_asks_next() -> None:
    store = Store()

    async def main() -> None:
        sampler = Sampler(store.read, 0.001)
        await sampler.latest()
        store.is_away = True
        await until(lambda: tasks_beside() == 0)
        with pytest.raises(StoreError):
            await sampler.latest()
        store.is_away = False
        assert await sampler.latest() == (f"sample {store.reads}", pytest.approx(0.0, abs=30.0))

    asyncio.run(main())


def test_a_sample_that_is_not_renewed_is_not_told_for_ever() -> None:
    store = Store()

    async def main() -> str:
        sampler = Sampler(store.read, _NEVER, kept_seconds=10 * _NEVER, clock=store.clock)
        await sampler.latest()
        store.now = 3.1 * _NEVER
        return (await sampler.latest())[0]

    assert asyncio.run(main()) == "sample 2"


def test_it_ends_with_its_event_loop_and_another_one_begins_anew() -> None:
    store = Store()
    sampler = Sampler(store.read, _NEVER)
    before = threading.active_count()
    assert asyncio.run(sampler.latest())[0] == "sample 1"
    assert threading.active_count() == before
    assert asyncio.run(sampler.latest())[0] == "sample 2"
