"""Wake-ups, subscriptions and the life of a store."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence

import pytest
from integration.clocks import DEADLINE_SECONDS, eventually, in_threads
from integration.world import BOB, World, call, cancel, finish, hand_back, ids, retry

from pynenc.contracts import BaseStore
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, ClaimRequest, Move, Step, StepAnswer
from pynenc.values.status import InvocationStatus as S


class Listener:
    """Collects what a subscription reports."""

    def __init__(self, world: World) -> None:
        self.heard: list[str] = []
        self.watch = world.watch(self._on_ready)
        self._world = world

    def _on_ready(self, found: Sequence[InvocationId]) -> None:
        self.heard.extend(found)

    def hears(self, *names: str) -> None:
        """Exactly these, and nothing more even after everything on its way has arrived."""
        flush = f"flush {uuid.uuid4()}"
        eventually(lambda: len(self.heard) >= len(names), f"{names} are reported, heard: {self.heard}")
        self._world.submit(flush)
        self.watch.add(ids(flush))
        self._world.do(cancel(flush))
        eventually(lambda: flush in self.heard, "a later report arrives")
        self.heard.remove(flush)
        assert sorted(self.heard) == sorted(names)


def _wait_in_thread(store: BaseStore, marker: int, woken: list[bool]) -> threading.Thread:
    thread = threading.Thread(
        target=lambda: woken.append(store.wait_for_work(marker, DEADLINE_SECONDS)), daemon=True
    )
    thread.start()
    return thread


def test_the_clock_is_in_seconds_since_1970(world: World) -> None:
    before = world.store.now()
    assert before > 1_700_000_000
    world.pass_time(0.25)
    assert 0.2 <= world.store.now() - before < DEADLINE_SECONDS


def test_capabilities_are_those_that_are_declared(world: World) -> None:
    assert world.store.capabilities == world.backend.capabilities


def test_waiting_ends_after_the_timeout(world: World) -> None:
    marker, began = world.store.work_marker(), time.monotonic()
    assert world.store.wait_for_work(marker, 0.1) is False
    assert 0.09 <= time.monotonic() - began < DEADLINE_SECONDS


def test_work_that_came_before_the_wait_is_not_missed(world: World) -> None:
    marker = world.store.work_marker()
    world.submit("one")
    assert world.store.wait_for_work(marker, DEADLINE_SECONDS) is True


_RELEASES: dict[str, Callable[[Claim], Move]] = {"retry": retry, "hand back": hand_back, "unpark": finish}


@pytest.mark.parametrize("how", ["submit", *_RELEASES])
def test_whatever_becomes_claimable_wakes_a_waiting_thread(world: World, how: str) -> None:
    holder = world.run("holder", cc_key="k", cc_limit=1)
    world.submit("parked", cc_key="k", cc_limit=1, cc_park=True)
    assert world.claims() == []
    woken: list[bool] = []
    thread = _wait_in_thread(world.store, world.store.work_marker(), woken)
    if how == "submit":
        world.submit("one")
    else:
        world.do(_RELEASES[how](holder))
    thread.join(DEADLINE_SECONDS)
    assert woken == [True]
    assert world.claims() != []


def test_every_piece_of_work_finds_a_thread(world: World) -> None:
    claimed: list[str] = []

    def work() -> None:
        while len(claimed) < 4:
            marker = world.store.work_marker()
            found = [claim.invocation_id for claim in world.claims(BOB)]
            claimed.extend(found)
            if not found and len(claimed) < 4:
                world.store.wait_for_work(marker, DEADLINE_SECONDS)
                if len(claimed) >= 4:
                    return
        world.store.interrupt()

    began = time.monotonic()
    in_threads(work, work, work, work, lambda: [world.submit("a", "b"), world.submit("c", "d")])
    assert sorted(claimed) == ["a", "b", "c", "d"]
    assert time.monotonic() - began < DEADLINE_SECONDS


def test_no_wake_up_is_lost(world: World) -> None:
    total, finished = int(150 * world.backend.repetitions), threading.Semaphore(1)
    missed: list[int] = []

    def produce() -> None:
        for number in range(total):
            assert finished.acquire(timeout=DEADLINE_SECONDS)
            world.submit(f"n{number}")

    def consume() -> None:
        for number in range(total):
            while True:
                marker = world.store.work_marker()
                if claims := world.claims():
                    world.do(finish(claims[0]))
                    finished.release()
                    break
                if not world.store.wait_for_work(marker, DEADLINE_SECONDS):
                    missed.append(number)

    in_threads(produce, consume)
    assert missed == []
    assert world.orchestrator.count_by_status() == {S.SUCCESS: total}


def test_an_interruption_ends_every_wait(world: World) -> None:
    woken: list[bool] = []
    threads = [_wait_in_thread(world.store, world.store.work_marker(), woken) for _ in range(4)]

    def all_ended() -> bool:
        world.store.interrupt()
        return not any(thread.is_alive() for thread in threads)

    began = time.monotonic()
    eventually(all_ended, "every waiting thread returns")
    assert time.monotonic() - began < DEADLINE_SECONDS / 2


def _claim_in_thread(
    world: World, request: ClaimRequest, answers: list[StepAnswer | None]
) -> threading.Thread:
    marker = world.store.work_marker()

    def wait() -> None:
        answers.append(world.orchestrator.wait_and_claim(request, marker, DEADLINE_SECONDS))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_one_that_waits_is_given_what_arrives(world: World) -> None:
    if world.parts.broker.store is not world.parts.orchestrator.store:
        pytest.skip("the queue is elsewhere")
    answers: list[StepAnswer | None] = []
    request = world.claim_request()
    thread = _claim_in_thread(world, request, answers)
    world.submit("one", "two")
    thread.join(DEADLINE_SECONDS)
    (answer,) = answers
    # A store that does not do both at once only waited.
    answer = answer or world.orchestrator.advance(Step(claim=request))
    (claim,) = answer.claims
    assert (claim.invocation_id, claim.token, claim.status) == ("one", request.token, S.RUNNING)
    assert world.claim(BOB).invocation_id == "two"
    world.do(finish(claim))


def test_an_interruption_ends_the_wait_for_a_claim_and_nothing_is_claimed(world: World) -> None:
    if world.parts.broker.store is not world.parts.orchestrator.store:
        pytest.skip("the queue is elsewhere")
    answers: list[StepAnswer | None] = []
    thread = _claim_in_thread(world, world.claim_request(), answers)

    def has_ended() -> bool:
        world.store.interrupt()
        return not thread.is_alive()

    began = time.monotonic()
    eventually(has_ended, "the wait ends")
    assert time.monotonic() - began < DEADLINE_SECONDS / 2
    assert answers == [None]
    world.submit("one")
    assert world.claim(BOB).invocation_id == "one"


def test_work_of_another_process_wakes_this_one(world: World) -> None:
    other = world.another_process()
    woken: list[bool] = []
    thread = _wait_in_thread(world.store, world.store.work_marker(), woken)
    other.submit("one")
    thread.join(DEADLINE_SECONDS)
    assert woken == [True]
    assert world.claim().invocation_id == "one"
    other.close()


def test_a_closed_store_opens_again(world: World) -> None:
    world.submit("one")
    world.store.close()
    assert world.claim().invocation_id == "one"
    world.store.close()
    world.store.close()
    assert world.status("one") is S.RUNNING


@pytest.mark.parametrize("end", [finish, lambda claim: cancel(claim.invocation_id)])
def test_a_watch_reports_what_becomes_final_once(world: World, end: Callable[[Claim], Move]) -> None:
    listener = Listener(world)
    claims = {name: world.run(name) for name in ("a", "b", "c")}
    listener.watch.add(ids("a", "b"))
    listener.watch.add(ids("a"))
    world.do(*(end(claim) for claim in claims.values()))
    listener.hears("a", "b")


def test_a_watch_reports_what_is_final_already(world: World) -> None:
    world.do(finish(world.run("one")))
    listener = Listener(world)
    listener.watch.add(ids("one"))
    listener.hears("one")


def test_a_watch_hears_of_other_statuses_only_when_asked(world: World) -> None:
    listener = Listener(world)
    claim = world.run("one")
    listener.watch.add(ids("one"))
    world.do(retry(claim))
    listener.hears()
    world.do(finish(world.claim()))
    listener.hears("one")


def test_a_watch_reports_what_becomes_claimable_once_per_request(world: World) -> None:
    listener = Listener(world)
    claim = world.run("one")
    listener.watch.add(ids("one"), available=True)
    world.do(retry(claim))
    listener.hears("one")
    world.do(retry(world.claim()))
    listener.hears("one")
    claim = world.claim()
    listener.watch.add(ids("one"), available=True)
    world.do(hand_back(claim))
    listener.hears("one", "one")
    world.do(finish(world.claim()))
    listener.hears("one", "one", "one")


def test_what_is_claimable_already_is_not_reported_as_becoming_so(world: World) -> None:
    listener = Listener(world)
    world.submit("one")
    listener.watch.add(ids("one"), available=True)
    listener.hears()


def test_a_watch_reports_the_end_of_what_it_waited_to_become_claimable(world: World) -> None:
    listener = Listener(world)
    claim = world.run("one")
    listener.watch.add(ids("one"), available=True)
    world.do(finish(claim))
    listener.hears("one")


def test_unparked_and_refused_ones_are_reported(world: World) -> None:
    listener = Listener(world)
    holder = world.run("holder", cc_key="k", cc_limit=1)
    world.submit(
        call("parked", cc_key="k", cc_limit=1, cc_park=True), call("refused", cc_key="k", cc_limit=1)
    )
    listener.watch.add(ids("parked", "refused"), available=True)
    assert world.claims() == []
    listener.hears("refused")
    world.do(finish(holder))
    listener.hears("refused", "parked")


def test_a_discarded_id_is_not_reported(world: World) -> None:
    listener = Listener(world)
    one, two = world.run("one"), world.run("two")
    listener.watch.add(ids("one", "two"))
    listener.watch.discard(ids("one", "unknown"))
    world.do(finish(one), finish(two))
    listener.hears("two")


def test_a_closed_watch_reports_nothing(world: World) -> None:
    closed, listener = Listener(world), Listener(world)
    claim = world.run("one")
    for one in (closed, listener):
        one.watch.add(ids("one"))
    closed.watch.close()
    closed.watch.close()
    world.do(finish(claim))
    listener.hears("one")
    assert closed.heard == []


def test_every_watch_of_an_id_reports_it(world: World) -> None:
    listeners = [Listener(world) for _ in range(3)]
    claim = world.run("one")
    for listener in listeners:
        listener.watch.add(ids("one"))
    world.do(finish(claim))
    for listener in listeners:
        listener.hears("one")


def test_what_another_process_finishes_is_reported(world: World) -> None:
    listener = Listener(world)
    world.submit("one")
    listener.watch.add(ids("one"))
    other = world.another_process()
    other.do(finish(other.claim()))
    listener.hears("one")
    other.close()


def test_a_watch_that_is_set_while_it_becomes_final_misses_nothing(world: World) -> None:
    listener = Listener(world)
    names = [f"n{number}" for number in range(60)]
    claims = [world.run(name) for name in names]

    def add() -> None:
        for name in names:
            listener.watch.add(ids(name))

    in_threads(
        lambda: [world.advance(finish(claim)) for claim in claims],
        add,
    )
    listener.hears(*names)


def test_the_store_may_be_asked_after_a_report(world: World) -> None:
    seen: list[S] = []
    claim = world.run("one")
    reported = threading.Event()
    watch = world.watch(lambda _: reported.set())
    watch.add(ids("one"))
    world.do(finish(claim))
    assert reported.wait(DEADLINE_SECONDS)
    seen.append(world.status("one"))
    assert seen == [S.SUCCESS]
    watch.close()


def test_what_is_kept_is_told_by_its_kind(world: World) -> None:
    world.submit("a", "b", "c")
    kept = {one.name: one for one in world.orchestrator.store.measure()}
    invocations = kept["invocations"]
    assert (invocations.rows, invocations.is_more) == (3, False)
    assert all(one.bytes is None or one.bytes > 0 for one in kept.values())


def test_a_store_finds_its_indexes(world: World) -> None:
    world.submit("a")
    assert [one for one in world.orchestrator.store.diagnose() if "is missing" in one.text] == []
