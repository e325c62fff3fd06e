"""Links to where an app's log lines are kept: a template of an address, filled with what is known of an invocation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from pynenc.exceptions import ConfigError
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.presentation.texts import iso

#: What may stand in braces.
NAMES = ("app", "invocation_id", "task", "runner_id", "host", "from", "to")
_PLACE = re.compile(r"\{(\w*)\}")
#: Lines are written a little before and after what the store has the time of.
_MARGIN_SECONDS = 60.0


def check_template(template: str) -> None:
    """Refuse what leads nowhere.

    Raises:
        ConfigError: it is no http address, or asks for something unknown.
    """
    if urlsplit(template).scheme not in ("http", "https"):
        raise ConfigError(f"log_url {template!r} is no address: it begins with http:// or https://")
    if unknown := [name for name in _PLACE.findall(template) if name not in NAMES]:
        raise ConfigError(
            f"log_url {template!r} asks for {{{unknown[0]}}}: there are {', '.join(f'{{{name}}}' for name in NAMES)}"
        )


def log_url(template: str, app_id: str, record: InvocationRecord, now: float) -> str:
    """The address of the log lines of an invocation; whatever is filled in means nothing but itself."""
    values = {
        "invocation_id": record.invocation_id,
        "task": record.task_id,
        "runner_id": record.runner_id or "",
        "host": record.host or "",
    }
    return _filled(
        template, app_id, values, record.created_at, now if record.ended_at is None else record.ended_at
    )


def log_url_of_runner(template: str, app_id: str, runner: RunnerRecord, now: float) -> str:
    """The address of the log lines of a runner; empty where the template leads to those of one invocation."""
    identity = runner.identity
    values = {"runner_id": identity.runner_id, "host": identity.host}
    asked = set(_PLACE.findall(template))
    if not asked & values.keys() or asked & {"invocation_id", "task"}:
        return ""
    return _filled(
        template, app_id, values, runner.started_at, now if runner.stopped_at is None else runner.stopped_at
    )


def _filled(template: str, app_id: str, values: Mapping[str, str], begin: float, end: float) -> str:
    around = {"app": app_id, "from": iso(begin - _MARGIN_SECONDS), "to": iso(end + _MARGIN_SECONDS)}
    return _PLACE.sub(lambda place: quote({**around, **values}[place[1]], safe=""), template)
