"""``pynenc status render``: the state machine of an invocation, drawn from its table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pynenc.cli.status_svg import draw
from pynenc.exceptions import PynencError
from pynenc.values.status import INITIAL, STATUS_TABLE, InvocationStatus, StatusDefinition


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser("status", help="draw the life of an invocation")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    render = actions.add_parser(
        "render", help="every status, and what may follow it", description="Draw the state machine."
    )
    render.add_argument("--format", choices=("text", "svg"), default="text", help="default: text")
    render.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of printing")
    render.add_argument(
        "--check", action="store_true", help="write nothing; fail when the file of --output is not up to date"
    )
    render.set_defaults(usage_error=render.error)


def run(args: argparse.Namespace) -> int:
    """Print, write or check the drawing."""
    if args.check and args.output is None:
        args.usage_error("--check needs --output: which file is to be checked?")
    drawing = _text() if args.format == "text" else draw(STATUS_TABLE)
    if args.output is None:
        sys.stdout.write(drawing)
    elif args.check:
        _check(args.output, drawing, args.format)
    else:
        _write(args.output, drawing)
    return 0


def _check(path: Path, drawing: str, drawing_format: str) -> None:
    try:
        current = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PynencError(f"the drawing '{path}' cannot be read: {error}") from error
    if current != drawing:
        raise PynencError(
            f"the drawing '{path}' is stale, the state machine changed: draw it again with "
            f"pynenc status render --format {drawing_format} --output {path}"
        )


def _write(path: Path, drawing: str) -> None:
    try:
        path.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise PynencError(f"the drawing cannot be written to '{path}': {error.strerror}") from error


def _text() -> str:
    name_width = max(len(status) for status in STATUS_TABLE)
    lines = [f"{'status':<{name_width}}  {'owner':<8}  {'':<16}  may be followed by"]
    for status, row in STATUS_TABLE.items():
        # In the order of the table, because sets have none.
        following = ", ".join(other for other in STATUS_TABLE if other in row.next) or "-"
        line = f"{status:<{name_width}}  {row.owner.value:<8}  {_role(status, row):<16}  {following}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _role(status: InvocationStatus, row: StatusDefinition) -> str:
    facts = {"first": status is INITIAL, "claimable": row.available, "final": row.final}
    return ", ".join(fact for fact, holds in facts.items() if holds)
