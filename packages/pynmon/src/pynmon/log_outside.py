"""Where log lines are kept, for each line of a page: said once for all that lead to the same but for their times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.log_known import Known
from pynmon.log_lines import LogLine
from pynmon.outside import MARGIN_SECONDS, log_url_around


class Outside(NamedTuple):
    """What a script completes; whole addresses would be as long as the lines themselves."""

    #: Without the invocation and the time of a line.
    addresses: list[str]
    #: Of each line which of them, from 1 on; 0 where it leads nowhere.
    lines: list[int]
    #: So many seconds before and after its time.
    margin: float


def outside_of(lines: Iterable[LogLine], known: Known, template: str, app_id: str) -> Outside:
    """Those of one page.

    Args:
        lines: All of the page, in their order.
        known: What the store knows of the names in them.
        template: Of an address.
        app_id: Stands in it.
    """
    found: dict[str, int] = {"": 0}

    def number_of(line: LogLine) -> int:
        if line.at is None or not line.is_timed:
            return 0
        return found.setdefault(log_url_around(template, app_id, *_about(line, known)), len(found))

    numbers = [number_of(line) for line in lines]
    return Outside([*found][1:], numbers, MARGIN_SECONDS)


def _about(line: LogLine, known: Known) -> tuple[InvocationRecord | None, RunnerRecord | None]:
    """The first invocation that it names, and whoever it says ran it."""
    records, runners = known.by_name, known.runners
    record = next((records[name] for name in line.names("invocation") if name in records), None)
    writers = (*line.names("worker"), *line.names("runner"))
    return record, next((runners[name] for name in writers if name in runners), None)
