from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.programs.conftest import DIRECTORIES, MODULES

from pynenc.cli.demo import _default_database

#: Enough work for an interruption to come in the middle of it.
MANY, LINES = 150, 2000


class Demo:
    """The command on one tree and one database file, with one worker."""

    def __init__(self, tree: Path, database: Path) -> None:
        self.tree = tree
        self.database = database

    def command(self, *options: str) -> list[str]:
        place = ["--database", str(self.database), "--workers", "1"]
        return [sys.executable, "-m", "pynenc", "demo", *place, *options]

    def run(self, *options: str, code: int = 0) -> str:
        """Run it to its end; returns what it says."""
        command = self.command(*options)
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def interrupt(self, send: Callable[[int], None]) -> tuple[int, str]:
        """Have a signal sent when a part is done; returns exit code and what was said."""
        command = self.command(str(self.tree), "--clean")
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if line.endswith("done\n"):
                    send(process.pid)
                    break
            said += process.stdout.read()
            code = process.wait(20)
        require_gone(process.pid)
        return code, said


def press_ctrl_c(group: int) -> None:
    """A terminal sends it to all of its processes."""
    os.killpg(group, signal.SIGINT)


def require_gone(group: int) -> None:
    """No process of the group is left."""
    deadline = time.monotonic() + 10
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, "a worker survived"
        time.sleep(0.02)


def numbers_below(said: str, title: str) -> list[int]:
    lines = said.splitlines()
    return [int(word.replace(",", "")) for word in lines[lines.index(title) + 2].split()]


def invocations(said: str) -> int:
    return sum(int(number.replace(",", "")) for number in re.findall(r"^worker \w+ +([\d,]+)$", said, re.M))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project of somebody else as the current directory: the demo must not use its stores."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pynenc]\napp_id = "shop"\norchestrator_cls = "MemOrchestrator"\nrunner_cls = "DummyRunner"\n'
        'sqlite_db_path = "shop.db"\n'
    )
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "shop.db").exists()


@pytest.fixture
def demo(tree: Path, tmp_path: Path) -> Demo:
    return Demo(tree, tmp_path / "data" / "demo.db")


@pytest.fixture
def large(demo: Demo) -> Demo:
    for number in range(MANY):
        (demo.tree / "package" / f"m{number}.py").write_text("x = 1\n" * LINES)
    return demo


def test_a_tree_is_measured_by_a_worker(demo: Demo) -> None:
    said = demo.run(str(demo.tree))
    assert f"{MODULES + DIRECTORIES} tasks, 1 worker," in said
    assert numbers_below(said, "In all") == [MODULES, 13, 29, 2, 2]
    assert re.search(r"^top.py +6 +8 +1 +0$", said, re.M)
    assert re.search(r"^os +2$", said, re.M)
    assert invocations(said) == MODULES + DIRECTORIES
    assert re.search(r"^[1-9]\d* times an invocation was paused", said, re.M)
    assert "1 could not be read or parsed" in said
    assert "package/deep/broken.py: line 2: " in said
    assert re.search(rf"^{MODULES + DIRECTORIES} invocations in [\d.]+ s: \d+ per second$", said, re.M)


def test_without_anything_unfinished_a_run_begins_anew(demo: Demo) -> None:
    demo.run(str(demo.tree))
    said = demo.run(str(demo.tree))
    assert invocations(said) == MODULES + DIRECTORIES


def test_ctrl_c_leaves_no_process_and_resuming_does_the_rest(large: Demo) -> None:
    code, said = large.interrupt(press_ctrl_c)
    total = MODULES + DIRECTORIES + MANY
    assert code == 130, said
    kept = re.search(rf"no worker is left, (\d+) of {total} tasks are done and kept", said)
    assert kept is not None, said
    assert 0 < int(kept[1]) < total
    assert "Traceback" not in said
    assert f"pynenc demo --resume --database {large.database}" in said

    refused = large.run(str(large.tree), code=1)
    assert f"a run over '{large.tree}' was interrupted: go on with pynenc demo --resume" in refused
    assert "--clean" in refused
    assert "not over" in large.run("--resume", str(large.tree.parent), code=1)

    said = large.run("--resume")
    assert numbers_below(said, "In all") == [MODULES + MANY, 13 + MANY * LINES, 29 + MANY * LINES * 3, 2, 2]
    assert invocations(said) == total, "something was called twice"
    assert f"{total - int(kept[1])} invocations in" in said


def test_killing_the_command_leaves_no_process_and_it_can_be_resumed(large: Demo) -> None:
    code, _ = large.interrupt(lambda pid: os.kill(pid, signal.SIGKILL))
    assert code == -signal.SIGKILL
    said = large.run("--resume")
    assert numbers_below(said, "In all")[0] == MODULES + MANY


def test_clean_forgets_an_interrupted_run(large: Demo, tmp_path: Path) -> None:
    large.interrupt(press_ctrl_c)
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.py").write_text("import os\n")
    said = large.run("--clean", str(other))
    assert invocations(said) == 2


def test_two_demos_do_not_work_on_one_file(large: Demo) -> None:
    refusals = []

    def intrude(group: int) -> None:
        # It must not be done before the other one has begun, however slow the machine is.
        os.killpg(group, signal.SIGSTOP)
        refusals.append(large.run(str(large.tree), "--clean", code=1))
        os.killpg(group, signal.SIGCONT)
        press_ctrl_c(group)

    code, _ = large.interrupt(intrude)
    assert code == 130
    assert "another demo (process " in refusals[0]


def test_the_database_is_in_the_cache_directory_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _default_database() == tmp_path / "pynenc" / "demo.db"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert _default_database() == Path.home() / ".cache" / "pynenc" / "demo.db"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["no-such-directory"], "there is no directory 'no-such-directory'"),
        (["empty"], "there is no Python file"),
        (["--resume"], "nothing is unfinished"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    demo: Demo, tmp_path: Path, options: list[str], problem: str
) -> None:
    (tmp_path / "empty").mkdir()
    said = demo.run(*options, code=1)
    assert said.startswith("pynenc: error: ")
    assert problem in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("options", [["--workers", "0"], ["--top", "x"], ["--resume", "--clean"]])
def test_wrong_options_end_with_code_2(demo: Demo, options: list[str]) -> None:
    assert "usage: pynenc demo" in demo.run(*options, code=2)
