"""``pynmon``: the same as ``pynenc monitor``."""

from __future__ import annotations

import sys

from pynenc.cli.main import main as pynenc_main


def main() -> None:
    """Run the command and end the program."""
    sys.exit(pynenc_main([*_app_of(sys.argv[1:]), "monitor", *_rest_of(sys.argv[1:])]))


def _app_of(arguments: list[str]) -> list[str]:
    return arguments[arguments.index("--app") :][:2] if "--app" in arguments else []


def _rest_of(arguments: list[str]) -> list[str]:
    if "--app" not in arguments:
        return arguments
    at = arguments.index("--app")
    return arguments[:at] + arguments[at + 2 :]
