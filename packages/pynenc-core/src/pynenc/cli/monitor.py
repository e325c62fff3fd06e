"""``pynenc monitor``: serves the web monitor, which is a package of its own."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from pynenc.app import Pynenc
from pynenc.app_loader import load_app
from pynenc.cli.process_memory import warn_about_memory
from pynenc.exceptions import MonitorUnavailableError

#: Addresses that only this machine reaches.
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "monitor",
        help="watch an app in a browser",
        description="Serve the web monitor until Ctrl-C. It reads the stores that the settings name, and writes "
        "nothing. Without --app the settings come from the environment and pyproject.toml, and no code of the app "
        "is imported.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer under this name too, for example that of a proxy; may be repeated",
    )
    parser.add_argument("--environment", default="", metavar="TEXT", help="shown on every page, such as PROD")
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error", "critical"), default="warning"
    )
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if args.host not in _LOOPBACK:
        args.usage_error(
            f"--host {args.host}: the monitor has no login, so that it listens on loopback addresses only "
            f"({', '.join(_LOOPBACK)}); let a proxy that knows its users pass requests on, and name it with "
            "--allowed-host"
        )
    pynmon, uvicorn = _import("pynmon"), _import("uvicorn")
    app = load_app(args.app) if args.app else Pynenc()
    warn_about_memory(app, "this monitor sees only calls that its own process makes")
    hosts = pynmon.settings.LOOPBACK + tuple(args.allowed_host)
    settings = pynmon.MonitorSettings(allowed_hosts=hosts, environment=args.environment)
    monitor = pynmon.create_monitor_app(app, settings)
    shown = f"[{args.host}]" if ":" in args.host else args.host
    print(f"pynmon of '{app.app_id}': http://{shown}:{args.port}/", flush=True)
    uvicorn.run(
        monitor,
        host=args.host,
        port=args.port,
        log_level=args.log_level,
        # Streams of open pages would hold the end up.
        timeout_graceful_shutdown=1,
    )
    return 0


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MonitorUnavailableError(
            f"the monitor needs the package '{module}', which is not installed: pip install 'pynenc-core[monitor]'"
        ) from error
