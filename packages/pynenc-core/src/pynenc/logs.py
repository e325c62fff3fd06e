"""Log configuration: each line carries app, runner, task and invocation ids."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pynenc.conf.config_pynenc import ConfigPynenc, LogFormat
from pynenc.engine.current import get_active

_COLORS = {"DEBUG": "\x1b[2m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_RESET = "\x1b[0m"
_COMPACT = 8


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
        record.runner_id = active.runner_id if active else None
        return True


class TextFormatter(logging.Formatter):
    """``time LEVEL logger [worker:… invocation:… task:…] message``"""

    def __init__(self, *, colors: bool, compact: bool) -> None:
        super().__init__()
        self._colors = colors
        self._compact = compact

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = f"{record.levelname:<8}"
        if self._colors and record.levelname in _COLORS:
            level = f"{_COLORS[record.levelname]}{level}{_RESET}"
        line = f"{at} {level} {record.name} {self._context(record)}{record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line

    def _context(self, record: logging.LogRecord) -> str:
        if getattr(record, "invocation_id", None) is None:
            return ""
        cut = _COMPACT if self._compact else None
        worker = (record.runner_id or "")[:cut]  # type: ignore[attr-defined]
        invocation = record.invocation_id[:cut]  # type: ignore[attr-defined]
        return f"[worker:{worker} invocation:{invocation} task:{record.task_id}] "  # type: ignore[attr-defined]


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with its context."""
        values: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("app_id", "runner_id", "invocation_id", "task_id"):
            if (value := getattr(record, name, None)) is not None:
                values[name] = value
        if record.exc_info:
            values["exception"] = self.formatException(record.exc_info)
        return json.dumps(values, ensure_ascii=False)


def configure_logging(conf: ConfigPynenc) -> None:
    """Send the lines of ``pynenc`` loggers where the settings say; other loggers are left alone.

    A program that gave the ``pynenc`` logger a handler of its own keeps it: then only the level is set.
    """
    logger = logging.getLogger("pynenc")
    logger.setLevel(conf.logging_level.upper())
    if any(not isinstance(handler, _OurHandler) for handler in logger.handlers):
        return
    stream = sys.stdout if conf.log_stream == "stdout" else sys.stderr
    handler = _OurHandler(stream)
    handler.addFilter(ContextFilter(conf.app_id))
    colors = stream.isatty() if conf.log_use_colors is None else conf.log_use_colors
    if conf.log_format is LogFormat.JSON:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(TextFormatter(colors=colors, compact=conf.compact_log_context))
    logger.handlers = [handler]
    logger.propagate = False


class _OurHandler(logging.StreamHandler[Any]):
    """Marks the handler that this module installed."""
