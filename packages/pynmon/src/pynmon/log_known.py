"""What the store knows of the names in log lines, in few questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pynenc.values.ids import InvocationId
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.log_lines import MOST_REFERENCES, SHORT, LogLine, beginnings, matching, references
from pynmon.source import Source

_WHOLE = 32
#: Ids that are cut short are looked for in so many parts of the list of ids, and in each among so many.
MOST_PARTS, PART = 3, 2_000
_RUNNERS = 500


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the names in some lines; without lines nothing."""

    #: By the name in the lines: one may be named in full and by its end.
    by_name: Mapping[str, InvocationRecord] = field(default_factory=dict)
    runners: Mapping[str, RunnerRecord] = field(default_factory=dict)
    histories: Mapping[InvocationId, Sequence[HistoryEntry]] = field(default_factory=dict)
    #: Names that more than one has, and those that have it.
    ambiguous: Mapping[str, Sequence[InvocationRecord]] = field(default_factory=dict)
    #: Names that nothing was found for.
    unknown: Sequence[str] = ()
    #: So many more were not looked for.
    unasked: int = 0

    @property
    def invocations(self) -> list[InvocationRecord]:
        """Each once, in the order in which the lines name them."""
        return list({one.invocation_id: one for one in self.by_name.values()}.values())

    @property
    def workflows(self) -> dict[str, str]:
        """The names of the workflows that they belong to, by the ids of their runs."""
        return {one.workflow_id: one.workflow_type or "" for one in self.invocations if one.workflow_id}


def look_up(source: Source, lines: Sequence[LogLine]) -> Known:
    """Whole ids at once; of ids that are cut short, those that were registered shortly before their line.

    Args:
        source: Asked at most six times.
        lines: With the names.
    """
    names = references(lines, "invocation")
    asked = names[:MOST_REFERENCES]
    whole = [InvocationId(name) for name in asked if len(name) >= _WHOLE]
    records = {str(name): record for name, record in source.store.get_invocations(whole).items()}
    found = matching(asked, records)
    short = [name for name in asked if len(name) < _WHOLE and len(found[name]) != 1]
    starts = beginnings(lines, {name for name in short if len(name) <= SHORT})
    starts += [name for name in short if len(name) > SHORT]
    for start in starts[:MOST_PARTS]:
        records |= {one.invocation_id: one for one in source.store.find_by_prefix(start, PART)}
    found = matching(asked, records)
    by_name = {name: several[0] for name, several in found.items() if len(several) == 1}
    ids = list({one.invocation_id for one in by_name.values()})
    return Known(
        by_name,
        _runners(source, lines),
        source.store.get_histories(ids) if ids else {},
        {name: several for name, several in found.items() if len(several) > 1},
        [name for name, several in found.items() if not several],
        len(names) - len(asked),
    )


def _runners(source: Source, lines: Sequence[LogLine]) -> dict[str, RunnerRecord]:
    """By the names in the lines, of the runners that live and the latest of the others."""
    names = [*references(lines, "runner"), *references(lines, "worker")][:MOST_REFERENCES]
    listed = source.store.list_runners(_RUNNERS) if names else []
    by_id = {str(one.identity.runner_id): one for one in listed}
    return {name: several[0] for name, several in matching(names, by_id).items() if len(several) == 1}
