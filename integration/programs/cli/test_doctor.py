from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pynenc.app import Pynenc
from pynenc.backends.mem.store import MemStore
from pynenc.cli import doctor
from pynenc.values.findings import Finding, Level


def examine(app: Pynenc) -> int:
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    return doctor.run(parser.parse_args(["doctor"]), app)


def test_a_store_that_answers_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(Pynenc({"app_id": "shop"})) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "App shop"
    assert lines[2].split("  ")[0] == "ok"
    assert "MemStore answers" in lines[2]
    assert len(lines) == 3, "components that share a store are one line"


def test_a_store_that_cannot_be_opened_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = {"sqlite_db_path": str(tmp_path / "missing" / "app.db"), "state_backend_cls": "SQLiteStateBackend"}
    assert examine(Pynenc(conf)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("problem  state_backend")
    assert "make the folder" in lines[2]
    assert "orchestrator, broker, client_data_store" in lines[3]


class _Warning(MemStore):
    def diagnose(self) -> list[Finding]:
        return [Finding(Level.WARNING, "the disk is slow", "buy another one")]


def test_what_a_store_finds_is_shown_and_a_warning_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MemStore, "diagnose", _Warning.diagnose)
    assert examine(Pynenc({"app_id": "shop"})) == 0
    assert "the disk is slow  buy another one" in capsys.readouterr().out
