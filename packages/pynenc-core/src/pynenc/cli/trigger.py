"""``pynenc trigger``: what runs by itself, when next, what it did, and pausing and firing it."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from pynenc.app import Pynenc
from pynenc.cli.process_memory import warn_about_memory
from pynenc.cli.table import print_table
from pynenc.exceptions import TriggerError
from pynenc.trigger.trigger_info import TriggerInfo
from pynenc.values.triggers import TriggerRun


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommands."""
    parser = subparsers.add_parser("trigger", help="show, pause and fire what runs by itself")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list triggers and what became of their latest runs")
    for name, what in (
        ("show", "show one trigger with its latest runs and the traceback of what failed"),
        ("pause", "have a trigger leave alone whatever happens, in every runner, until it is resumed"),
        ("resume", "have a paused trigger react again"),
        ("fire", "ask for one run now"),
        ("next", "show when a schedule is due next"),
    ):
        action = actions.add_parser(name, help=what, description=what.capitalize() + ".")
        action.add_argument("id", help="the id of the trigger, as `list` shows it")
        if name == "fire":
            action.add_argument(
                "--arguments", metavar="JSON", help="arguments of the task; by default those of the trigger"
            )
        if name in ("show", "next"):
            action.add_argument("-n", type=_positive, default=5, metavar="N", help="so many (default: 5)")


def run(args: argparse.Namespace, app: Pynenc) -> int:
    """Carry out the action."""
    warn_about_memory(app, "this command sees none of another program")
    for name in sorted(app.conf.trigger_task_modules):
        __import__(name)
    actions = {"list": _list, "show": _show, "next": _next, "pause": _pause, "resume": _resume, "fire": _fire}
    actions[args.action](args, app)
    return 0


def _list(args: argparse.Namespace, app: Pynenc) -> None:
    rows = []
    for info in app.trigger.list_triggers():
        latest = app.trigger.list_runs(info.trigger_id, 1)
        rows.append(
            (info.trigger_id, info.text, _state(info), _outcome(latest[0]) if latest else "never ran")
        )
    print_table(("trigger", "reacts to", "state", "latest run"), rows)


def _show(args: argparse.Namespace, app: Pynenc) -> None:
    info = app.trigger.get(args.id)
    facts = [
        ("trigger", info.trigger_id),
        ("task", info.task_id),
        ("reacts to", info.text),
        ("state", _state(info)),
    ]
    print_table(("field", "value"), facts)
    print()
    runs = app.trigger.list_runs(info.trigger_id, args.n)
    rows = [(_time(run.at), _outcome(run), ", ".join(run.occurrence_ids)) for run in runs]
    print_table(("at", "outcome", "because of"), rows)
    for run in runs:
        if run.error:
            print(f"\n{_time(run.at)}\n{run.error}".rstrip())


def _next(args: argparse.Namespace, app: Pynenc) -> None:
    for instant in app.trigger.next_times(args.id, args.n):
        print(_time(instant))


def _pause(args: argparse.Namespace, app: Pynenc) -> None:
    app.trigger.pause(args.id)
    print(f"{args.id} is paused")


def _resume(args: argparse.Namespace, app: Pynenc) -> None:
    app.trigger.resume(args.id)
    print(f"{args.id} reacts again")


def _fire(args: argparse.Namespace, app: Pynenc) -> None:
    app.trigger.fire(args.id, _arguments(args.arguments))
    in_force = app.trigger.get(args.id).in_force
    print(
        f"asked for a run of {args.id}"
        + ("" if in_force else "; it waits for a runner that has this trigger")
    )


def _arguments(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        values = json.loads(text)
    except ValueError as error:
        raise TriggerError(f"--arguments is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise TriggerError(f"--arguments is a JSON object of arguments by name, not {text!r:.80}")
    return values


def _state(info: TriggerInfo) -> str:
    if info.paused:
        return "paused"
    if not info.in_force:
        return "no runner has it"
    return "in force" if info.same_version else "in force, as another version than here"


def _outcome(run: TriggerRun) -> str:
    if run.error:
        return "failed: " + run.error.strip().splitlines()[-1]
    return f"invocation {run.invocation_id}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, not {text}")
    return number
