from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pynenc.app import Pynenc
from pynenc.cli.main import main

from .conftest import task_of

PYNENC = (sys.executable, "-m", "pynenc")


def test_dummy_runner_cannot_be_started(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "dummy_shop.py").write_text("from pynenc import Pynenc\napp = Pynenc()\n")
    assert main(["--app", "dummy_shop.py", "runner", "start"]) == 1
    assert "pynenc: error: DummyRunner executes nothing: set runner_cls" in capsys.readouterr().err


def test_show_config_is_about_the_configured_runner(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runner", "show_config"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("ConfigThreadRunner.") for line in lines)
    assert any(line.startswith("ConfigThreadRunner.max_threads = 1\t(config_values)") for line in lines)


def test_start_runs_tasks_until_a_signal_and_ends_with_code_0(shop: Pynenc) -> None:
    invocation = task_of(shop, "add")(1, 2)
    with subprocess.Popen([*PYNENC, "runner", "start"]) as process:
        try:
            assert invocation.get(20) == 3
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_a_runner_that_is_drained_ends_with_code_0(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    invocation = task_of(shop, "add")(1, 2)
    with subprocess.Popen([*PYNENC, "runner", "start"]) as process:
        try:
            assert invocation.get(20) == 3
            (runner,) = shop.orchestrator.list_runners()
            assert main(["runner", "drain", runner.identity.runner_id]) == 0
            assert "takes nothing more from its next heartbeat on" in capsys.readouterr().out
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert main(["runner", "drain", runner.identity.runner_id]) == 1
    assert "lives: take the whole id of one that does" in capsys.readouterr().err
