"""``pynenc runner start``, ``drain`` and ``show_config``."""

from __future__ import annotations

import argparse

from pynenc.app import Pynenc
from pynenc.cli.config import print_configs
from pynenc.cli.process_memory import warn_about_memory
from pynenc.exceptions import RunnerError
from pynenc.plugins import REGISTRY
from pynenc.runner.base_runner import BaseRunner
from pynenc.values.ids import RunnerId


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommands."""
    parser = subparsers.add_parser("runner", help="run the tasks of an app")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser(
        "start",
        help="run the app's tasks until stopped",
        description="Run the app's tasks with the runner that runner_cls names, until Ctrl-C or SIGTERM. "
        "What runs then may finish within shutdown_grace_seconds; the rest goes back for other runners. A "
        "second signal ends the process at once, with exit code 130.",
    )
    drain = actions.add_parser(
        "drain",
        help="have a runner take nothing more",
        description="Have a runner, wherever it is, take nothing more and end once it has finished what it has. "
        "It hears of that with its next heartbeat.",
    )
    drain.add_argument("id", help="the id of the runner, as its log and the monitor show it")
    actions.add_parser(
        "show_config",
        help="show the settings of the runner",
        description="Show the settings of the runner that runner_cls names, and where each came from.",
    )


def run(args: argparse.Namespace, app: Pynenc) -> int:
    """Carry out the action; ``start`` returns when the runner was stopped."""
    if args.action == "show_config":
        runner_cls: type[BaseRunner] = REGISTRY.resolve(BaseRunner, app.conf.runner_cls)
        print_configs([app.component_conf(runner_cls.config_cls)])
        return 0
    if args.action == "drain":
        warn_about_memory(app, "this command sees no runner of another program")
        if not app.orchestrator.request_drain(RunnerId(args.id)):
            raise RunnerError(f"no runner '{args.id}' lives: take the whole id of one that does")
        print(f"runner {args.id} takes nothing more from its next heartbeat on")
        return 0
    runner = app.runner
    warn_about_memory(app, "this runner sees only calls that its own process makes")
    runner.run(owns_process=True)
    return 0
