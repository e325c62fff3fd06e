from __future__ import annotations

from pathlib import Path

import pytest

from pynmon.acknowledged import QUIET_SECONDS, Acknowledged, KindState
from pynmon.audit import Audit, Entry

#: 2026-01-31T12:00:00Z
AT = 1769860800.0
ENTRY = Entry(at="2026-01-31T12:00:00Z", who="olga", action="acknowledge", subject="f1", result="done")


@pytest.mark.parametrize(
    ("last_at", "now", "state"),
    [
        (AT - 1.0, AT + 60.0, KindState.ACKNOWLEDGED),
        (AT + 1.0, AT + 60.0, KindState.AGAIN),
        (AT + 1.0, AT + 2.0 * QUIET_SECONDS, KindState.AGAIN),
        (AT - 1.0, AT + QUIET_SECONDS, KindState.QUIET),
        (None, AT + 60.0, KindState.QUIET),
    ],
)
def test_what_is_known_is_quiet_when_it_does_not_happen_any_more(
    tmp_path: Path, last_at: float | None, now: float, state: KindState
) -> None:
    known = Acknowledged(Audit(tmp_path / "audit.jsonl", "shop"))
    assert known.state_of("f1", last_at, now) is KindState.NEW
    known.add(ENTRY)
    assert known.state_of("f1", last_at, now) is state
