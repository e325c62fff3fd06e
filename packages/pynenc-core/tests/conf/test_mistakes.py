"""Unknown names and broken files."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pynenc.conf.config_components import ConfigBroker
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.conf.config_task import ConfigTask
from pynenc.exceptions import ConfigError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_pending_secnds": 1}, "did you mean 'max_pending_seconds'"),
        ({"runner": {"min_thread": 1}}, "section 'runner'; did you mean 'min_threads'"),
        ({"runer": {"min_threads": 1}}, "no section 'runer'; did you mean 'runner'"),
        ({"task": {"shop.pay": {"max_retrys": 1}}}, "did you mean 'max_retries'"),
        ({"zzzz": 1}, "no setting 'zzzz'$"),
        ({"filepath": "x"}, "no setting 'filepath'"),
        ({"broker": {"deep": {"er": 1}}}, "plain values"),
    ],
)
def test_an_unknown_name_in_code_or_a_file_is_an_error(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        ConfigBroker(values)
    assert "config_values" in str(error.value)


def test_an_unknown_name_in_pyproject_is_an_error() -> None:
    Path("pyproject.toml").write_text("[tool.pynenc]\nap_id = 'x'\n")
    with pytest.raises(
        ConfigError, match=r"pyproject\.toml: there is no setting 'ap_id'; did you mean 'app_id'"
    ):
        ConfigTask()


def test_fields_of_other_classes_are_no_mistakes() -> None:
    assert (
        ConfigBroker({"max_retries": 1, "app_id": "x", "runner": {"min_threads": 1}}).queue_timeout_sec == 0.1
    )


def test_fields_of_classes_that_are_not_imported_yet_are_no_mistakes() -> None:
    program = """
        from pynenc.conf.config_pynenc import ConfigPynenc
        ConfigPynenc({"sqlite_db_path": "x", "task": {"max_retries": 1}, "runner": {"max_threads": 3}})
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_section_of_a_plugin_that_is_not_installed_is_skipped() -> None:
    # In an interpreter of its own, where no plugin was imported, and none is found.
    program = """
    from unittest.mock import patch
    from pynenc.conf.config_pynenc import ConfigPynenc
    with patch("importlib.metadata.entry_points", lambda group: ()):
        print(ConfigPynenc({"redis": {"no_such_field_ever": "x"}, "mongodb": {"nor_this": "y"}}).app_id)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "pynenc\n"


def test_an_unknown_variable_is_warned_about_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYNENC__MAX_RETRYS", "1")
    monkeypatch.setenv("PYNENC_TEST_REQUIRE", "redis")
    with caplog.at_level(logging.WARNING, "pynenc"):
        ConfigPynenc()
        ConfigTask()
    (record,) = caplog.records
    assert record.getMessage() == (
        "environment variable PYNENC__MAX_RETRYS: "
        "there is no setting 'max_retrys'; did you mean 'max_retries'?"
    )


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("bad.toml", "a = 1\nb = = 2\n", 2),
        ("end.toml", 'a = 1\nb = "', 2),
        ("bad.json", '{\n"a": 1,\n"b" 2}', 3),
        ("bad.yaml", "a: 1\nb: [1\nc: 2\n", 3),
        ("bad.yml", "a: 1\n\tb: 2\n", 2),
        ("pyproject.toml", "[tool.pynenc\n", 1),
    ],
)
def test_a_malformed_file_is_named_with_the_line(name: str, text: str, line: int) -> None:
    Path(name).write_text(text)
    with pytest.raises(ConfigError, match=rf"{name}', line {line}: "):
        ConfigPynenc(config_filepath=name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list.json", b"[1]", "table"),
        ("number.yaml", b"1: x", "no setting '1'"),
        ("latin.yaml", b"app_id: \xe9", "UTF-8"),
        ("conf.ini", b"", ".toml"),
        ("yaml.yaml", b"app_id: !!python/object/apply:os.system ['true']", "python/object"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        ConfigPynenc(config_filepath=name)


def test_an_empty_file_says_nothing() -> None:
    for name in ("empty.yaml", "empty.toml"):
        Path(name).write_text("")
        assert ConfigPynenc(config_filepath=name).app_id == "pynenc"


@pytest.mark.parametrize("variable", [None, "PYNENC__FILEPATH", "PYNENC__CONFIGPYNENC__FILEPATH"])
def test_a_missing_file_says_who_named_it(monkeypatch: pytest.MonkeyPatch, variable: str | None) -> None:
    if variable:
        monkeypatch.setenv(variable, "missing.yaml")
    for kind in (ConfigError, FileNotFoundError):
        with pytest.raises(kind, match=variable or "config_filepath"):
            ConfigPynenc(config_filepath=None if variable else "missing.yaml")


def test_an_unknown_attribute_cannot_be_assigned() -> None:
    conf = ConfigPynenc()
    with pytest.raises(ConfigError, match="did you mean 'runner_cls'"):
        conf.runner_class = "ThreadRunner"  # type: ignore[attr-defined]
