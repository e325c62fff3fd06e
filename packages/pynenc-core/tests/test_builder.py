from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pynenc.builder import PynencBuilder
from pynenc.conf.config_pynenc import ArgumentPrintMode, ConfigPynenc, LogFormat
from pynenc.conf.config_task import ConcurrencyControlType, ConfigTask
from pynenc.exceptions import ConfigError

Step = Callable[[PynencBuilder], PynencBuilder]


@pytest.mark.parametrize(
    ("step", "values"),
    [
        (lambda b: b.app_id("shop"), {"app_id": "shop"}),
        (lambda b: b.memory(), {"broker_cls": "MemBroker", "client_data_store_cls": "MemClientDataStore"}),
        (
            lambda b: b.sqlite("x.db"),
            {
                "orchestrator_cls": "SQLiteOrchestrator",
                "trigger_cls": "SQLiteTrigger",
                "sqlite_db_path": "x.db",
            },
        ),
        (
            lambda b: b.mem_client_data_store(min_size_to_cache=7),
            {"client_data_store_cls": "MemClientDataStore", "min_size_to_cache": 7, "local_cache_size": 1024},
        ),
        (lambda b: b.disable_client_data_store(), {"disable_client_data_store": True}),
        (lambda b: b.thread_runner(2, 3), {"runner_cls": "ThreadRunner", "min_threads": 2, "max_threads": 3}),
        (
            lambda b: b.multi_thread_runner(),
            {"runner_cls": "MultiThreadRunner", "enforce_max_processes": False},
        ),
        (
            lambda b: b.persistent_process_runner(3),
            {"runner_cls": "PersistentProcessRunner", "num_processes": 3},
        ),
        (lambda b: b.process_runner(), {"runner_cls": "ProcessRunner"}),
        (lambda b: b.dummy_runner(), {"runner_cls": "DummyRunner"}),
        (lambda b: b.dev_mode(), {"dev_mode_force_sync_tasks": True}),
        (lambda b: b.runner_tuning(min_parallel_slots=4), {"min_parallel_slots": 4}),
        (lambda b: b.task_control(), {"blocking_control": False, "queue_timeout_sec": 0.1}),
        (lambda b: b.serializer_json(), {"serializer_cls": "JsonSerializer"}),
        (lambda b: b.serializer_json_pickle(), {"serializer_cls": "JsonPickleSerializer"}),
        (lambda b: b.serializer_pickle(), {"serializer_cls": "PickleSerializer"}),
        (
            lambda b: b.concurrency_control("KEYS", ConcurrencyControlType.TASK),
            {"running_concurrency": "keys", "registration_concurrency": "task"},
        ),
        (lambda b: b.max_pending_seconds(9), {"max_pending_seconds": 9}),
        (lambda b: b.trigger_task_modules(["a", "b"]), {"trigger_task_modules": {"a", "b"}}),
        (lambda b: b.custom_config(max_retries=2), {"max_retries": 2}),
        (lambda b: b.logging("DEBUG", stream="stdout"), {"logging_level": "debug", "log_stream": "stdout"}),
        (
            lambda b: b.logging(colors=False, fmt="json"),
            {"log_use_colors": False, "log_format": LogFormat.JSON},
        ),
        (lambda b: b.hide_arguments(), {"argument_print_mode": "hidden", "print_arguments": False}),
        (lambda b: b.show_argument_keys(), {"argument_print_mode": "keys", "print_arguments": True}),
        (lambda b: b.show_full_arguments(), {"argument_print_mode": "full", "print_arguments": True}),
        (lambda b: b.show_truncated_arguments(9), {"truncate_arguments_length": 9}),
        (lambda b: b.argument_print_mode("FULL"), {"argument_print_mode": ArgumentPrintMode.FULL}),
    ],
)
def test_methods_set_values_and_return_the_builder(step: Step, values: dict[str, Any]) -> None:
    builder = PynencBuilder()
    assert step(builder) is builder
    assert values.items() <= builder._config.items()


@pytest.mark.parametrize(
    "step",
    [
        lambda b: b.logging("loud"),
        lambda b: b.logging_stream("file"),
        lambda b: b.logging_format("xml"),
        lambda b: b.argument_print_mode("some"),
        lambda b: b.show_truncated_arguments(0),
        lambda b: b.concurrency_control("sometimes"),
    ],
)
def test_wrong_values_are_refused_at_once(step: Step) -> None:
    with pytest.raises(ValueError, match=r"allowed are|greater than 0"):
        step(PynencBuilder())


@pytest.mark.parametrize("runner", ["process_runner", "multi_thread_runner", "persistent_process_runner"])
@pytest.mark.parametrize("store", ["memory", "mem_client_data_store"])
def test_memory_is_not_shared_with_other_processes(runner: str, store: str) -> None:
    builder = PynencBuilder().sqlite("x.db")
    getattr(builder, store)()
    getattr(builder, runner)()
    with pytest.raises(ValueError, match="memory"):
        builder.build()


def test_sqlite_after_memory_allows_processes() -> None:
    app = PynencBuilder().memory().sqlite("x.db").process_runner().build()
    assert app.conf.runner_cls == "ProcessRunner"


def test_build_makes_an_independent_app_with_the_values() -> None:
    builder = PynencBuilder().app_id("one").memory().thread_runner()
    first = builder.build()
    second = builder.app_id("two").build()
    assert (first.conf.app_id, second.conf.app_id) == ("one", "two")
    assert isinstance(first.conf, ConfigPynenc)
    assert ConfigTask(builder.concurrency_control("task")._config).running_concurrency == "task"


def test_the_environment_overrides_the_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYNENC__APP_ID", "outside")
    assert PynencBuilder().app_id("inside").build().conf.app_id == "outside"


def test_an_unknown_setting_is_refused_when_the_app_is_built() -> None:
    with pytest.raises(ConfigError, match="did you mean 'max_retries'"):
        _ = PynencBuilder().custom_config(max_retrys=1).build().conf


def test_a_plugin_method_is_a_method() -> None:
    def colour(builder: PynencBuilder, name: str) -> PynencBuilder:
        return builder.custom_config(app_id=name)

    PynencBuilder.register_plugin_method("colour", colour)
    assert PynencBuilder().colour("red").memory()._config["app_id"] == "red"
    assert "colour" in dir(PynencBuilder())
    with pytest.raises(AttributeError, match=r"no method 'color'.*colour"):
        PynencBuilder().color("red")
    with pytest.raises(AttributeError, match=r"pip install pynenc-core\[redis\]"):
        PynencBuilder().redis_of_another_plugin()


def test_a_plugin_cannot_replace_a_method() -> None:
    with pytest.raises(ValueError, match="'memory'"):
        PynencBuilder.register_plugin_method("memory", lambda builder: builder)


def test_a_validator_refuses_values_at_build() -> None:
    def refuse(values: dict[str, Any]) -> None:
        if values.get("app_id") == "refused":
            raise ValueError("not this one")

    PynencBuilder.register_plugin_validator(refuse)
    PynencBuilder().app_id("welcome").build()
    with pytest.raises(ValueError, match="Plugin configuration validation failed: not this one"):
        PynencBuilder().app_id("refused").build()
