"""A plugin by somebody else is found by its entry point alone, and can be held to the contract.

What is tested is what users install: wheels, in an environment that knows nothing of this repository.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).parent / "toy"
#: What the contract suite needs beside the packages under test.
SUITE_NEEDS = ("pytest", "pytest-timeout", "hypothesis")

# The first test pays for building and installing.
pytestmark = pytest.mark.timeout(600)

BUILT = """
from pynenc import PynencBuilder

app = PynencBuilder().app_id("toys").toy().thread_runner().build()
"""
CONFIGURED = """
from pynenc import Pynenc

parts = ("orchestrator", "broker", "state_backend", "client_data_store")
names = ("ToyOrchestrator", "ToyBroker", "ToyStateBackend", "ToyClientDataStore")
values = {f"{part}_cls": name for part, name in zip(parts, names)}
app = Pynenc({"app_id": "toys", "runner_cls": "ThreadRunner", **values})
"""
TASK = """

@app.task
def add(x: int, y: int) -> int:
    return x + y
"""
USE = """
import threading

from tasks import add, app

runner = app.runner
thread = threading.Thread(target=runner.run)
thread.start()
print(add(1, 2).get(timeout=30))
runner.stop_runner_loop()
thread.join(30)
for part in (app.orchestrator, app.broker, app.state_backend, app.client_data_store):
    print(type(part).__module__, type(part).__name__)
"""
USED = """\
3
pynenc_toy.components ToyOrchestrator
pynenc_toy.components ToyBroker
pynenc_toy.components ToyStateBackend
pynenc_toy.components ToyClientDataStore
"""


@dataclass(frozen=True)
class Installation:
    """A virtual environment."""

    folder: Path

    def python(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its Python; nothing of the environment around it is passed on but mirrors and the like."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [self.folder / "bin" / "python", *arguments],
            cwd=cwd,
            env=environment | variables,
            check=False,
            capture_output=True,
            text=True,
        )

    def install(self, *requirements: str | Path) -> None:
        """Install with pip."""
        done = self.python("-m", "pip", "install", "--quiet", *requirements, cwd=self.folder)
        assert done.returncode == 0, done.stderr

    def run(self, program: str, cwd: Path) -> str:
        """Run a program that must succeed; returns what it printed."""
        done = self.python("-c", program, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheels of pynenc-core and of the toy plugin, and nothing else, in a fresh environment."""
    wheels = tmp_path_factory.mktemp("wheels")
    for project in (ROOT / "packages" / "pynenc-core", TOY):
        build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", wheels)
        done = subprocess.run(
            [sys.executable, *build, project], check=False, capture_output=True, text=True, cwd=wheels
        )
        assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path_factory.mktemp("installation")
    subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", folder], check=True)
    made = Installation(folder)
    made.install(*wheels.glob("*.whl"))
    return made


@pytest.mark.parametrize("tasks", [BUILT, CONFIGURED], ids=["builder", "settings"])
def test_an_app_finds_the_plugin_by_its_entry_point(
    installation: Installation, tmp_path: Path, tasks: str
) -> None:
    (tmp_path / "tasks.py").write_text(tasks + TASK, encoding="utf-8")
    assert installation.run(USE, tmp_path) == USED


def test_the_settings_of_the_plugin_are_resolved_like_all_others(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "tasks.py").write_text(CONFIGURED + TASK, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.pynenc.toy]\ntoy_box = "blue"\n', encoding="utf-8")
    shown = installation.python("-m", "pynenc", "--app", "tasks", "show_config", cwd=tmp_path)
    assert "ConfigOrchestratorToy.toy_box = blue\t(pyproject.toml)" in shown.stdout, shown.stderr


def test_the_plugin_may_refuse_a_combination(installation: Installation, tmp_path: Path) -> None:
    program = "from pynenc import PynencBuilder; PynencBuilder().toy().process_runner().build()"
    done = installation.python("-c", program, cwd=tmp_path)
    assert "Plugin configuration validation failed: toys cannot be shared" in done.stderr


def test_without_its_entry_point_nobody_knows_it(installation: Installation, tmp_path: Path) -> None:
    done = installation.python("-c", "from pynenc import PynencBuilder; PynencBuilder().tyo()", cwd=tmp_path)
    assert "methods added by installed plugins: toy" in done.stderr


def test_its_author_can_run_the_contract_suite(installation: Installation) -> None:
    installation.install(*SUITE_NEEDS)
    options = ("-q", "-p", "no:cacheprovider", "--tb=short", "--backend-module", "toy_backend")
    done = installation.python(
        *("-m", "pytest", "integration/contract", *options), cwd=ROOT, PYTHONPATH=str(TOY / "tests")
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    summary = done.stdout.splitlines()[-1]
    # A suite that runs nothing succeeds as well.
    assert int(summary.split(" passed")[0].split()[-1]) > 200, summary
    assert "only a part of the contract suite" not in done.stdout, done.stdout[-8000:]
