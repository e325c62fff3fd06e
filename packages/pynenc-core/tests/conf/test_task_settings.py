"""Settings of one task, from where they are written to where the task is made; and the development mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from pynenc import ConcurrencyControlType, Pynenc, PynencBuilder, Task
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.conf.dev_mode import DevMode
from pynenc.exceptions import ConfigError

VARIABLE = "PYNENC__DEV_MODE_FORCE_SYNC_TASKS"


def pay(amount: int) -> int:
    return amount


TASK = f"{pay.__module__}.pay"


def made(app: Pynenc | None = None, **options: object) -> Task[[int], int]:
    task: Task[[int], int] = (app or Pynenc()).task(**options)(pay)
    return task


def test_a_bad_option_fails_at_the_decorator() -> None:
    with pytest.raises(ConfigError) as caught:
        made(max_retries="many")
    assert f"ConfigTask.max_retries = 'many' (from decorator of task '{TASK}')" in str(caught.value)


def test_a_bad_variable_fails_at_the_decorator(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Pynenc()
    name = f"PYNENC__CONFIGTASK__{pay.__module__}#PAY__MAX_RETRIES".upper()
    monkeypatch.setenv(name, "-1")
    with pytest.raises(ConfigError) as caught:
        made(app)
    assert f"ConfigTask.max_retries = '-1' (from environment variable {name})" in str(caught.value)


@pytest.mark.parametrize("suffix", ["yaml", "toml"])
def test_a_bad_value_of_a_file_fails_at_the_decorator(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"conf.{suffix}"
    text = {
        "yaml": f'task:\n  "{TASK}":\n    running_concurrency: some\n',
        "toml": f'[task."{TASK}"]\nrunning_concurrency = "some"\n',
    }
    path.write_text(text[suffix])
    app = Pynenc(config_filepath=str(path))
    with pytest.raises(ConfigError) as caught:
        made(app)
    assert f"ConfigTask.running_concurrency = 'some' (from file {path})" in str(caught.value)


def test_an_unknown_setting_of_a_task_is_named(tmp_path: Path) -> None:
    path = tmp_path / "conf.yaml"
    path.write_text(f'task:\n  "{TASK}":\n    max_retry: 1\n')
    with pytest.raises(ConfigError, match="max_retries"):
        made(Pynenc(config_filepath=str(path)))


def test_the_builder_sets_the_defaults_of_concurrency_control() -> None:
    app = PynencBuilder().concurrency_control("task", registration_concurrency="arguments").build()
    conf = made(app).conf
    assert conf.running_concurrency is ConcurrencyControlType.TASK
    assert conf.registration_concurrency is ConcurrencyControlType.ARGUMENTS
    own = made(app, running_concurrency=ConcurrencyControlType.DISABLED).conf
    assert own.running_concurrency is ConcurrencyControlType.DISABLED
    assert own.registration_concurrency is ConcurrencyControlType.ARGUMENTS
    plain = made(PynencBuilder().concurrency_control().build()).conf
    assert plain.running_concurrency is plain.registration_concurrency is ConcurrencyControlType.DISABLED


# -- the development mode -------------------------------------------------------------------------------


def test_the_mode_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    mode = DevMode(ConfigPynenc(), ConfigPynenc)
    seen = [mode()]
    for value in ("1", "0", "true", ""):
        monkeypatch.setenv(VARIABLE, value)
        seen.append(mode())
    monkeypatch.setenv(VARIABLE, "perhaps")
    with pytest.raises(ConfigError, match=VARIABLE):
        mode()
    monkeypatch.delenv(VARIABLE)
    seen.append(mode())
    assert seen == [False, True, False, True, False, False]


def test_without_the_variable_the_other_sources_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no")
    values = {"dev_mode_force_sync_tasks": True}
    mode = DevMode(ConfigPynenc(values), lambda: ConfigPynenc(values))
    assert not mode()
    monkeypatch.delenv(VARIABLE)
    assert mode()


def test_an_assignment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    conf = ConfigPynenc()
    mode = DevMode(conf, ConfigPynenc)
    conf.dev_mode_force_sync_tasks = True
    monkeypatch.setenv(VARIABLE, "no")
    assert mode()
    conf.dev_mode_force_sync_tasks = False
    monkeypatch.setenv(VARIABLE, "yes")
    assert not mode()
