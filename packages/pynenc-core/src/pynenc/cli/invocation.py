"""``pynenc invocation list`` and ``pynenc invocation show``: what the stores know about invocations."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pynenc.app import Pynenc
from pynenc.cli.process_memory import warn_about_memory
from pynenc.cli.table import print_table
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.status import InvocationStatus

#: So many records are read at once.
_PAGE = 500
#: Fields that are nobody's business outside of the engine, or may be of any size.
_HIDDEN = frozenset({"token", "arguments"})


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommands."""
    parser = subparsers.add_parser("invocation", help="list invocations, and show one with its history")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list invocations, newest first")
    listing.add_argument(
        "--status",
        action="append",
        choices=[status.value for status in InvocationStatus],
        metavar="STATUS",
        help="only those in this status; may be repeated",
    )
    listing.add_argument("--task", metavar="MODULE.FUNCTION", help="only those of this task")
    listing.add_argument(
        "--limit", type=_positive, default=20, metavar="N", help="at most so many (default: 20)"
    )
    listing.add_argument("--json", action="store_true", help="as a JSON array")
    showing = actions.add_parser("show", help="show one invocation and every status it entered")
    showing.add_argument("id", help="the whole id of the invocation")
    showing.add_argument("--json", action="store_true", help="as a JSON object")


def run(args: argparse.Namespace, app: Pynenc) -> int:
    """Carry out the action."""
    warn_about_memory(app, "this command sees none of another program")
    if args.action == "list":
        _list(args, app)
    else:
        _show(args, app)
    return 0


def _list(args: argparse.Namespace, app: Pynenc) -> None:
    statuses = frozenset(map(InvocationStatus, args.status)) if args.status else None
    records = _find(app, args.task, statuses, args.limit)
    if args.json:
        print(json.dumps([_as_json(record) for record in records], indent=2))
        return
    rows = [
        (record.invocation_id, record.task_id, record.status, _time(record.created_at), record.args_preview)
        for record in records
    ]
    print_table(("invocation", "task", "status", "created", "arguments"), rows)


def _find(
    app: Pynenc, task_id: str | None, statuses: frozenset[InvocationStatus] | None, limit: int
) -> list[InvocationRecord]:
    found: list[InvocationRecord] = []
    after: InvocationId | None = None
    while len(found) < limit:
        size = min(_PAGE, limit - len(found))
        query = InvocationQuery(task_id=task_id, statuses=statuses, after=after, limit=size)
        page = app.orchestrator.list_records(query)
        found += page
        if len(page) < size:
            break
        after = page[-1].invocation_id
    return found


def _show(args: argparse.Namespace, app: Pynenc) -> None:
    record = app.engine.get_record(InvocationId(args.id))
    history = app.orchestrator.get_history(record.invocation_id)
    if args.json:
        entries = [_with_times(asdict(entry)) for entry in history]
        print(json.dumps({**_as_json(record), "history": entries}, indent=2))
        return
    facts = [(name, _text(name, value)) for name, value in _as_json(record).items()]
    print_table(("field", "value"), [fact for fact in facts if fact[1]])
    print()
    print_table(("", "entered", "after", "status", "runner", "reason"), _history_rows(history))


def _history_rows(history: list[HistoryEntry]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    before = history[0].at if history else 0.0
    for entry in history:
        after = f"+{entry.at - before:.3f} s"
        runner = entry.runner_id or ""
        rows.append((str(entry.seq), _time(entry.at), after, entry.status.value, runner, entry.reason))
        before = entry.at
    return rows


def _as_json(record: InvocationRecord) -> dict[str, Any]:
    """The record without its payloads: they may be of any size, and are written in the app's own format."""
    values = {name: value for name, value in asdict(record).items() if name not in _HIDDEN}
    if values["outcome"] is not None:
        del values["outcome"]["data"]
    return _with_times(values)


def _with_times(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _time(value) if isinstance(value, float) and _is_time(name) else value
        for name, value in values.items()
    }


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith("_at")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _text(name: str, value: Any) -> str:
    """A field for people; empty when there is nothing to say."""
    if name == "outcome" and value:
        return str(value["preview"] or value["error_msg"] or value["kind"])
    return "" if value in (None, 0, False) else str(value)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, not {text}")
    return number
