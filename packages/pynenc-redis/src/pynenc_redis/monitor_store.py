"""RedisMonitorStore: reads for people, each along an index, in scripts that look at few records at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Registered, Waits, equal_parts
from pynenc.values.record_filter import RecordFilter, matcher_of
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import FINAL, InvocationStatus
from pynenc_redis import scripts
from pynenc_redis.codec.letters import STATUSES, to_letters
from pynenc_redis.codec.monitor import (
    from_counts_by_task,
    from_failure,
    from_figures,
    from_merges,
    from_registered,
    from_slim,
    size_of,
    to_search,
)
from pynenc_redis.codec.records import from_beginnings, from_history
from pynenc_redis.codec.runners import from_runner
from pynenc_redis.codec.texts import dump
from pynenc_redis.store import RedisStore, batches

_S = InvocationStatus
_CHANGE_TOKEN = scripts.load("change_token", *scripts.NEW)
_COUNT = scripts.load("count_by_status", *scripts.NEW)
_LIST = scripts.load("list", *scripts.RECORD, "condition")
_OPEN = scripts.load("open", *scripts.RECORD, "owned")
_OWNED = scripts.load("list_owned", "owned")
_FIRST_SINCE = scripts.load("first_since", *scripts.RECORD)
_WAITS = scripts.load("list_waits")
_FAMILIES = scripts.load("count_families", *scripts.RECORD)
_SLIM = scripts.load("slim", *scripts.RECORD)
_PREFIX = scripts.load("prefix", *scripts.NEW)
_SUFFIX = scripts.load("suffix", *scripts.NEW)
_HISTORIES = scripts.load("histories", *scripts.RECORD)
_MERGES = scripts.load("merges", *scripts.RECORD)
_BEGINNINGS = scripts.load("beginnings", *scripts.RECORD)
_REGISTERED = scripts.load("registered", *scripts.RECORD)
_FIGURES = scripts.load("figures", *scripts.RECORD)
_FAILURES = scripts.load("failures", *scripts.RECORD)
_LATEST_ENDS = scripts.load("latest_ends")
_COUNT_FAILED = scripts.load("count_failed")
_LONGEST_WAITING = scripts.load("longest_waiting", *scripts.NEW)
_RUNNERS = scripts.load("youngest_runners")
_GET_RUNNERS = scripts.load("get_runners")

#: Records that one script looks at, at most, and conditions that it tries: everybody else waits meanwhile.
_LOOKS, _TRIALS = 1000, 10_000
#: Ids that one script looks at, and nothing else of their records.
_ID_LOOKS = 5000
#: Records that one script gives.
_BATCH = 500
#: So many are looked for where open ones are kept, rather than in the order of submission.
_FEW = 2000
#: What rests together in one place: with runners; in the queue, in line for a place, or asleep.
_PLACES = (
    frozenset({_S.PENDING, _S.RUNNING, _S.PAUSED}),
    frozenset({_S.REGISTERED, _S.REROUTED, _S.RETRY, _S.CONCURRENCY_CONTROLLED, _S.PAUSED}),
)
#: Characters take up to so many bytes.
_CHARACTER_BYTES = 4


class RedisMonitorStore(BaseMonitorStore):
    """The records of an app on a Redis server, for people."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    def change_token(self) -> str:  # noqa: D102
        return "|".join(count or "0" for count in self._store.ask(_CHANGE_TOKEN))

    def count_by_task(self) -> dict[str, dict[InvocationStatus, int]]:  # noqa: D102
        return from_counts_by_task(self._store.ask(_COUNT))

    def count_recovered(self) -> dict[InvocationStatus, int]:  # noqa: D102
        found = self._store.command("HGETALL", f"{self._store.prefix}o:recovered")
        return {STATUSES[letter]: int(number) for letter, number in found.items()}

    # -- lists ----------------------------------------------------------------------------------------

    def list_invocations(self, query: RecordQuery) -> RecordPage:  # noqa: D102
        start = _position(query.cursor)
        if query.statuses is not None and self._are_few_and_open(query):
            return self._list_open(query, query.statuses, start)
        return self._search(query, start)

    def _are_few_and_open(self, query: RecordQuery) -> bool:
        """Whether all that rests in the statuses can be looked at, without anything that has ended."""
        statuses = query.statuses or frozenset()
        if statuses & FINAL or query.root_id or query.rerun_of or query.workflows:
            return False
        places = frozenset[InvocationStatus]().union(*(one for one in _PLACES if one & statuses))
        counts = self.count_by_task().values()
        resting = sum(by_status.get(status, 0) for by_status in counts for status in places)
        return resting <= min(_FEW, query.search_limit)

    def _list_open(
        self, query: RecordQuery, statuses: frozenset[InvocationStatus], start: int | None
    ) -> RecordPage:
        letters = to_letters(sorted(statuses))
        words = self._store.ask(_OPEN, letters, query.task_id or "", 2 * _FEW)
        found = sorted(
            ((int(order), one) for one, order in zip(words[::2], words[1::2], strict=True)),
            reverse=not query.oldest_first,
        )
        if start is not None:
            found = [one for one in found if (one[0] > start if query.oldest_first else one[0] < start)]
        if query.where is not None:
            fulfils = matcher_of(query.where)
            records = self._records([one for _, one in found])
            fitting = {record.invocation_id for record in records if fulfils(record)}
            found = [one for one in found if one[1] in fitting]
        page = found[: query.limit]
        following = str(page[-1][0]) if page and len(found) > query.limit else None
        return RecordPage(tuple(self._records([one for _, one in page])), following)

    def _search(self, query: RecordQuery, start: int | None) -> RecordPage:
        """Along an index by order of submission, a part after the other."""
        request = to_search(query)
        # The server gives what it cannot judge, too.
        fulfils = None if query.where is None else matcher_of(query.where)
        looks = _LOOKS if query.where is None else max(1, min(_LOOKS, _TRIALS // size_of(request["where"])))
        found: list[InvocationRecord] = []
        left, goes_on_from = query.search_limit, "" if start is None else str(start)
        while True:
            if goes_on_from:
                request["from"] = goes_on_from
            request |= {"limit": query.limit - len(found), "looks": min(looks, left)}
            words, goes_on_from, looked_at = self._store.ask(_LIST, dump(request))
            found += [record for record in self._records(words[::2]) if fulfils is None or fulfils(record)]
            left -= looked_at
            if not goes_on_from or left <= 0 or len(found) >= query.limit:
                return RecordPage(tuple(found), goes_on_from or None)

    def find_cursor(self, before: float) -> str:  # noqa: D102
        return str(self._store.ask(_FIRST_SINCE, repr(before)))

    def get_invocations(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        return {record.invocation_id: record for record in self._records(ids)}

    def find_by_prefix(self, prefix: str, limit: int) -> list[InvocationRecord]:  # noqa: D102
        return self._records(self._store.ask(_PREFIX, prefix, limit)) if prefix and limit > 0 else []

    def find_by_suffix(self, suffix: str, limit: int, search_limit: int) -> list[InvocationRecord]:  # noqa: D102
        found: list[str] = []
        start, left = "", search_limit
        while left > 0 and len(found) < limit:
            looks = min(left, _ID_LOOKS)
            part, start = self._store.ask(_SUFFIX, suffix, start, looks)
            found += part
            left -= looks if start else left
        return self._records(found[:limit])

    def _records(self, ids: Sequence[str]) -> list[InvocationRecord]:
        """Those that exist, in this order."""
        return [
            from_slim(*row)
            for batch in batches(list(dict.fromkeys(ids)), _BATCH)
            for row in self._store.ask(_SLIM, *batch)
        ]

    # -- one invocation -------------------------------------------------------------------------------

    def get_histories(self, ids: Sequence[InvocationId]) -> dict[InvocationId, list[HistoryEntry]]:  # noqa: D102
        return {
            InvocationId(one): from_history(entries)
            for batch in batches(ids, _BATCH)
            for one, entries in self._store.ask(_HISTORIES, *batch)
        }

    def get_payloads(self, invocation_id: InvocationId, limit: int) -> Mapping[PayloadKind, str]:  # noqa: D102
        texts = self._store.ask(_BEGINNINGS, invocation_id, _CHARACTER_BYTES * limit)
        found = from_beginnings(*texts) if texts else {}
        return {kind: text[:limit] for kind, text in found.items()}

    def get_merges(self, ids: Sequence[InvocationId]) -> dict[InvocationId, Merges]:  # noqa: D102
        return {
            InvocationId(one): from_merges(text)
            for batch in batches(ids, _BATCH)
            for one, text in self._store.ask(_MERGES, *batch)
        }

    def list_waits(self, invocation_id: InvocationId, limit: int) -> Waits:  # noqa: D102
        on, by = self._store.ask(_WAITS, invocation_id, limit)
        return Waits(tuple(on), tuple(by))

    def count_families(  # noqa: D102
        self, roots: Sequence[InvocationId], most: int
    ) -> dict[InvocationId, dict[InvocationStatus, int]]:
        counts: dict[InvocationId, dict[InvocationStatus, int]] = {}
        for batch in batches(list(roots), max(1, _LOOKS // max(1, most))):
            found = self._store.ask(_FAMILIES, most, *batch)
            for root_id, letters in zip(batch, found, strict=True):
                if letters:
                    counts[InvocationId(root_id)] = {STATUSES[one]: n for one, n in Counter(letters).items()}
        return counts

    # -- what happens and happened --------------------------------------------------------------------

    def list_registered(self, since: float, limit: int) -> list[Registered]:  # noqa: D102
        found: list[Registered] = []
        start = ""
        while len(found) < limit:
            part, start = self._store.ask(_REGISTERED, repr(since), min(_BATCH, limit - len(found)), start)
            found += map(from_registered, json.loads(part))
            if not start:
                break
        return found

    def list_finished(  # noqa: D102
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        ids = self._ids_by_end("ended", since, until, limit, oldest_first=oldest_first)
        return [from_figures(row) for row in self._in_parts(_FIGURES, ids)]

    def _ids_by_end(
        self, index: str, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[str]:
        low, high = repr(since), f"({until!r}"
        command, *bounds = ("ZRANGEBYSCORE", low, high) if oldest_first else ("ZREVRANGEBYSCORE", high, low)
        key = f"{self._store.prefix}o:{index}"
        found: list[str] = self._store.command(command, key, *bounds, "LIMIT", 0, limit)
        return found

    def sample_finished(  # noqa: D102
        self, since: float, until: float, parts: int, each: int, *, beyond: int
    ) -> list[list[Finished]]:
        ids = self._store.ask(_LATEST_ENDS, "ended", each, beyond, *_edges(since, until, parts))
        figures = map(from_figures, self._in_parts(_FIGURES, [one for part in ids for one in part]))
        by_id = {one.invocation_id: one for one in figures}
        return [[by_id[one] for one in part if one in by_id] for part in ids]

    def count_failed(  # noqa: D102
        self, since: float, until: float, parts: int, most: int, where: RecordFilter | None = None
    ) -> list[int]:
        edges = _edges(since, until, parts)
        if where is None:
            return [min(most, n) for n in self._store.ask(_COUNT_FAILED, *edges)]
        ids = self._store.ask(_LATEST_ENDS, "failed", most, 0, *edges) or [[]] * parts
        fitting = self.find_matching([one for part in ids for one in part], where)
        return [len(fitting.intersection(part)) for part in ids]

    def _in_parts(self, script: scripts.Script, ids: Sequence[str]) -> Iterator[list[str]]:
        for batch in batches(ids, _BATCH):
            yield from self._store.ask(script, *batch)

    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:  # noqa: D102
        ids = self._ids_by_end("failed", since, until, limit)
        return [from_failure(row) for row in self._in_parts(_FAILURES, ids)]

    def list_owned(self, limit: int, runner_id: str | None = None) -> list[InvocationRecord]:  # noqa: D102
        if limit < 1:
            return []
        return self._records(self._store.ask(_OWNED, limit, *([] if runner_id is None else [runner_id])))

    def find_longest_waiting(self) -> InvocationRecord | None:  # noqa: D102
        found = self._records(self._store.ask(_LONGEST_WAITING))
        return min(found, key=lambda record: record.available_at, default=None)

    # -- runners --------------------------------------------------------------------------------------

    def list_runners(self, limit: int) -> list[RunnerRecord]:  # noqa: D102
        return [from_runner(*row) for row in self._store.ask(_RUNNERS, limit)] if limit > 0 else []

    def find_lease(self, name: str) -> Lease | None:  # noqa: D102
        found = self._store.read_hash(f"{self._store.prefix}o:lease:{name}", None)
        return Lease(found["holder"], float(found["until"])) if found else None

    def get_runners(self, ids: Sequence[str]) -> dict[str, RunnerRecord]:  # noqa: D102
        return {
            row[0]: from_runner(*row)
            for batch in batches(ids, _BATCH)
            for row in self._store.ask(_GET_RUNNERS, *batch)
        }


def _edges(since: float, until: float, parts: int) -> list[str]:
    """The beginning and the end of each part of a window."""
    return [repr(edge) for part in equal_parts(since, until, parts) for edge in part]


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise ValueError(f"{cursor!r} is no position in a list of invocations")
    return int(cursor)
