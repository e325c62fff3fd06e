from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pynenc.app import Pynenc
from pynenc.cli import config


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def show(app: Pynenc) -> int:
    parser = argparse.ArgumentParser()
    config.add_parser(parser.add_subparsers())
    return config.run(parser.parse_args(["show_config"]), app)


def test_every_field_is_shown_with_origin_and_meaning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYNENC__QUEUE_TIMEOUT_SEC", "0.25")
    app = Pynenc({"app_id": "shop", "signing_keys": "key:canary"})
    app.conf.max_recoveries = 5
    assert show(app) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "ConfigPynenc.app_id = shop\t(config_values)\tNamespace of everything the app stores." in lines
    assert any(line.startswith("ConfigPynenc.max_recoveries = 5\t(direct assignment)\t") for line in lines)
    assert any(
        "queue_timeout_sec = 0.25\t(environment variable PYNENC__QUEUE_TIMEOUT_SEC)" in line for line in lines
    )
    assert any(line.startswith("ConfigTask.max_retries = 0\t(default)") for line in lines)
    assert not any("canary" in line for line in lines)


def test_a_terminal_gets_tables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    app = Pynenc({"app_id": "shop", "signing_keys": "key:canary"})
    assert show(app) == 0
    shown = capsys.readouterr().out
    assert "ConfigPynenc" in shown
    assert "shop" in shown
    assert "canary" not in shown
