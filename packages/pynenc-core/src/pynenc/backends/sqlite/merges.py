"""What registration concurrency merged into invocations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merge, Merges, with_merge

#: What ``to_merges`` reads.
COLUMNS = "calls, dropped, last_at, recent"


def add_merges(
    connection: sqlite3.Connection,
    sql: Callable[[str], str],
    merges: Mapping[InvocationId, Merge],
    now: float,
) -> None:
    """Count in the transaction of the submission."""
    for survivor, merge in merges.items():
        select = sql(f"SELECT {COLUMNS} FROM merges_{{t}} WHERE invocation_id = ?")
        found = connection.execute(select, (survivor,)).fetchone()
        after = with_merge(None if found is None else to_merges(found), merge, now)
        if after is not None:
            row = (survivor, after.calls, after.dropped, after.last_at, json.dumps(after.recent))
            connection.execute(sql("INSERT OR REPLACE INTO merges_{t} VALUES (?, ?, ?, ?, ?)"), row)


def to_merges(columns: tuple[Any, ...]) -> Merges:
    """From the columns of ``COLUMNS``."""
    calls, dropped, last_at, recent = columns
    return Merges(calls, dropped, last_at, tuple(json.loads(recent)))
