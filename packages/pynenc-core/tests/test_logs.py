"""The shape of log lines, and what never appears in them."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pynenc import Pynenc
from pynenc.cli.config import print_configs
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.logs import configure_logging

KEY = "canary-of-a-signing-key"


@pytest.fixture(autouse=True)
def clean_logger() -> Iterator[None]:
    """The package's logger as a new process has it, and as it was afterwards."""
    logger = logging.getLogger("pynenc")
    before = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [], True
    yield
    logger.handlers, logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def make_app(**settings: Any) -> Pynenc:
    return Pynenc({"app_id": "shop", **settings})


app = make_app(dev_mode_force_sync_tasks=True)


@app.task
def talks(password: str = "") -> str:
    talks.logger.warning("from inside")
    return talks.invocation.invocation_id


@app.task(max_retries=0)
def fails() -> None:
    raise ValueError("no")


def test_the_logger_of_an_app_writes_before_anything_else_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    make_app().logger.info("hello %s", "you")
    line = capsys.readouterr().err
    assert line.endswith("INFO     pynenc.shop hello you\n")


def test_lines_go_where_the_settings_say(capsys: pytest.CaptureFixture[str]) -> None:
    make_app(log_stream="stdout", logging_level="warning").logger.info("unseen")
    make_app(log_stream="stdout", logging_level="warning", log_use_colors=True).logger.warning("seen")
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b[33mWARNING \x1b[0m pynenc.shop seen\n" in captured.out
    assert "unseen" not in captured.out


@pytest.mark.parametrize("compact", [True, False])
def test_a_line_of_a_task_has_its_context(compact: bool, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ConfigPynenc({"compact_log_context": compact}))
    app._logging_configured = True
    invocation_id = talks().result
    shown = invocation_id[-8:] if compact else invocation_id
    key = talks.task_id.key
    line = f"WARNING  pynenc.task.{key} [invocation:{shown} task:{key}] from inside\n"
    assert capsys.readouterr().err.endswith(line)


def test_json_lines_have_text_and_exception(capsys: pytest.CaptureFixture[str]) -> None:
    logger = make_app(log_format="json").logger
    try:
        fails.func()
    except ValueError:
        logger.exception("it broke: %s", "ü \ud800 ☃\nsecond line")
    (line,) = capsys.readouterr().err.splitlines()
    values = json.loads(line)
    assert (values["severity"], values["logger"], values["app_id"]) == ("ERROR", "pynenc.shop", "shop")
    assert values["message"] == "it broke: ü \ud800 ☃\nsecond line"
    assert values["text"].startswith(f"{values['timestamp']} ERROR    pynenc.shop it broke")
    assert "ValueError: no" in values["exception"]
    assert "invocation_id" not in values


def test_a_program_that_set_up_the_logger_before_keeps_its_way(capsys: pytest.CaptureFixture[str]) -> None:
    records: list[logging.LogRecord] = []
    own = logging.Handler()
    own.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("pynenc")
    logger.addHandler(own)
    make_app(logging_level="warning").logger.warning("mine")
    assert [record.getMessage() for record in records] == ["mine"]
    assert (logger.handlers, capsys.readouterr().err) == ([own], "")


def test_a_handler_that_was_added_later_stays(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ConfigPynenc())
    logger, own = logging.getLogger("pynenc"), logging.NullHandler()
    logger.addHandler(own)
    configure_logging(ConfigPynenc({"log_format": "json"}))
    assert own in logger.handlers
    logger.info("once")
    assert json.loads(capsys.readouterr().err)["message"] == "once"


def test_a_replaced_stream_is_written_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = make_app().logger
    replaced = io.StringIO()
    monkeypatch.setattr(sys, "stderr", replaced)
    logger.info("there")
    assert replaced.getvalue().endswith("there\n")
    assert capsys.readouterr().err == ""


def test_secrets_are_in_no_setting_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    made = make_app(signing_keys=[f"first:{KEY}"], logging_level="debug")
    made.logger.info("%s %r %r", made.conf, made.conf, made.conf.signing_keys)
    print_configs([made.conf])
    captured = capsys.readouterr()
    assert "signing_keys" in captured.out
    assert KEY not in captured.out + captured.err
