"""``pynenc demo``: measure a source tree with real tasks on real worker processes."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import sysconfig
import time
from pathlib import Path

from pynenc.cli.demo_report import print_report
from pynenc.cli.progress import progress
from pynenc.demo import session as demo
from pynenc.demo.counts import KEPT
from pynenc.demo.session import Session
from pynenc.demo.statistics import read_statistics
from pynenc.demo.tasks import app
from pynenc.exceptions import PynencError

_DESCRIPTION = """\
Measure a directory tree: one task per directory and per *.py file, where a directory waits for what is in it.
The tasks run on worker processes that this command starts and ends; all data is in one SQLite file.

Ctrl-C stops everything and keeps what is done. After that a plain `pynenc demo` refuses to choose for you:
--resume goes on where it stopped, --clean forgets it and begins anew. When nothing is unfinished, a run
begins anew by itself. Needs no app of yours, and touches none."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="measure a source tree with real tasks on real workers",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "directory",
        nargs="?",
        type=Path,
        metavar="DIRECTORY",
        help="the tree to measure (default: the standard library of this Python)",
    )
    parser.add_argument(
        "--workers", type=_between(1, 256), metavar="N", help="worker processes (default: one per CPU)"
    )
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="the SQLite file (default: pynenc/demo.db in the cache directory of the user)",
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--resume", action="store_true", help="go on with the interrupted run")
    choice.add_argument("--clean", action="store_true", help="forget earlier runs and begin anew")
    parser.add_argument(
        "--top", type=_between(1, KEPT), default=10, metavar="N", help="rows of each table (default: 10)"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, showing how far it is, then print what was found."""
    if args.verbose:
        app.conf.logging_level = "debug"
    database: Path = args.database or _default_database()
    workers = args.workers or os.cpu_count() or 1
    demo.use(database, workers)
    session = _open(args, database)
    total, before = demo.count_calls(session), demo.count_finished()
    crew = "1 worker" if workers == 1 else f"{workers} workers"
    print(f"Measuring {session.directory}\n{total:,} tasks, {crew}, data in {database}", flush=True)
    began = time.monotonic()
    try:
        with progress("Measuring", total, before) as show:
            count = demo.complete(session, show)
    except KeyboardInterrupt:
        done = f"{demo.count_finished():,} of {total:,} tasks are done and kept"
        print(f"\nStopped: no worker is left, {done}.\nGo on with: {_command(args, '--resume')}")
        raise
    seconds = time.monotonic() - began
    print_report(session.directory, count, read_statistics(), args.top)
    finished = demo.count_finished() - before
    print(f"\n{finished:,} invocations in {seconds:.1f} s: {finished / seconds:,.0f} per second")
    app.close()
    return 0


def _open(args: argparse.Namespace, database: Path) -> Session:
    unfinished = None if args.clean else demo.find_open()
    if unfinished is None:
        if args.resume:
            raise PynencError(f"nothing is unfinished in '{database}': begin with {_command(args)}")
        return demo.begin(args.directory or Path(sysconfig.get_path("stdlib")))
    if not args.resume:
        raise PynencError(
            f"a run over '{unfinished.directory}' was interrupted: go on with {_command(args, '--resume')}, "
            f"or forget it with {_command(args, '--clean')}"
        )
    if args.directory is not None and args.directory.resolve() != unfinished.directory:
        raise PynencError(
            f"the interrupted run is over '{unfinished.directory}', not over '{args.directory}': leave the "
            "directory out to go on with it, or begin anew with --clean"
        )
    return unfinished


def _command(args: argparse.Namespace, *options: str) -> str:
    """The same command with other options, to be pasted into a shell."""
    words = ["pynenc", "demo", *options]
    if args.directory is not None and "--resume" not in options:
        words.append(str(args.directory))
    if args.database is not None:
        words += ["--database", str(args.database)]
    return shlex.join(words)


def _default_database() -> Path:
    if sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pynenc" / "demo.db"


def _between(least: int, most: int) -> argparse._ActionType:  # what argparse itself calls a converter
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least} to {most}, not {text}")
        return value

    return number
