"""Settings of one monitor."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pynenc.exceptions import ConfigError
from pynmon.identity import AccessToken, Role
from pynmon.outside import check_template
from pynmon.thresholds import Thresholds

#: The names under which a browser on this machine reaches it. A foreign page that has its own name point here
#: arrives under that name, and is refused.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """What a monitor shows, and to whom.

    Args:
        allowed_hosts: Names (without port) under which it may be asked for; any other ``Host`` is refused.
        environment: Shown beside the name of the app, for example ``PROD``.
        sample_limit: Statistics are made of at most so many of the invocations that ended, or were registered, last.
        refresh_seconds: How often the store is asked whether something changed, while somebody looks.
        max_streams: At most so many browser tabs are told of changes; others refresh by themselves.
        tokens: Who may see the monitor, and as what. With none, and no ``trusted_header``, everybody may see it who
            reaches it.
        read_only: Makes everybody a viewer, whatever else is said.
        trusted_header: A request header in which a proxy names the user that it has let through.
        trusted_role: What such users may do.
        trusted_proxies: The addresses of such proxies; the header of anybody else is not looked at.
        https: Whether browsers reach the monitor by https, through a proxy that does that: then its cookie never
            travels without.
        requests_per_second: A person, or an address from which nobody has logged in, is answered so often in the long
            run, and may save up ten seconds of it; 0 for any number. Files of the pages themselves do not count.
        view_payloads: The least role that sees arguments, results and what exceptions said.
        view_logs: The least role that sees the page about log lines and the links to where they are kept.
        allow_enqueue: Whether admins may call tasks whose code this process has loaded.
        allow_purge: Whether admins may remove what has ended, what one component keeps, and everything.
        undo_seconds: How long they can think better of it.
        bulk_limit: No bulk action changes more invocations than this.
        log_url_template: The address of the log lines of an invocation, a runner or around a line, where the app keeps
            them, with ``{app}``, ``{invocation_id}``, ``{task}``, ``{runner_id}``, ``{host}``, ``{from}`` and ``{to}``
            in it.
        thresholds: From where on the checks of health say something.
        audit_file: Actions and attempts are added to this file, a JSON object per line.

    Raises:
        ConfigError: actions would be open to everybody, a header would be trusted from nobody, or ``log_url_template``
            leads nowhere.
    """

    allowed_hosts: tuple[str, ...] = LOOPBACK
    environment: str = ""
    sample_limit: int = 10_000
    refresh_seconds: float = 1.0
    max_streams: int = 200
    tokens: tuple[AccessToken, ...] = ()
    read_only: bool = True
    trusted_header: str = ""
    trusted_role: Role = Role.VIEWER
    trusted_proxies: tuple[str, ...] = ()
    https: bool = False
    requests_per_second: float = 20.0
    view_payloads: Role = Role.VIEWER
    view_logs: Role = Role.VIEWER
    allow_enqueue: bool = False
    allow_purge: bool = False
    undo_seconds: float = 10.0
    bulk_limit: int = 100_000
    audit_file: Path | None = None
    log_url_template: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        if not self.read_only and not self.has_logins:
            raise ConfigError(
                "a monitor that is not read_only has to know who acts: give it tokens, or a trusted_header"
            )
        if self.log_url_template:
            check_template(self.log_url_template)
        if self.trusted_header and not self.trusted_proxies:
            raise ConfigError(
                f"anybody could send the header {self.trusted_header}: name the proxies that set it in trusted_proxies"
            )

    @property
    def has_logins(self) -> bool:
        """Whether people have to say who they are."""
        return bool(self.tokens or self.trusted_header)
