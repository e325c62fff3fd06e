"""How text becomes values, what is refused, and what is shown."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_components import ConfigBroker, ConfigOrchestrator
from pynenc.conf.config_pynenc import ArgumentPrintMode, ConfigPynenc, LogFormat
from pynenc.conf.config_runner import ConfigRunner
from pynenc.conf.config_sqlite import ConfigBrokerSQLite, ConfigSQLite
from pynenc.conf.config_task import ConcurrencyControlType, ConfigTask
from pynenc.exceptions import ConfigError, ConfigMultiInheritanceError, InvalidTaskOptionsError, RetryError


class ConfigVault(ConfigBase):
    vault_password: SecretStr = Field(SecretStr(""), description="A password.")
    vault_url: str = Field("", description="Where it is.")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("true", "True", "1", "yes", "ON", " true ")),
        *((text, False) for text in ("false", "False", "0", "no", "OFF", "", " ")),
    ],
)
def test_booleans_from_text(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("PYNENC__DEV_MODE_FORCE_SYNC_TASKS", text)
    assert ConfigPynenc().dev_mode_force_sync_tasks is value


@pytest.mark.parametrize(
    ("text", "value"),
    [("", ()), ("shop", ("shop",)), ("shop, cart.pay ,", ("shop", "cart.pay")), ('["a", "b"]', ("a", "b"))],
)
def test_collections_from_text(monkeypatch: pytest.MonkeyPatch, text: str, value: tuple[str, ...]) -> None:
    monkeypatch.setenv("PYNENC__TASK_MODULES", text)
    monkeypatch.setenv("PYNENC__TRIGGER_TASK_MODULES", text)
    conf = ConfigPynenc()
    assert conf.task_modules == value
    assert conf.trigger_task_modules == frozenset(value)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (12, 12.0),
        ("12", 12.0),
        ("0.5", 0.5),
        ("500ms", 0.5),
        ("30s", 30.0),
        ("1h 30m", 5400.0),
        ("2 min", 120.0),
        (timedelta(minutes=2), 120.0),
    ],
)
def test_durations(written: object, seconds: float) -> None:
    assert ConfigPynenc({"max_pending_seconds": written}).max_pending_seconds == seconds


def test_durations_are_counted_in_the_unit_of_the_field() -> None:
    assert (
        ConfigPynenc({"runner_considered_dead_after_minutes": "30s"}).runner_considered_dead_after_minutes
        == 0.5
    )
    assert (
        ConfigOrchestrator({"auto_final_invocation_purge_hours": "7d"}).auto_final_invocation_purge_hours
        == 168
    )


def test_choices_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYNENC__ARGUMENT_PRINT_MODE", "FULL")
    monkeypatch.setenv("PYNENC__LOG_FORMAT", "Json")
    monkeypatch.setenv("PYNENC__LOGGING_LEVEL", "DEBUG")
    monkeypatch.setenv("PYNENC__SQLITE_SYNCHRONOUS", "normal")
    monkeypatch.setenv("PYNENC__RUNNING_CONCURRENCY", "KEYS")
    conf = ConfigPynenc()
    assert conf.argument_print_mode is ArgumentPrintMode.FULL
    assert conf.log_format is LogFormat.JSON
    assert conf.logging_level == "debug"
    assert ConfigSQLite().sqlite_synchronous == "NORMAL"
    assert ConfigTask().running_concurrency is ConcurrencyControlType.KEYS


@pytest.mark.parametrize("text", ["", "none", "null"])
def test_an_optional_number_can_be_unset_by_text(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PYNENC__TIME_LIMIT", text)
    assert ConfigTask().time_limit is None


def test_numbers_and_paths_are_accepted_in_text_fields() -> None:
    assert ConfigPynenc({"app_id": 7}).app_id == "7"
    assert ConfigSQLite({"sqlite_db_path": Path("a", "b.db")}).sqlite_db_path == str(Path("a", "b.db"))
    assert ConfigVault({"vault_password": 1234}).vault_password.get_secret_value() == "1234"


@pytest.mark.parametrize(
    ("config_cls", "field", "value", "allowed"),
    [
        (ConfigPynenc, "max_pending_seconds", -1, "greater than 0"),
        (ConfigPynenc, "max_pending_seconds", "soon", "number"),
        (ConfigPynenc, "heartbeat_interval_seconds", float("nan"), "finite"),
        (ConfigPynenc, "logging_level", "loud", "'debug', 'info'"),
        (ConfigPynenc, "log_format", "xml", "'text' or 'json'"),
        (ConfigPynenc, "dev_mode_force_sync_tasks", "maybe", "true and false"),
        (ConfigPynenc, "truncate_arguments_length", 0, "greater than or equal to 1"),
        (ConfigRunner, "min_parallel_slots", 10**9, "less than or equal to"),
        (ConfigTask, "max_running", 0, "greater than or equal to 1"),
        (ConfigTask, "retry_for", "NoSuchError", "module.Class"),
    ],
)
def test_a_wrong_value_is_named_with_its_origin_and_what_is_allowed(
    config_cls: type[ConfigBase], field: str, value: object, allowed: str
) -> None:
    with pytest.raises(ConfigError) as built:
        config_cls({field: value})
    conf = config_cls()
    with pytest.raises(ConfigError) as assigned:
        setattr(conf, field, value)
    for message, origin in ((str(built.value), "config_values"), (str(assigned.value), "direct assignment")):
        assert f"{config_cls.__name__}.{field}" in message
        assert str(value) in message
        assert origin in message
        assert allowed in message
    assert conf.origin(field) == "default"
    assert conf.direct_values() == {}


def test_secrets_are_shown_nowhere() -> None:
    conf = ConfigVault({"vault_password": "canary", "vault_url": "vault://me:canary@host/1"})
    keys = ConfigPynenc({"signing_keys": "old:canary"})
    texts = [repr(conf), str(conf), conf.display("vault_password"), conf.display("vault_url")]
    texts += [repr(keys), keys.display("signing_keys")]
    with pytest.raises(ConfigError) as error:
        ConfigPynenc({"signing_keys": "canary"})
    texts += [str(error.value), repr(error.value.__cause__), repr(error.value.__context__)]
    with pytest.raises(ConfigError) as error:
        conf.vault_password = ["canary"]  # type: ignore[assignment]
    texts.append(str(error.value))
    assert not [text for text in texts if "canary" in text]
    assert "host/1" in conf.display("vault_url")


def test_direct_values_travel_to_another_process() -> None:
    conf = ConfigPynenc({"logging_level": "error"})
    conf.app_id = "billing"
    conf.trigger_task_modules = {"a"}  # type: ignore[assignment]
    conf.log_format = LogFormat.JSON
    conf.signing_keys = ("k:secret",)  # type: ignore[assignment]
    sent = json.loads(json.dumps(conf.direct_values()))
    assert sent == {
        "app_id": "billing",
        "trigger_task_modules": ["a"],
        "log_format": "json",
        "signing_keys": ["k:secret"],
    }
    child = ConfigPynenc()
    child.apply_direct(sent)
    assert child.direct_values() == conf.direct_values()
    assert child.signing_keys[0].get_secret_value() == "k:secret"
    assert child.logging_level == "info"


def test_classes_travel_by_name() -> None:
    conf = ConfigTask()
    conf.retry_for = (OSError, ConfigError)
    child = ConfigTask()
    child.apply_direct(json.loads(json.dumps(conf.direct_values())))
    assert child.retry_classes() == (RetryError, OSError, ConfigError)


def test_a_configuration_survives_pickling() -> None:
    conf = ConfigPynenc({"app_id": "a"})
    conf.max_recoveries = 9
    copy = pickle.loads(pickle.dumps(conf))
    assert copy == conf
    assert copy.direct_values() == {"max_recoveries": 9}
    assert copy.origin("app_id") == "config_values"


@pytest.mark.parametrize(
    "written", [ValueError, (ValueError,), "ValueError", ["ValueError"], "builtins.ValueError, RetryError"]
)
def test_retry_for_accepts_classes_and_names(written: object) -> None:
    if written == "builtins.ValueError, RetryError":
        written = "builtins.ValueError, pynenc.exceptions.RetryError"
    classes = ConfigTask(options={"retry_for": written}).retry_classes()
    assert classes == (RetryError, ValueError)


def test_a_retry_class_is_imported_only_when_it_is_needed() -> None:
    conf = ConfigTask(options={"retry_for": ("no_such_module.Error",)})
    with pytest.raises(ConfigError, match="no_such_module"):
        conf.retry_classes()


@pytest.mark.parametrize("name", ["queue", "priority", "rate_limit", "expires", "schedule"])
def test_options_that_do_not_exist_are_refused(name: str) -> None:
    with pytest.raises(InvalidTaskOptionsError, match=f"shop.pay.*'{name}'"):
        ConfigTask(module="shop", func_name="pay", options={name: 1})


def test_a_misspelt_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidTaskOptionsError, match="did you mean 'max_retries'"):
        ConfigTask(module="shop", func_name="pay", options={"max_retrys": 1})


def test_defaults() -> None:
    conf = ConfigPynenc()
    assert (conf.serializer_cls, conf.runner_cls, conf.print_arguments) == (
        "JsonSerializer",
        "DummyRunner",
        False,
    )
    assert ConfigBroker().queue_timeout_sec == 0.1
    assert ConfigOrchestrator().auto_final_invocation_purge_hours == 168
    assert ConfigBrokerSQLite().sqlite_synchronous == "FULL"
    assert ConfigTask().retry_classes() == (RetryError,)


def test_classes_that_define_a_field_differently_cannot_be_combined() -> None:
    class ConfigLeft(ConfigBase):
        test_only_size: int = Field(1, description="A size.")

    class ConfigRight(ConfigBase):
        test_only_size: int = Field(2, description="A size.")

    with pytest.raises(ConfigMultiInheritanceError, match="test_only_size"):
        type("ConfigBoth", (ConfigLeft, ConfigRight), {"__module__": __name__})

    class ConfigDecided(ConfigLeft, ConfigRight):
        test_only_size: int = Field(3, description="A size.")

    assert ConfigDecided().test_only_size == 3


def test_every_field_is_described() -> None:
    def all_classes(base: type[ConfigBase]) -> list[type[ConfigBase]]:
        return [base, *(found for child in base.__subclasses__() for found in all_classes(child))]

    bare = [
        f"{config_cls.__name__}.{name}"
        for config_cls in all_classes(ConfigBase)
        for name, field in config_cls.model_fields.items()
        if not field.description
    ]
    assert bare == []
