"""``pynenc workflow``: list workflows, show what one recorded, cancel, resume, fork and check them."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from pynenc.app import Pynenc
from pynenc.cli.process_memory import warn_about_memory
from pynenc.cli.table import print_table
from pynenc.engine.argument_text import masked
from pynenc.engine.workflow_journal import Recorded
from pynenc.exceptions import NonDeterminismError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import FINAL, InvocationStatus

_PAGE = 500
#: Characters shown of a recorded value.
_SHOWN = 60


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommands."""
    parser = subparsers.add_parser("workflow", help="list, show, cancel, resume, fork and check workflows")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list workflows, newest first")
    listing.add_argument("--open", action="store_true", help="only those that are not final")
    listing.add_argument("--task", metavar="MODULE.FUNCTION", help="only those of this task")
    listing.add_argument(
        "--limit", type=_positive, default=20, metavar="N", help="at most so many (default: 20)"
    )
    listing.add_argument("--json", action="store_true", help="as a JSON array")
    showing = actions.add_parser("show", help="show a workflow and the operations that it recorded")
    showing.add_argument("id", help="the whole id of the workflow")
    showing.add_argument("--json", action="store_true", help="as a JSON object")
    cancelling = actions.add_parser("cancel", help="cancel a workflow and everything that it called")
    cancelling.add_argument("id", help="the whole id of the workflow")
    cancelling.add_argument("--reason", default="cancelled by hand", help="for its history")
    resuming = actions.add_parser(
        "resume", help="go on with one that failed or was cancelled, as a new one, before what failed first"
    )
    resuming.add_argument("id", help="the whole id of the workflow")
    forking = actions.add_parser("fork", help="start a new one that has done what another one did first")
    forking.add_argument("id", help="the whole id of the workflow")
    forking.add_argument(
        "--from-step",
        type=int,
        required=True,
        metavar="N",
        help="how many of its recorded operations the new one begins with",
    )
    checking = actions.add_parser(
        "check", help="compare open workflows with the code at hand; nothing is carried out"
    )
    checking.add_argument("id", nargs="?", help="only this one; all open ones otherwise")


def run(args: argparse.Namespace, app: Pynenc) -> int:
    """Carry out the action."""
    warn_about_memory(app, "this command sees none of another program")
    actions = {
        "list": _list,
        "show": _show,
        "cancel": _cancel,
        "resume": _resume,
        "fork": _fork,
        "check": _check,
    }
    return actions[args.action](args, app)


def _list(args: argparse.Namespace, app: Pynenc) -> int:
    statuses = frozenset(InvocationStatus) - FINAL if args.open else None
    records: list[InvocationRecord] = []
    while len(records) < args.limit:
        size = min(_PAGE, args.limit - len(records))
        after = records[-1].invocation_id if records else None
        query = InvocationQuery(workflows=True, task_id=args.task, statuses=statuses, after=after, limit=size)
        page = app.orchestrator.list_records(query)
        records += page
        if len(page) < size:
            break
    if args.json:
        print(json.dumps([_as_json(record) for record in records], indent=2))
        return 0
    rows = [
        (record.invocation_id, record.task_id, record.status, _time(record.created_at), record.args_preview)
        for record in records
    ]
    print_table(("workflow", "task", "status", "created", "arguments"), rows)
    return 0


def _show(args: argparse.Namespace, app: Pynenc) -> int:
    workflows = app.engine.workflows
    record = workflows.get(args.id)
    operations = [_operation(app, args.id, one) for one in workflows.operations(args.id)]
    if args.json:
        print(json.dumps({**_as_json(record), "operations": operations}, indent=2))
        return 0
    print_table(("field", "value"), [(name, str(value)) for name, value in _as_json(record).items() if value])
    print()
    rows = [(str(one["seq"]), one["name"], one["result"], one["at"]) for one in operations]
    print_table(("", "operation", "result", "code"), rows)
    return 0


def _operation(app: Pynenc, workflow_id: str, one: Recorded) -> dict[str, Any]:
    fields = app.engine.workflows.fields(workflow_id, one)
    if one.child_id is not None:
        result = f"{one.child_id} {one.state.status if one.state else ''}".rstrip()
    elif fields.get("e") is not None:
        result = f"raised {app.engine.payloads.decode_exception(fields['e'], InvocationId(workflow_id))!r}"
    elif "s" in fields:
        result = f"{fields['s']:g} s"
    else:
        result = masked(str(fields.get("v", "")))
    return {"seq": one.seq, "name": one.name, "result": result[:_SHOWN], "at": str(fields.get("at", ""))}


def _cancel(args: argparse.Namespace, app: Pynenc) -> int:
    app.engine.workflows.get(args.id)
    if app.get_invocation(args.id).cancel(cascade=True, reason=args.reason):
        print(f"cancelled {args.id}")
        return 0
    print(f"{args.id} was final already")
    return 1


def _resume(args: argparse.Namespace, app: Pynenc) -> int:
    print(app.resume_workflow(args.id).invocation_id)
    return 0


def _fork(args: argparse.Namespace, app: Pynenc) -> int:
    print(app.fork_workflow(args.id, args.from_step).invocation_id)
    return 0


def _check(args: argparse.Namespace, app: Pynenc) -> int:
    workflows = app.engine.workflows
    records = [workflows.get(args.id)] if args.id else list(workflows.list_open())
    differ = 0
    for record in records:
        try:
            agreed = app.check_workflow(record.invocation_id)
        except NonDeterminismError as error:
            differ += 1
            print(f"differs  {record.invocation_id} {record.task_id}\n{error}")
        else:
            print(f"agrees   {record.invocation_id} {record.task_id}: {agreed} operations")
    print(f"{len(records)} checked, {differ} differ")
    return 1 if differ else 0


def _as_json(record: InvocationRecord) -> dict[str, Any]:
    return {
        "workflow_id": record.invocation_id,
        "task_id": record.task_id,
        "status": record.status.value,
        "parent_id": record.parent_id,
        "created_at": _time(record.created_at),
        "ended_at": _time(record.ended_at) if record.ended_at is not None else None,
        "arguments": record.args_preview,
        "attempts": record.epoch,
        "goes_on_from": record.rerun_of,
        "outcome": record.outcome.preview if record.outcome else None,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, not {text}")
    return number
