"""What ran at an instant: for a picture that draws too much to tell one from the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.record_filter import AllOf, RecordFilter, matcher_of
from pynenc.values.records import InvocationRecord
from pynmon.query.rows import narrowed
from pynmon.timeline.spans import Span, last_attempts, open_attempts
from pynmon.timeline.window import Window

#: Of what ended after an instant so many are looked at.
LOOKED_AT = 500


class Ran(NamedTuple):
    """What is known about an instant."""

    #: In the order in which it began.
    spans: list[Span]
    #: What ended later was not looked at; None if all was.
    looked_until: float | None


def ran_in(
    store: BaseMonitorStore,
    window: Window,
    owned: Iterable[InvocationRecord],
    conditions: Sequence[RecordFilter],
) -> Ran:
    """What ran in a very short window.

    Args:
        store: Asked once, and once more for conditions that need more than figures.
        window: As short as the eye can tell.
        owned: What is in somebody's hands now.
        conditions: What has to hold for an invocation that is shown.
    """
    ended = store.list_finished(window.since, math.inf, LOOKED_AT, oldest_first=True)
    began = [row for row in ended if row.started_at is not None and row.started_at <= window.until]
    fulfils = matcher_of(AllOf(tuple(conditions)))
    spans = last_attempts(narrowed(store, began, conditions).rows, window)
    spans += open_attempts(filter(fulfils, owned), window)
    looked_until = ended[-1].ended_at if len(ended) == LOOKED_AT else None
    return Ran(sorted(spans, key=lambda span: span.begin), looked_until)
