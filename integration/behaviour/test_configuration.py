"""Settings of tasks from files and the environment take effect in the worker; log lines are what they promise."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.behaviour.conftest import RunningApp, eventually

from pynenc.exceptions import RetryError

TIMEOUT = 60
TASK = "integration.behaviour.sample.sees_its_settings"
SECRET = "canary-of-an-argument"
KEY = "canary-of-a-signing-key"


@pytest.fixture(params=["variable", "yaml", "toml", "json"])
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the settings of one task are written; returns what their origin is called."""
    if request.param == "variable":
        module, _, name = TASK.upper().rpartition(".")
        variable = f"PYNENC__CONFIGTASK__{module}#{name}__MAX_RETRIES"
        monkeypatch.setenv(variable, "4")
        return f"environment variable {variable}"
    path = tmp_path / f"settings.{request.param}"
    path.write_text(
        {
            "yaml": f"task:\n  {TASK}:\n    max_retries: 4\n",
            "toml": f'[task."{TASK}"]\nmax_retries = 4\n',
            "json": json.dumps({"task": {TASK: {"max_retries": 4}}}),
        }[request.param]
    )
    monkeypatch.setenv("PYNENC__FILEPATH", str(path))
    return f"file {path}"


@pytest.mark.parametrize("runner_cls", ["ThreadRunner", "PersistentProcessRunner"])
def test_settings_of_one_task_reach_the_worker(source: str, running: RunningApp) -> None:
    assert running.tasks.sees_its_settings().get(TIMEOUT) == [4, "disabled", source]
    assert running.tasks.add.conf.max_retries == 0


@pytest.fixture
def one_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task that says 3 is allowed one retry."""
    monkeypatch.setenv("PYNENC__CONFIGTASK__INTEGRATION.BEHAVIOUR.SAMPLE#SUCCEEDS_AT__MAX_RETRIES", "1")


@pytest.mark.parametrize("runner_cls", ["ThreadRunner", "PersistentProcessRunner"])
def test_an_override_changes_what_happens(one_retry: None, running: RunningApp) -> None:
    assert running.tasks.succeeds_at(2).get(TIMEOUT) == 2
    failing = running.tasks.succeeds_at(3)
    with pytest.raises(RetryError, match="attempt 2"):
        failing.get(TIMEOUT)


# -- logs -----------------------------------------------------------------------------------------------


_LINE = re.compile(
    r"^(?P<time>\S+\+00:00) (?P<level>[A-Z]+) +(?P<logger>pynenc\S*) (?:\[(?P<context>[^\]]*)\] )?(?P<message>.*)$"
)


@contextmanager
def _errors_of(sample: RunningApp, folder: Path) -> Iterator[Path]:
    """Start an app and yield the file to which it and its workers write their standard error.

    Not ``capfd``: it empties its file after reading, and what a worker writes in between is gone. Within the test,
    because pytest points the standard error elsewhere between set-up and test.
    """
    path = folder / "stderr"
    before, stream = os.dup(2), sys.stderr
    with path.open("a", encoding="utf-8", buffering=1) as file:
        os.dup2(file.fileno(), 2)
        sys.stderr = file
        try:
            sample.start()
            yield path
        finally:
            sample.stop()
            sys.stderr = stream
            os.dup2(before, 2)
            os.close(before)


def _lines(text: str) -> list[dict[str, str]]:
    matches = [_LINE.match(line) for line in text.splitlines()]
    assert all(matches), [line for line, match in zip(text.splitlines(), matches, strict=True) if not match]
    return [match.groupdict(default="") for match in matches if match]


def _talk(running: RunningApp) -> str:
    invocation = running.tasks.talks("hello", SECRET, {"api_key": SECRET})
    result: str = invocation.get(TIMEOUT)
    assert result == invocation.invocation_id
    return result


@pytest.mark.parametrize("runner_cls", ["ThreadRunner", "PersistentProcessRunner"])
@pytest.mark.parametrize("settings", [{"logging_level": "info", "compact_log_context": False}])
def test_lines_of_a_task_name_what_runs(sample: RunningApp, tmp_path: Path) -> None:
    with _errors_of(sample, tmp_path) as errors:
        invocation_id = _talk(sample)
    record = sample.app.get_invocation(invocation_id).record
    (line,) = [line for line in _lines(errors.read_text()) if line["message"] == "says hello"]
    assert (line["level"], line["logger"]) == ("INFO", f"pynenc.task.{record.task_id}")
    runner_id = sample.runner.runner_id if sample.runner else None
    owner = f"runner:{runner_id}"
    if record.runner_id != runner_id:
        owner += f" worker:{record.runner_id}"
    assert line["context"] == f"{owner} invocation:{invocation_id} task:{record.task_id}"


@pytest.mark.parametrize("runner_cls", ["ThreadRunner", "PersistentProcessRunner"])
@pytest.mark.parametrize("settings", [{"logging_level": "info", "log_format": "json"}])
def test_lines_in_json_have_the_same_context(sample: RunningApp, tmp_path: Path) -> None:
    with _errors_of(sample, tmp_path) as errors:
        invocation_id = _talk(sample)
    lines = [json.loads(line) for line in errors.read_text().splitlines()]
    assert all({"timestamp", "severity", "logger", "message", "text"} <= line.keys() for line in lines)
    (line,) = [line for line in lines if line["message"] == "says hello"]
    record = sample.app.get_invocation(invocation_id).record
    expected = {
        "severity": "INFO",
        "app_id": sample.app.app_id,
        "invocation_id": invocation_id,
        "task_id": record.task_id,
        "runner_id": record.runner_id,
        "runner_class": record.runner_cls,
    }
    assert expected.items() <= line.items()
    assert f"invocation:{invocation_id} task:{record.task_id}] says hello" in line["text"]
    if sample.runner and record.runner_id != sample.runner.runner_id:
        assert line["parent_runner_id"] == sample.runner.runner_id
        assert line["parent_runner_class"] == type(sample.runner).__name__


def _debug(**settings: Any) -> dict[str, Any]:
    return {"logging_level": "debug", "signing_keys": [f"k:{KEY}"], **settings}


@pytest.mark.parametrize("runner_cls", ["ThreadRunner", "PersistentProcessRunner"])
@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (_debug(), ""),
        (_debug(print_arguments=True, argument_print_mode="hidden"), ""),
        (_debug(print_arguments=True, argument_print_mode="keys"), " with text, password, options"),
        (
            _debug(print_arguments=True, truncate_arguments_length=3),
            ' with text="he…, password=***, options=***',
        ),
        (
            _debug(print_arguments=True, argument_print_mode="full"),
            ' with text="hello", password=***, options=***',
        ),
    ],
)
def test_arguments_are_logged_as_far_as_settings_say_and_secrets_never(
    sample: RunningApp, tmp_path: Path, shown: str
) -> None:
    with _errors_of(sample, tmp_path) as errors:
        invocation_id = _talk(sample)
        eventually(lambda: "] succeeded" in errors.read_text())
    seen = errors.read_text()
    messages = [line["message"] for line in _lines(seen)]
    task = sample.tasks.talks.task_id.key
    assert f"registered invocation:{invocation_id} task:{task}{shown}" in messages
    assert f"runs task:{task}{shown}" in messages
    assert SECRET not in seen
    assert KEY not in seen
    assert SECRET not in sample.app.get_invocation(invocation_id).record.args_preview
