"""From where on a check of health says that something is worth a look, or needs somebody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Those that are not settings of the app itself, as heartbeats, claims and the retention are.

    Args:
        waiting_seconds: The next in line has waited longer: worth a look.
        waiting_too_long_seconds: It has waited longer than this: somebody is needed.
        failing_share: So large a part of what ended within five minutes failed.
        failing_times: Or so many times as large a part as of everything that is kept.
        failing_at_least: Of fewer that ended nothing is said.
        handed_back: An invocation was given back by its runners more often.
        late_seconds: A schedule ran later.
        answer_seconds: The store takes longer for its cheapest read.
        clock_seconds: The clocks of this host and of the store are further apart.
        overdue_seconds: What ended is kept for so much longer than it shall be.
    """

    waiting_seconds: float = 60.0
    waiting_too_long_seconds: float = 600.0
    failing_share: float = 0.2
    failing_times: float = 5.0
    failing_at_least: int = 20
    handed_back: int = 20
    late_seconds: float = 60.0
    answer_seconds: float = 0.25
    clock_seconds: float = 2.0
    overdue_seconds: float = 86400.0
