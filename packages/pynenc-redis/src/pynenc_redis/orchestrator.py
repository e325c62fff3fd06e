"""RedisOrchestrator: each operation is one script."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import (
    ClaimRequest,
    Due,
    InvocationQuery,
    NewInvocation,
    OwnedInvocation,
    Step,
    StepAnswer,
    SubmitAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.runners import Beat, BeatAnswer, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynenc.values.status_letters import LETTERS
from pynenc.values.triggers import Occurrence
from pynenc.values.workflows import RecordedOperation
from pynenc_redis import scripts
from pynenc_redis.codec.calls import from_submit, to_entry, to_submit
from pynenc_redis.codec.occurrences import from_entered
from pynenc_redis.codec.queries import to_query
from pynenc_redis.codec.records import (
    from_counts,
    from_history,
    from_operation,
    from_owned,
    from_record,
    from_states,
)
from pynenc_redis.codec.runners import from_runner, to_beat
from pynenc_redis.codec.steps import from_step, to_step
from pynenc_redis.codec.texts import dump
from pynenc_redis.component import RedisComponent
from pynenc_redis.conf import ConfigOrchestratorRedis
from pynenc_redis.early_claim import prepare_claim
from pynenc_redis.monitor_store import RedisMonitorStore
from pynenc_redis.short_way import ShortWay
from pynenc_redis.store import RedisStore, batches

_SUBMIT = scripts.load("submit", "schema", *scripts.NEW, "usual_call", "record", "operations")
_ENTER = scripts.load("enter", *scripts.NEW)
#: What scripts that change invocations build upon, after what others do.
_CHANGING = ("record", "session", "rows", "places", "ends", "flush", "due")
_ADVANCE = scripts.load(
    "advance",
    *scripts.NEW,
    "usual_step",
    *_CHANGING,
    "operations",
    "messages",
    "waits",
    "wait_graph",
    "moves",
    "claims",
    "reading",
)
_TAKE_DUE = scripts.load("take_due", *scripts.NEW, *_CHANGING)
_STATES = scripts.load("states", *scripts.RECORD, "reading")
_RESULTS = scripts.load("results", *scripts.RECORD, "reading")
_RECORDS = scripts.load("records", *scripts.RECORD)
_HISTORIES = scripts.load("histories", *scripts.RECORD)
_COUNT = scripts.load("count_by_status", *scripts.NEW)
_LIST = scripts.load("list", *scripts.RECORD)
_AVAILABLE = scripts.load("available", *scripts.RECORD)
_WAITING = scripts.load("waiting")
_BEAT = scripts.load("beat", "schema")
_DRAIN = scripts.load("drain")
_RUNNERS = scripts.load("runners")
_ORPHANS = scripts.load("orphans", *scripts.RECORD)
_EXPIRED = scripts.load("expired", *scripts.RECORD)
_DELETE = scripts.load("delete", *scripts.RECORD)
_WATCH_STATUSES = scripts.load("watch_statuses")
_TAKE_OCCURRENCES = scripts.load("take_occurrences", "outbox_reading")
_ACKNOWLEDGE = scripts.load("acknowledge_occurrences", "outbox_reading")
_FORGET = scripts.load("forget_runners")
#: Records that one script looks at, at most: everybody else waits meanwhile.
_LOOKS = 1000
#: Words of the list before it is entered, three for each call: each takes a third of the time where many are.
_MOST_NEW = 3 * 64


class RedisOrchestrator(RedisComponent, BaseOrchestrator):
    """The records of an app on a Redis server."""

    config_cls = ConfigOrchestratorRedis
    store: RedisStore

    def __init__(self, store: RedisStore) -> None:
        super().__init__(store)
        self._short_way = ShortWay()

    # -- the hot operations ---------------------------------------------------------------------------

    def submit(  # noqa: D102
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> list[SubmitAnswer]:
        if not batch and not data:
            return []
        asked_at = time.time()
        existing = self.store.run(_SUBMIT, *to_submit(batch, data, enqueue))
        return from_submit(batch, self._short_way.note(existing, asked_at))

    def begin_submit(  # noqa: D102
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> Callable[[], list[SubmitAnswer]]:
        if not batch and not data:
            return list
        asked_at = time.time()
        existing = self.store.begin(_SUBMIT, *to_submit(batch, data, enqueue))
        return lambda: from_submit(batch, self._short_way.note(existing(), asked_at))

    def append(self, call: NewInvocation) -> bool:  # noqa: D102
        at = self._short_way.now()
        entry = to_entry(call, at) if at else None
        if entry is None:
            return False
        length = self.store.command("RPUSHX", f"{self.store.prefix}o:new", *entry, writes=True)
        if not length:
            self._short_way.close()
        elif length > _MOST_NEW:
            # It is registered already, whatever becomes of this.
            with suppress(StoreError):
                asked_at = time.time()
                self._short_way.note(self.store.run(_ENTER), asked_at)
        return bool(length)

    def advance(self, step: Step) -> StepAnswer:  # noqa: D102
        return from_step(step, self.store.run(_ADVANCE, *to_step(step)))

    def prepare_claim(  # noqa: D102
        self, claim: ClaimRequest
    ) -> Callable[[InvocationId], Callable[[], StepAnswer] | None] | None:
        return prepare_claim(self.store, _ADVANCE, claim)

    def wait_and_claim(  # noqa: D102
        self, claim: ClaimRequest, marker: int, timeout_seconds: float
    ) -> StepAnswer | None:
        step = Step(claim=claim)
        answer = self.store.wait_and_run(marker, timeout_seconds, _ADVANCE, *to_step(step))
        return None if answer is None else from_step(step, answer)

    # -- reads ----------------------------------------------------------------------------------------

    def get_states(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:  # noqa: D102
        states = from_states([one, *told] for one, told in self.store.heard.take(ids).items())
        missing = [one for one in ids if one not in states]
        return {**states, **from_states(self.store.ask(_STATES, *missing))} if missing else states

    def get_records(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        records = [from_record(*row) for row in self.store.ask(_RECORDS, *ids)] if ids else []
        return {record.invocation_id: record for record in records}

    def find_results(self, task_id: str, args_ids: Sequence[str]) -> dict[str, InvocationState]:  # noqa: D102
        found = {}
        for args_id, state in self.store.ask(_RESULTS, task_id, *args_ids) if args_ids else ():
            found.update(dict.fromkeys([args_id], *from_states([state]).values()))
        return found

    def get_history(self, invocation_id: InvocationId) -> list[HistoryEntry]:  # noqa: D102
        found = self.store.ask(_HISTORIES, invocation_id)
        return from_history(found[0][1]) if found else []

    def list_records(self, query: InvocationQuery) -> list[InvocationRecord]:  # noqa: D102
        ids: list[InvocationId] = []
        request = to_query(query, _LOOKS)
        while len(ids) < query.limit:
            request["limit"] = query.limit - len(ids)
            found, goes_on_from, _ = self.store.ask(_LIST, dump(request))
            ids += found[::2]
            if goes_on_from == "":
                break
            request.pop("after", None)
            request["from"] = goes_on_from
        # Those that were deleted between the two looks are absent.
        records = self.get_records(ids)
        return [records[i] for i in ids if i in records]

    def list_operations(self, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:  # noqa: D102
        key = f"{self.store.prefix}o:operations:{workflow_id}"
        found = self.store.command("ZRANGEBYSCORE", key, f"({after}", "+inf", "LIMIT", 0, limit)
        return [from_operation(text) for text in found]

    def list_messages(self, workflow_id: str, name: str, after: int, limit: int) -> list[str]:  # noqa: D102
        if limit < 1:
            return []
        key = f"{self.store.prefix}o:message:{workflow_id}:{name}"
        found: list[str] = self.store.command("LRANGE", key, after, after + limit - 1)
        return found

    def get_workflow_values(self, workflow_id: str, names: Sequence[str] | None = None) -> dict[str, str]:  # noqa: D102
        return self.store.read_hash(f"{self.store.prefix}o:values:{workflow_id}", names)

    def count_by_status(self, task_id: str | None = None) -> dict[InvocationStatus, int]:  # noqa: D102
        return from_counts(self.store.ask(_COUNT), task_id)

    def find_available(self, ids_after: InvocationId | None, limit: int) -> list[InvocationId]:  # noqa: D102
        found: list[InvocationId] = self.store.ask(_AVAILABLE, ids_after or "", limit)
        return found

    def take_due(self, limit: int) -> Due:  # noqa: D102
        ids, due = self.store.run(_TAKE_DUE, limit)
        return Due(tuple(ids), float(due) if due else None)

    def count_delayed(self) -> int:  # noqa: D102
        return int(self.store.command("ZCARD", f"{self.store.prefix}o:due"))

    def get_waits(self) -> dict[InvocationId, list[InvocationId]]:  # noqa: D102
        return dict(self.store.ask(_WAITING))

    # -- runners --------------------------------------------------------------------------------------

    def beat(self, beat: Beat) -> BeatAnswer:  # noqa: D102
        leads, drains = self.store.run(_BEAT, to_beat(beat))
        return BeatAnswer(leads=bool(leads), drains=bool(drains))

    def request_drain(self, runner_id: RunnerId) -> bool:  # noqa: D102
        return bool(self.store.run(_DRAIN, runner_id))

    def list_runners(self, *, include_stopped: bool = False) -> list[RunnerRecord]:  # noqa: D102
        rows = self.store.ask(_RUNNERS, int(include_stopped))
        return sorted((from_runner(*row) for row in rows), key=lambda one: one.started_at)

    def forget_runners(self, age_seconds: float) -> None:  # noqa: D102
        self.store.run(_FORGET, age_seconds)

    def find_orphans(self, dead: Sequence[RunnerId], limit: int) -> list[OwnedInvocation]:  # noqa: D102
        return [from_owned(row) for row in self.store.ask(_ORPHANS, limit, *dead)]

    # -- occurrences ----------------------------------------------------------------------------------

    def watch_statuses(  # noqa: D102
        self, watched: Mapping[str, frozenset[InvocationStatus]], forget_seconds: float
    ) -> None:
        texts = [LETTERS[status] + task_id for task_id, statuses in watched.items() for status in statuses]
        self.store.run(_WATCH_STATUSES, forget_seconds, *texts)

    def take_occurrences(self, limit: int, lease_seconds: float) -> list[Occurrence]:  # noqa: D102
        rows = self.store.run(_TAKE_OCCURRENCES, "o:occurred:", limit, lease_seconds, "false")
        return [from_entered(*row) for row in rows]

    def acknowledge_occurrences(self, ids: Sequence[str]) -> None:  # noqa: D102
        for batch in batches(ids):
            self.store.run(_ACKNOWLEDGE, *batch)

    def open_monitor_store(self) -> RedisMonitorStore:
        """Reads for people on the connections of this process."""
        return RedisMonitorStore(self.store)

    # -- removal --------------------------------------------------------------------------------------

    def find_expired(self, age_seconds: float, limit: int) -> list[InvocationId]:  # noqa: D102
        ids: list[InvocationId] = []
        passed: int | str = 0
        while len(ids) < limit and passed != "":
            found, passed = self.store.ask(_EXPIRED, age_seconds, limit - len(ids), passed, _LOOKS)
            ids += found
        return ids

    def delete(self, ids: Sequence[InvocationId]) -> None:  # noqa: D102
        for batch in batches(list(dict.fromkeys(ids))):
            self.store.run(_DELETE, *batch)
        self.store.heard.forget()

    def purge(self) -> None:  # noqa: D102
        self.store.remove("o:")
        self.store.command("DEL", f"{self.store.prefix}wake", writes=True)
