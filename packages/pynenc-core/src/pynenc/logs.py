"""Log configuration: each line carries app, runner, task and invocation.

References are written so that tools find them in any text: ``invocation:<id>``, ``runner:<id>``, ``worker:<id>``,
``task:<module.function>``.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO, cast

from pynenc.conf.config_pynenc import ConfigPynenc, LogFormat
from pynenc.engine.current import get_active
from pynenc.values.runners import RunnerIdentity

_COLORS = {"DEBUG": "\x1b[2m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_RESET = "\x1b[0m"
#: Of an id its last characters: the first ones are the time, and equal for all that was called within a minute.
_COMPACT = 8
#: What a line in JSON has of its context, where there is any.
_CONTEXT = (
    "app_id",
    "runner_class",
    "runner_id",
    "parent_runner_class",
    "parent_runner_id",
    "invocation_id",
    "task_id",
)


class ContextFilter(logging.Filter):
    """Adds to a record what runs in its context.

    Args:
        app_id: The app that configured logging.
    """

    def __init__(self, app_id: str) -> None:
        super().__init__()
        self._app_id = app_id

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        active = get_active()
        record.app_id = self._app_id
        record.invocation_id = active.invocation_id if active else None
        record.task_id = active.claim.task_id if active else None
        identity = None
        if active is not None:
            identity = active.slot.identity if active.slot else active.identity
        _add_runner(record, identity)
        return True


def _add_runner(record: logging.LogRecord, identity: RunnerIdentity | None) -> None:
    parent_id = identity.parent_id if identity else None
    record.runner_id = identity.runner_id if identity else None
    record.runner_class = identity.runner_cls if identity else None
    record.parent_runner_id = parent_id
    # A worker's class is that of its runner, and "Worker".
    record.parent_runner_class = (
        identity.runner_cls.removesuffix("Worker") if identity and parent_id else None
    )


class TextFormatter(logging.Formatter):
    """``time LEVEL logger [runner:… worker:… invocation:… task:…] message``"""

    def __init__(self, *, colors: bool, compact: bool) -> None:
        super().__init__()
        self._colors = colors
        self._cut = -_COMPACT if compact else None

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it."""
        level = f"{record.levelname:<8}"
        if self._colors and record.levelname in _COLORS:
            level = f"{_COLORS[record.levelname]}{level}{_RESET}"
        line = f"{_time_of(record)} {level} {record.name} {self._context(record)}{record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line

    def _context(self, record: logging.LogRecord) -> str:
        invocation, runner, parent = (
            (getattr(record, name, None) or "")[self._cut :]
            for name in ("invocation_id", "runner_id", "parent_runner_id")
        )
        if not invocation:
            return ""
        who = [f"runner:{parent}", f"worker:{runner}"] if parent else [f"runner:{runner}"] if runner else []
        task = getattr(record, "task_id", None)
        return f"[{' '.join([*who, f'invocation:{invocation}', f'task:{task}'])}] "


class JsonFormatter(logging.Formatter):
    """One JSON object per line; ``text`` is the same line for people."""

    def __init__(self) -> None:
        super().__init__()
        self._text = TextFormatter(colors=False, compact=False)

    def format(self, record: logging.LogRecord) -> str:
        """The record with its context."""
        context = {name: getattr(record, name, None) for name in _CONTEXT}
        values: dict[str, Any] = {
            "timestamp": _time_of(record),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in context.items() if value is not None},
            "text": self._text.format(record),
        }
        if record.exc_info:
            values["exception"] = self.formatException(record.exc_info)
        return json.dumps(values)  # ASCII: whatever the encoding of the stream


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def configure_logging(conf: ConfigPynenc) -> None:
    """Send the lines of ``pynenc`` loggers where the settings say; other loggers are left alone.

    A program that gave the ``pynenc`` logger a handler before is left to it: then only the level is set. Handlers
    that were added later stay beside ours.
    """
    logger = logging.getLogger("pynenc")
    logger.setLevel(conf.logging_level.upper())
    foreign = [handler for handler in logger.handlers if not isinstance(handler, _OurHandler)]
    if foreign and len(foreign) == len(logger.handlers):
        return
    handler = _OurHandler(conf.log_stream)
    handler.addFilter(ContextFilter(conf.app_id))
    colors = handler.stream.isatty() if conf.log_use_colors is None else conf.log_use_colors
    if conf.log_format is LogFormat.JSON:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(TextFormatter(colors=colors, compact=conf.compact_log_context))
    logger.handlers = [*foreign, handler]
    logger.propagate = False


class _OurHandler(logging.StreamHandler[Any]):
    """Writes to what ``sys.stderr`` or ``sys.stdout`` is at the time of writing: it may be replaced."""

    def __init__(self, name: str) -> None:
        logging.Handler.__init__(self)
        self._name_of_stream = name

    @property
    def stream(self) -> TextIO:
        return cast("TextIO", getattr(sys, self._name_of_stream))
