"""Which source decides, and which spellings name a field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pynenc.conf.config_components import ConfigBroker, ConfigClientDataStore, ConfigOrchestrator
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.conf.config_runner import (
    ConfigMultiThreadRunner,
    ConfigPersistentProcessRunner,
    ConfigThreadRunner,
)
from pynenc.conf.config_sqlite import ConfigBrokerSQLite, ConfigStateBackendSQLite
from pynenc.conf.config_task import ConfigTask


def test_each_source_overrides_the_weaker_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look() -> None:
        conf = ConfigPynenc({"app_id": "code"} if code else None, str(given) if given else None)
        seen.append((conf.app_id, conf.origin("app_id")))

    code, given = False, None
    look()
    code = True
    look()
    Path("pyproject.toml").write_text("[tool.pynenc]\napp_id = 'pyproject'\n")
    look()
    given = tmp_path / "given.yaml"
    given.write_text("app_id: given\n")
    look()
    (tmp_path / "root.json").write_text('{"app_id": "root file"}')
    monkeypatch.setenv("PYNENC__FILEPATH", "root.json")
    look()
    (tmp_path / "class.toml").write_text("app_id = 'class file'")
    monkeypatch.setenv("PYNENC__CONFIGPYNENC__FILEPATH", "class.toml")
    look()
    monkeypatch.setenv("PYNENC__APP_ID", "variable")
    look()
    monkeypatch.setenv("PYNENC__CONFIGPYNENC__APP_ID", "class variable")
    look()
    conf = ConfigPynenc()
    conf.app_id = "assigned"
    seen.append((conf.app_id, conf.origin("app_id")))

    assert seen == [
        ("pynenc", "default"),
        ("code", "config_values"),
        ("pyproject", "pyproject.toml"),
        ("given", f"file {given}"),
        ("root file", "file root.json"),
        ("class file", "file class.toml"),
        ("variable", "environment variable PYNENC__APP_ID"),
        ("class variable", "environment variable PYNENC__CONFIGPYNENC__APP_ID"),
        ("assigned", "direct assignment"),
    ]


def test_a_section_wins_over_the_root_and_a_child_over_its_parent() -> None:
    values = {
        "sqlite_db_path": "root",
        "sqlite": {"sqlite_db_path": "parent"},
        "broker_sqlite": {"sqlite_db_path": "child"},
    }
    assert ConfigBrokerSQLite(values).sqlite_db_path == "child"
    assert ConfigStateBackendSQLite(values).sqlite_db_path == "parent"


@pytest.mark.parametrize(
    ("text", "config_cls", "field", "value"),
    [
        ("[tool.pynenc]\nmax_threads = 7", ConfigThreadRunner, "max_threads", 7),
        ("[tool.pynenc.runner]\nmin_threads = 7", ConfigThreadRunner, "min_threads", 7),
        ("[tool.pynenc.runner]\nmin_threads = 7", ConfigMultiThreadRunner, "min_threads", 7),
        ("[tool.pynenc.threadrunner]\nmin_threads = 7", ConfigMultiThreadRunner, "min_threads", 1),
        (
            "[tool.pynenc.persistentprocessrunner]\nnum_processes = 7",
            ConfigPersistentProcessRunner,
            "num_processes",
            7,
        ),
        ("[tool.pynenc.orchestrator]\nmax_pending_seconds = 7", ConfigPynenc, "max_pending_seconds", 7),
        (
            "[tool.pynenc.client_data_store]\nlocal_cache_size = 7",
            ConfigClientDataStore,
            "local_cache_size",
            7,
        ),
        ("[tool.pynenc.clientdatastore]\nlocal_cache_size = 7", ConfigClientDataStore, "local_cache_size", 7),
        ("[tool.pynenc.broker]\nqueue_timeout_sec = 7", ConfigBrokerSQLite, "queue_timeout_sec", 7),
        ("[tool.pynenc.task]\nmax_retries = 7", ConfigTask, "max_retries", 7),
        ("[tool.pynenc.pynenc]\nmax_retries = 7", ConfigTask, "max_retries", 7),
    ],
)
def test_documented_spellings_of_sections_are_read(
    text: str, config_cls: type[ConfigPynenc], field: str, value: object
) -> None:
    Path("pyproject.toml").write_text(text)
    assert getattr(config_cls(), field) == value


def test_a_field_that_its_section_has_is_not_given_to_others() -> None:
    values = {"thread_runner": {"max_threads": 9}, "multithreadrunner": {"max_threads": 3}}
    assert ConfigThreadRunner(values).max_threads == 9
    assert ConfigMultiThreadRunner(values).max_threads == 3


@pytest.mark.parametrize("name", ["given.yaml", "given.yml", "given.json", "given.toml", "pyproject.toml"])
def test_every_file_format_addresses_a_task(tmp_path: Path, name: str) -> None:
    text = {
        "yaml": "task:\n  max_retries: 1\n  shop.cart.pay:\n    max_retries: 5\n",
        "json": json.dumps({"task": {"max_retries": 1, "shop.cart.pay": {"max_retries": 5}}}),
        "toml": '[task]\nmax_retries = 1\n[task."shop.cart.pay"]\nmax_retries = 5\n',
    }
    text["yml"] = text["yaml"]
    content = text[name.rpartition(".")[2]]
    if name == "pyproject.toml":
        content = content.replace("[task", "[tool.pynenc.task")
    path = tmp_path / "sub" / name
    path.parent.mkdir()
    path.write_text(content)
    pay = ConfigTask(config_filepath=str(path), module="shop.cart", func_name="pay")
    other = ConfigTask(config_filepath=str(path), module="shop.cart", func_name="add")
    assert (pay.max_retries, other.max_retries) == (5, 1)


def test_an_unquoted_task_name_in_toml_is_read() -> None:
    Path("pyproject.toml").write_text("[tool.pynenc.task.shop.cart.pay]\nmax_retries = 5\n")
    assert ConfigTask(module="shop.cart", func_name="pay").max_retries == 5


def test_the_environment_addresses_one_task_all_tasks_and_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def retries(name: str) -> int:
        return ConfigTask(module="shop.cart", func_name=name).max_retries

    monkeypatch.setenv("PYNENC__MAX_RETRIES", "1")
    assert retries("pay_now") == 1
    monkeypatch.setenv("PYNENC__CONFIGTASK__MAX_RETRIES", "2")
    assert retries("pay_now") == 2
    monkeypatch.setenv("PYNENC__CONFIGTASK__SHOP.CART#PAY_NOW__MAX_RETRIES", "3")
    assert (retries("pay_now"), retries("add")) == (3, 2)


def test_decorator_options_rank_above_builder_values_and_below_files(tmp_path: Path) -> None:
    def conf(**kwargs: str) -> ConfigTask:
        return ConfigTask(
            {"max_retries": 1, "parallel_batch_size": 2},
            module="shop",
            func_name="pay",
            options={"max_retries": 3, "parallel_batch_size": None},
            **kwargs,
        )

    assert (conf().max_retries, conf().parallel_batch_size) == (3, 2)
    assert conf().origin("max_retries") == "decorator of task 'shop.pay'"
    path = tmp_path / "given.toml"
    path.write_text("max_retries = 4")
    assert conf(config_filepath=str(path)).max_retries == 4


def test_names_with_one_underscore_are_read_but_weaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYNENC_APP_ID", "one")
    assert ConfigPynenc().app_id == "one"
    monkeypatch.setenv("PYNENC__APP_ID", "two")
    assert ConfigPynenc().app_id == "two"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "given.toml"
    path.write_text("blocking_control = true")
    assert ConfigOrchestrator(config_filepath=str(path)).blocking_control
    path.write_text("blocking_control = false")
    assert not ConfigOrchestrator(config_filepath=str(path)).blocking_control


def test_the_same_pyproject_name_in_two_directories_is_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        directory = tmp_path / name
        directory.mkdir()
        (directory / "pyproject.toml").write_text(f"[tool.pynenc]\napp_id = '{name}'\n")
        monkeypatch.chdir(directory)
        assert ConfigPynenc().app_id == name


def test_a_pyproject_of_somebody_else_is_fine() -> None:
    Path("pyproject.toml").write_text("[tool.other]\napp_id = 'x'\n")
    assert ConfigPynenc().app_id == "pynenc"
    assert ConfigBroker().origin("queue_timeout_sec") == "default"
