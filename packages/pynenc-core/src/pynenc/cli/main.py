"""The ``pynenc`` command: argument parser and dispatch; the only place that catches everything.

Exit codes: 0 done, 1 an error that was told in one line, 2 wrong usage, 130 interrupted by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from pynenc.exceptions import PynencError

if TYPE_CHECKING:  # importing an app costs ten times as much as showing the help
    from pynenc.app import Pynenc

_INTERRUPTED = 130


class _Command(NamedTuple):
    #: Module of ``pynenc.cli``, imported when the command is used; it has ``add_parser`` and ``run``.
    module: str
    help: str
    #: Whether ``run`` is given the user's app.
    needs_app: bool


_COMMANDS = {
    "runner": _Command("runner", "run the tasks of an app", needs_app=True),
    "show_config": _Command(
        "config", "show every setting, its value, its origin and its meaning", needs_app=True
    ),
    "invocation": _Command("invocation", "list invocations, and show one with its history", needs_app=True),
    "workflow": _Command("workflow", "list, show, cancel, resume, fork and check workflows", needs_app=True),
    "doctor": _Command("doctor", "ask the stores of an app whether all is well", needs_app=True),
    "trigger": _Command("trigger", "show, pause and fire what runs by itself", needs_app=True),
    "monitor": _Command("monitor", "watch an app in a browser", needs_app=False),
    "status": _Command("status", "draw the life of an invocation", needs_app=False),
    "demo": _Command("demo", "measure a source tree with real tasks on real workers", needs_app=False),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage ends the program with code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    args = argparse.Namespace(verbose=False)
    try:
        parser = _make_parser(given)
        args = parser.parse_args(given)
        if not args.version and args.command is None:
            parser.error(f"which command? One of {', '.join(_COMMANDS)}")
        code = _run(args)
        # Here and not at the end of the interpreter, where a closed pipe could only be complained about.
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `pynenc invocation list | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - boundary: a person reads one line, not a traceback
        return _tell(error, verbose=args.verbose)
    return code


def _make_parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, with the arguments of those commands whose names appear in ``given``."""
    parser = argparse.ArgumentParser(
        prog="pynenc", description="Run the tasks of an app, and see what becomes of them."
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    parser.add_argument(
        "--app",
        metavar="SPEC",
        help="the app: package.module, package.module.variable or path/to/file.py; by default the only app "
        "of the modules in the current directory",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="log everything, and show where an error came from"
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in _COMMANDS.items():
        if name in given:
            _module_of(command).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=command.help)
    return parser


def _run(args: argparse.Namespace) -> int:
    if args.version:
        print(f"pynenc {import_module('importlib.metadata').version('pynenc-core')}")
        return 0
    command = _COMMANDS[args.command]
    module = _module_of(command)
    code: int = module.run(args, _load_app(args)) if command.needs_app else module.run(args)
    return code


def _module_of(command: _Command) -> Any:
    return import_module(f"pynenc.cli.{command.module}")


def _load_app(args: argparse.Namespace) -> Pynenc:
    app: Pynenc = import_module("pynenc.app_loader").load_app(args.app)
    if args.verbose:
        app.conf.logging_level = "debug"
    return app


def _tell(error: Exception, *, verbose: bool) -> int:
    if verbose:
        traceback.print_exception(error)
    if isinstance(error, PynencError):
        message = str(error)
    else:
        message = f"{type(error).__name__}: {error}" + ("" if verbose else " (-v shows where)")
    print(f"pynenc: error: {message}", file=sys.stderr)
    return 1
