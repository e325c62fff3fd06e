"""What a workflow recorded beside what its code asks for now, for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from pynenc.engine.workflow_journal import Journal, Recorded
from pynenc.exceptions import NonDeterminismError

#: So many recorded operations are shown before and behind one that differs.
_SHOWN = 2
_REMEDY = 'let changed code ask `if task.wf.patched("<name>"):`, so that workflows that are under way go on as before'


def divergence(
    journal: Journal, recorded: Mapping[int, Recorded], seq: int, requested: str
) -> NonDeterminismError:
    """The error for code that asks for something else at a position than what is recorded there."""
    claim = journal.claim
    lines = [
        f"workflow '{claim.invocation_id}' of '{claim.task_id}' does not do what it did: operation {seq} differs"
    ]
    for at in range(max(1, seq - _SHOWN), seq + _SHOWN + 1):
        found = recorded.get(at)
        if at == seq:
            lines.append(f"  - recorded  {at:>5}  {_describe(journal, found) if found else 'nothing'}")
            lines.append(f"  + requested {at:>5}  {requested}  at {place_of_caller()}")
        elif found is not None:
            lines.append(f"    recorded  {at:>5}  {_describe(journal, found)}")
    return NonDeterminismError(claim.invocation_id, "\n".join([*lines, _REMEDY]), seq)


def place_of_caller() -> str:
    """File and line of the user's code that asked for an operation."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("pynenc."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"


def _describe(journal: Journal, one: Recorded) -> str:
    place = journal.fields(one.stored).get("at") if one.stored is not None else None
    return f"{one.name}  at {place}" if place else one.name
