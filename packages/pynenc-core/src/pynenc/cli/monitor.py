"""``pynenc monitor``: serves the web monitor, which is a package of its own."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pynenc.app import Pynenc
from pynenc.app_loader import load_app
from pynenc.cli.process_memory import warn_about_memory
from pynenc.exceptions import MonitorUnavailableError

#: Addresses that only this machine reaches.
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERY_ADDRESS = ("0.0.0.0", "::")
_TOKENS = "PYNMON_AUTH_TOKENS"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "monitor",
        help="watch an app in a browser",
        description="Serve the web monitor until Ctrl-C. It reads the stores that the settings name, and writes "
        "nothing, unless --allow-actions lets operators rerun and cancel. Without --app the settings come from the "
        f"environment and pyproject.toml, and no code of the app is imported. {_TOKENS} names access tokens, too: "
        "one per line, or separated by commas.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="default: 127.0.0.1; another than a loopback address needs access tokens or a trusted header",
    )
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer under this name too, for example that of a proxy; may be repeated",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="SPEC",
        help="watch this app, too, named as with --app, behind the same address; may be repeated",
    )
    parser.add_argument("--environment", default="", metavar="TEXT", help="shown on every page, such as PROD")
    parser.add_argument(
        "--log-url-template",
        default="",
        metavar="TEMPLATE",
        help="where the app's log lines are kept, such as https://logs.example.org/?q={invocation_id}&from={from}&to={to}"
        "; also {app}, {task}, {runner_id} and {host}",
    )
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error", "critical"), default="warning"
    )
    _add_access(parser)
    parser.set_defaults(usage_error=parser.error)


def _add_access(parser: argparse.ArgumentParser) -> None:
    access = parser.add_argument_group("who may see it, and do what")
    access.add_argument(
        "--auth-token-file",
        type=Path,
        metavar="FILE",
        help="lines of ROLE NAME SECRET: people log in with the secret, programs send it as a bearer token; the roles "
        "are viewer, operator and admin",
    )
    access.add_argument(
        "--allow-actions",
        action="store_true",
        help="let operators and admins act; by default everybody only looks. Without tokens of your own one for an "
        "admin is made for this run, and shown as a link to log in with",
    )
    for what, shown in (
        ("payloads", "arguments, results and what exceptions said"),
        ("logs", "the page about log lines, and the links of --log-url-template"),
    ):
        access.add_argument(
            f"--view-{what}",
            default="viewer",
            choices=("viewer", "operator", "admin"),
            help=f"the least role that sees {shown} (default: viewer); without --allow-actions all are viewers",
        )
    access.add_argument(
        "--allow-enqueue",
        action="store_true",
        help="with --allow-actions: let admins call the tasks of --app",
    )
    access.add_argument(
        "--allow-purge",
        action="store_true",
        help="with --allow-actions: let admins remove what has ended, and everything",
    )
    access.add_argument(
        "--audit-file", type=Path, metavar="FILE", help="add actions and attempts to it as JSON lines"
    )
    access.add_argument(
        "--https",
        action="store_true",
        help="browsers come through a proxy by https: the cookie never goes without",
    )
    access.add_argument(
        "--trusted-header",
        default="",
        metavar="NAME",
        help="a header in which a proxy names whom it let through",
    )
    access.add_argument(
        "--trusted-role",
        default="viewer",
        choices=("viewer", "operator", "admin"),
        help="what people that the header names may do (default: viewer)",
    )
    access.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="believe the header from this address; may be repeated",
    )
    access.add_argument(
        "--insecure-no-auth",
        action="store_true",
        help="listen beyond this machine although everybody may then see everything",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    pynmon, uvicorn = _import("pynmon"), _import("uvicorn")
    tokens = _tokens(pynmon, args)
    if args.host not in _LOOPBACK and not (tokens or args.trusted_header or args.insecure_no_auth):
        args.usage_error(
            f"--host {args.host}: without a login the monitor listens on loopback addresses only "
            f"({', '.join(_LOOPBACK)}): add --auth-token-file or --trusted-header, or --insecure-no-auth if everybody "
            "who reaches that address may see everything"
        )
    apps = [load_app(args.app) if args.app else Pynenc(), *map(load_app, args.also)]
    for app in apps:
        warn_about_memory(app, "this monitor sees only calls that its own process makes")
    shown = f"[{args.host}]" if ":" in args.host else args.host
    address = f"http://{shown}:{args.port}/"
    link = ""
    if args.allow_actions and not (tokens or args.trusted_header):
        secret = secrets.token_urlsafe(24)
        tokens = (pynmon.AccessToken.of(pynmon.Role.ADMIN, "admin", secret),)
        # Behind the #, where it is in no request and so in no log.
        link = f"log in within this run of it: {address}login#t={secret}"
    watched = apps if args.also else apps[0]
    monitor = pynmon.create_monitor_app(watched, _settings(pynmon, args, tokens))
    _import("pynmon.heap").share_one_heap()
    print(f"pynmon of {', '.join(repr(app.app_id) for app in apps)}: {address}", flush=True)
    if link:
        print(link, flush=True)
    uvicorn.run(
        monitor,
        host=args.host,
        port=args.port,
        log_level=args.log_level,
        # Streams of open pages would hold the end up.
        timeout_graceful_shutdown=1,
        # Where a request comes from is what decides whether its headers are believed.
        proxy_headers=False,
    )
    return 0


def _tokens(pynmon: Any, args: argparse.Namespace) -> tuple[Any, ...]:
    """Those of the file and those of the environment; the secrets themselves are not kept."""
    found: tuple[Any, ...] = ()
    path: Path | None = args.auth_token_file
    if path is not None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            args.usage_error(f"--auth-token-file {path}: cannot be read: {error}")
        if path.stat().st_mode & 0o077:
            print(f"pynenc: others may read {path}: chmod 600 {path}", file=sys.stderr)
        found += pynmon.identity.tokens_of(lines, str(path))
        if not found:
            args.usage_error(f"--auth-token-file {path}: there is no token in it")
    named = os.environ.get(_TOKENS, "").replace(",", "\n").splitlines()
    return found + tuple(pynmon.identity.tokens_of(named, _TOKENS))


def _settings(pynmon: Any, args: argparse.Namespace, tokens: tuple[Any, ...]) -> Any:
    is_open = args.insecure_no_auth and not (tokens or args.trusted_header)
    named = () if args.host in (*_LOOPBACK, *_EVERY_ADDRESS) else (args.host,)
    return pynmon.MonitorSettings(
        allowed_hosts=(*pynmon.settings.LOOPBACK, *named, *args.allowed_host),
        environment=" ".join(filter(None, (args.environment, "NO LOGIN" if is_open else ""))),
        tokens=tokens,
        read_only=not args.allow_actions,
        view_payloads=pynmon.Role[args.view_payloads.upper()],
        view_logs=pynmon.Role[args.view_logs.upper()],
        allow_enqueue=args.allow_enqueue,
        allow_purge=args.allow_purge,
        trusted_header=args.trusted_header,
        trusted_role=pynmon.Role[args.trusted_role.upper()],
        trusted_proxies=tuple(args.trusted_proxy),
        https=args.https,
        audit_file=args.audit_file,
        log_url_template=args.log_url_template,
    )


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MonitorUnavailableError(
            f"the monitor needs the package '{module}', which is not installed: pip install 'pynenc-core[monitor]'"
        ) from error
