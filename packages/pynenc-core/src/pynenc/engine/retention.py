"""Deletes what is older than the retention, in small batches: final invocations, then large values that no
stored invocation refers to, and payloads that no invocation came to.

Whoever stores a large value again, with a call or a result, renews the time of its last use in the same step or
before. So an invocation that is younger than the retention refers only to values that were used since, and only
the few that are older have to be looked at: what these refer to is renewed on their behalf. What then is still
unused for the retention and a margin is referred to by nobody; the store decides that when it deletes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine.components import Components
from pynenc.engine.declarations import DECLARED
from pynenc.engine.reactions import LEASE_SECONDS
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc.values.records import InvocationRecord

_BATCH = 200
_MAX_BATCHES = 20
#: How much longer than invocations large values are kept: for those that write a value long before the
#: invocation that refers to it, and for handles of results that are deleted meanwhile.
MARGIN_SECONDS = 86_400.0
#: At most so many values are deleted by one collection.
_MAX_VALUES = 10_000
#: A reference inside of stored arguments and results. Text of users may look like one, and keeps a value longer.
_REFERENCE = re.compile(r"@([0-9a-f]{64})")


def delete_expired(components: Components, age_seconds: float) -> int:
    """Delete final invocations that ended so long ago, with their payloads; returns how many.

    At most a few thousand per call, so that a sweep stays short. The record goes last.
    """
    deleted = 0
    for _ in range(_MAX_BATCHES):
        ids = components.orchestrator.find_expired(age_seconds, _BATCH)
        if not ids:
            break
        if not components.record_holds_payloads:
            components.state_backend.delete_payloads(ids)
        components.orchestrator.delete(ids)
        deleted += len(ids)
    return deleted


def forget_occurrences(components: Components, age_seconds: float) -> None:
    """Delete what triggers remember of so long ago, also of what nobody ever reacted to."""
    components.trigger.delete_expired(age_seconds)
    if not components.trigger.get_values([DECLARED])[DECLARED]:
        # Nobody has triggers any more, while their tasks may still be watched for a while.
        for _ in range(_MAX_BATCHES):
            taken = components.orchestrator.take_occurrences(_BATCH, LEASE_SECONDS)
            before = components.orchestrator.store.now() - age_seconds
            old = [each.occurrence_id for each in taken if each.at <= before]
            if old:
                components.orchestrator.acknowledge_occurrences(old)
            if len(old) < _BATCH:
                return


class DataCollector:
    """Deletes large values that nobody refers to. One collection may take several calls of ``step``.

    Args:
        components: Of the app.
        age_seconds: The retention of invocations.
    """

    def __init__(self, components: Components, age_seconds: float) -> None:
        self._components = components
        self._age = age_seconds
        self._unused: list[str] = []
        self._began_at = 0.0
        self._after: InvocationId | None = None

    def step(self) -> int:
        """Go on with a collection, or begin one; returns how many values it asked to be deleted.

        Looks at a few thousand invocations at most, and at none while no value is old.
        """
        if not self._unused and not self._begin():
            return 0
        for _ in range(_MAX_BATCHES):
            page = self._next_page()
            old = [record for record in page if record.created_at <= self._began_at - self._age]
            self._renew(old)
            if len(old) < _BATCH:
                return self._delete()
            self._after = old[-1].invocation_id
        return 0

    def _begin(self) -> bool:
        parts = self._components
        self._began_at = parts.orchestrator.store.now()
        self._after = None
        self._unused = parts.client_data_store.find_unused(self._age + MARGIN_SECONDS, _MAX_VALUES)
        return bool(self._unused)

    def _next_page(self) -> list[InvocationRecord]:
        """The next invocations by age; from the oldest on again when the last one is gone meanwhile."""
        orchestrator = self._components.orchestrator
        if self._components.orchestrator.store.now() - self._began_at > MARGIN_SECONDS / 2:
            # Somebody else held the lease, or the machine slept: what was renewed then counts no longer.
            self._begin()
        page = orchestrator.list_records(InvocationQuery(oldest_first=True, after=self._after, limit=_BATCH))
        if not page and self._after is not None and not orchestrator.get_states([self._after]):
            self._after = None
            page = orchestrator.list_records(InvocationQuery(oldest_first=True, limit=_BATCH))
        return page

    def _renew(self, records: Sequence[InvocationRecord]) -> None:
        keys = sorted(set(_references(_texts_of(self._components, records))))
        for at in range(0, len(keys), _BATCH):
            self._components.client_data_store.touch(keys[at : at + _BATCH])

    def _delete(self) -> int:
        unused, self._unused = self._unused, []
        for at in range(0, len(unused), _BATCH):
            # Not what was renewed or stored again meanwhile.
            self._components.client_data_store.delete(unused[at : at + _BATCH], self._age + MARGIN_SECONDS)
        return len(unused)


class PayloadCollector:
    """Deletes payloads in a store of their own whose invocation does not exist: who stored them died before the
    commit. They are kept for a margin, because the commit may only be under way.

    Args:
        components: Of the app.
    """

    def __init__(self, components: Components) -> None:
        self._components = components
        self._after: InvocationId | None = None
        #: Ids without a record → since when that is known, by the store's clock.
        self._missing: dict[InvocationId, float] = {}

    def step(self) -> None:
        """Look at a few thousand invocations that have payloads, going on where the last step ended."""
        parts = self._components
        if parts.record_holds_payloads:
            return
        now = parts.orchestrator.store.now()
        for _ in range(_MAX_BATCHES):
            page = parts.state_backend.list_payload_ids(self._after, _BATCH)
            self._judge(page, now)
            self._after = page[-1] if len(page) == _BATCH else None
            if self._after is None:
                return

    def _judge(self, ids: Sequence[InvocationId], now: float) -> None:
        parts = self._components
        states = parts.orchestrator.get_states(ids) if ids else {}
        doomed = []
        for invocation_id in ids:
            since = self._missing.pop(invocation_id, now)
            if invocation_id in states:
                continue
            if now - since >= MARGIN_SECONDS:
                doomed.append(invocation_id)
            elif len(self._missing) < _MAX_VALUES:
                self._missing[invocation_id] = since
        if doomed:
            parts.state_backend.delete_payloads(doomed)


def _texts_of(components: Components, records: Iterable[InvocationRecord]) -> list[str]:
    """What is stored of the arguments and outcomes of invocations."""
    texts = [text for record in records for text in (record.arguments, _outcome_of(record)) if text]
    if not components.record_holds_payloads:
        keys = [
            key
            for record in records
            for key in (
                PayloadKey(record.invocation_id, 0, PayloadKind.ARGUMENTS),
                PayloadKey(record.invocation_id, record.epoch, PayloadKind.OUTCOME),
            )
        ]
        texts += components.state_backend.get_payloads(keys).values() if keys else ()
    return texts


def _outcome_of(record: InvocationRecord) -> str | None:
    return record.outcome.data if record.outcome else None


def _references(texts: Iterable[str]) -> Iterable[str]:
    return (match for text in texts for match in _REFERENCE.findall(text))
