from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pynenc.app_loader import load_app
from pynenc.exceptions import AppLoadError

APP = "from pynenc import Pynenc\napp = Pynenc({'app_id': __name__})\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project as the current directory; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(path: str, text: str) -> None:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


@pytest.mark.parametrize(
    ("spec", "module"),
    [
        ("jobs", "jobs"),
        ("jobs.app", "jobs"),
        ("jobs.py", "jobs"),
        ("./jobs.py", "jobs"),
        ("shop.jobs", "shop.jobs"),
        ("shop.jobs.app", "shop.jobs"),
        ("shop/jobs.py", "shop.jobs"),
        ("loose/more_jobs.py", "more_jobs"),
        ("shop", "shop"),
        ("shop/__init__.py", "shop"),
    ],
)
def test_spellings(spec: str, module: str) -> None:
    write("jobs.py", APP)
    write("shop/__init__.py", APP)
    write("shop/jobs.py", APP)
    write("loose/more_jobs.py", APP)
    assert load_app(spec).conf.app_id == module


def test_one_app_under_two_names_is_one_app() -> None:
    write("jobs.py", APP + "application = app\n")
    assert load_app("jobs").conf.app_id == "jobs"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("jobs:app", r"write a dot instead of the colon, 'jobs\.app'"),
        ("nowhere", "no module 'nowhere'"),
        ("nowhere.app", "no module 'nowhere'"),
        ("jobs.application", r"no 'application'; its apps are jobs\.app"),
        ("jobs.Pynenc", "not a Pynenc app but type"),
        ("nowhere.py", "no file"),
        ("plain", "holds no Pynenc app"),
        ("plain.app", "it has no app at all"),
        ("two", r"two\.first, two\.second"),
        ("not-a-name.py", "rename it"),
        ("json.py", "hidden by another module 'json'"),
        ("", "no module"),
    ],
)
def test_what_is_not_there_is_explained(spec: str, message: str) -> None:
    write("jobs.py", APP)
    write("plain.py", "x = 1\n")
    write("two.py", "from pynenc import Pynenc\nfirst = Pynenc()\nsecond = Pynenc()\n")
    write("not-a-name.py", APP)
    write("json.py", APP)
    with pytest.raises(AppLoadError, match=message):
        load_app(spec)


@pytest.mark.parametrize("spec", ["bad", "bad.app", "bad.py", None])
@pytest.mark.parametrize(
    ("text", "exception", "line"),
    [
        ("# Pynenc\nimport json\njson.loads('{')\n", "JSONDecodeError", 3),
        ("# Pynenc\n\n1 / 0\n", "ZeroDivisionError", 3),
        ("# Pynenc\nimport no_such_library\n", "ModuleNotFoundError", 2),
        ("# Pynenc\ndef f(:\n", "SyntaxError", 2),
        ("# Pynenc\nraise SystemExit(3)\n", "SystemExit", 2),
    ],
)
def test_a_module_that_fails_is_named_with_the_line(
    spec: str | None, text: str, exception: str, line: int
) -> None:
    write("bad.py", text)
    with pytest.raises(
        AppLoadError, match=rf"'bad' cannot be imported: {exception}: .*bad\.py, line {line}"
    ) as error:
        load_app(spec)
    assert type(error.value.__cause__).__name__ == exception


def test_the_line_of_a_failure_is_the_users_even_below_other_modules() -> None:
    write("deep.py", "def fail():\n    raise KeyError('x')\n")
    write("jobs.py", "import deep\ndeep.fail()\n")
    with pytest.raises(AppLoadError, match=r"deep\.py, line 2"):
        load_app("jobs")


def test_without_a_name_the_only_app_of_the_directory_is_taken() -> None:
    write("service.py", APP)
    write("unrelated.py", "raise RuntimeError('must not be imported')\n")
    for name in ("_private.py", "setup.py", "conftest.py"):
        write(name, "raise RuntimeError('Pynenc')\n")
    assert load_app(None).conf.app_id == "service"
    assert str(Path.cwd()) in sys.path


def test_without_a_name_tasks_and_app_are_preferred() -> None:
    write("tasks.py", APP)
    write("another.py", "raise RuntimeError('Pynenc: must not be imported')\n")
    assert load_app(None).conf.app_id == "tasks"


def test_an_app_imported_by_its_tasks_is_one_app() -> None:
    write("app.py", APP)
    write("tasks.py", "from app import app  # a Pynenc\n")
    assert load_app(None).conf.app_id == "app"


def test_without_a_name_several_apps_are_listed() -> None:
    write("one_shop.py", APP)
    write("two_shop.py", APP)
    with pytest.raises(AppLoadError, match=r"one_shop\.app, two_shop\.app"):
        load_app(None)


def test_without_a_name_nothing_is_found_in_an_empty_directory() -> None:
    with pytest.raises(AppLoadError, match="--app"):
        load_app(None)
