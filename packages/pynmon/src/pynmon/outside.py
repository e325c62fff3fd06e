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
_IN_BRACES = re.compile(r"\{([^{}]*)\}?|\}")
#: Lines are written a little before and after what the store has the time of.
MARGIN_SECONDS = 60.0
#: What each line of a log says itself.
_OF_LINE = ("invocation_id", "from", "to")


def check_template(template: str) -> None:
    """Refuse what leads nowhere, and where a worker would say whose machine it leads to.

    Raises:
        ConfigError: it is no http address, or asks for something unknown.
    """
    wrong = f"log_url_template {template!r}"
    try:
        parts = urlsplit(template)
    except ValueError:
        raise ConfigError(f"{wrong} is no address: the name of its host cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(f"{wrong} is no address: it begins with http:// or https:// and the name of a host")
    for found in _IN_BRACES.finditer(template):
        if found.group() not in {f"{{{name}}}" for name in NAMES}:
            there_are = ", ".join(f"{{{name}}}" for name in NAMES)
            raise ConfigError(f"{wrong} asks for {found.group()}: there are {there_are}, and no other braces")
    if set(_PLACE.findall(parts.netloc)) - {"app"}:
        raise ConfigError(
            f"{wrong} leads to a host that its workers name: only {{app}} may stand before the path"
        )


def log_url(template: str, app_id: str, record: InvocationRecord, now: float) -> str:
    """The address of the log lines of an invocation; whatever is filled in means nothing but itself."""
    end = now if record.ended_at is None else record.ended_at
    return _filled(template, app_id, _of_invocation(record), record.created_at, end)


def log_url_of_runner(template: str, app_id: str, runner: RunnerRecord, now: float) -> str:
    """The address of the log lines of a runner; empty where the template leads to those of one invocation."""
    values = _of_runner(runner)
    asked = set(_PLACE.findall(template))
    if not asked & values.keys() or asked & {"invocation_id", "task"}:
        return ""
    return _filled(
        template, app_id, values, runner.started_at, now if runner.stopped_at is None else runner.stopped_at
    )


def log_url_around(
    template: str, app_id: str, record: InvocationRecord | None, runner: RunnerRecord | None
) -> str:
    """The address of the log lines around one, but for what each line says itself: its invocation and its time.

    These places are left in it, and in nothing that is filled in. Empty where the template asks for what is not known.

    Args:
        template: Of the address.
        app_id: Of the app.
        record: The invocation that the line is about.
        runner: The runner that wrote it.
    """
    values = {**(_of_invocation(record) if record else {}), **(_of_runner(runner) if runner else {})}
    asked = set(_PLACE.findall(template)) - {"app", "from", "to"}
    if not all(values.get(name) for name in asked):
        return ""
    values["app"] = app_id
    return _PLACE.sub(lambda one: one[0] if one[1] in _OF_LINE else quote(values[one[1]], safe=""), template)


def _of_invocation(record: InvocationRecord) -> dict[str, str]:
    return {
        "invocation_id": record.invocation_id,
        "task": record.task_id,
        "runner_id": record.runner_id or "",
        "host": record.host or "",
    }


def _of_runner(runner: RunnerRecord) -> dict[str, str]:
    return {"runner_id": runner.identity.runner_id, "host": runner.identity.host}


def _filled(template: str, app_id: str, values: Mapping[str, str], begin: float, end: float) -> str:
    around = {"app": app_id, "from": iso(begin - MARGIN_SECONDS), "to": iso(end + MARGIN_SECONDS)}
    return _PLACE.sub(lambda place: quote({**around, **values}[place[1]], safe=""), template)
