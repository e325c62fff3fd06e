"""How triggers are declared, and what is wrong about a declaration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pynenc import Pynenc
from pynenc.exceptions import (
    ConfigError,
    InvalidScheduleError,
    NonModuleLevelFunctionError,
    TriggerError,
)
from pynenc.trigger import TriggerBuilder, on_cron, on_event, on_status
from pynenc.trigger.conditions import CompositeCondition, CompositeLogic, CronCondition, EventCondition
from pynenc.trigger.trigger_builder import build_all

TASK = "module.task"


def fine(values: Any) -> bool:
    return True


def function() -> None: ...


async def late(values: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("declare", "named"),
    [
        (lambda: on_cron("* * * * *", timezone="Nowhere"), "time zone 'Nowhere'"),
        (lambda: on_cron("* * 32 * *"), "'32' is no valid day of month"),
        (lambda: on_cron("* * * * *", misfire="maybe"), "misfire is one of skip, once, all"),
        (lambda: on_cron("* * * * *", overlap=1), "overlap is one of allow, skip"),
        (lambda: on_cron("* * * * *", jitter_seconds=-1), "jitter_seconds is a number"),
        (lambda: on_cron("* * * * *", misfire_grace_seconds="x"), "misfire_grace_seconds is a number"),
        (lambda: on_cron("* * * * *", max_missed=True), "max_missed is a number"),
        (lambda: on_event(""), "a code"),
        (lambda: on_event("go", 5), "a filter must be a function"),
        (lambda: on_event("go", late), "async def"),
        (lambda: on_status("nonsense"), "a task or its id"),
        (lambda: on_status(5), "a task or its id"),
        (lambda: on_status(TASK, "sucess"), "is no status"),
        (lambda: on_status(TASK, []), "at least one"),
        (lambda: TriggerBuilder().on_exception(TASK, [5]), "classes of exceptions"),
        (lambda: TriggerBuilder().with_logic("xor"), "'and' or 'or'"),
        (lambda: TriggerBuilder().with_logic("and", ttl_seconds=0), "ttl_seconds"),
        (lambda: TriggerBuilder().with_args_from_event(3), "must be a function"),
        (lambda: TriggerBuilder().with_args_provider(fine), "is an ArgumentProvider"),
        (lambda: TriggerBuilder().add_condition("x"), "is a TriggerCondition"),
        (lambda: TriggerBuilder(""), "cannot name a trigger"),
        (lambda: TriggerBuilder("a#b"), "cannot name a trigger"),
        (lambda: build_all(TASK, "on_cron"), "a TriggerBuilder or a list"),
        (lambda: build_all(TASK, [on_event("go"), 1]), "trigger 2 of task 'module.task'"),
        (lambda: build_all(TASK, TriggerBuilder()), "at least one condition"),
        (lambda: build_all(TASK, [TriggerBuilder("x").on_event("a")] * 2), "two triggers"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(declare: Callable[[], object], named: str) -> None:
    with pytest.raises(TriggerError, match=named):
        declare()


def test_a_wrong_schedule_is_an_error_of_its_own_and_a_value_error() -> None:
    with pytest.raises(InvalidScheduleError):
        on_cron("x")
    with pytest.raises(ValueError, match="fields"):
        on_cron("x")


def test_a_task_knows_its_triggers() -> None:
    app = Pynenc({"app_id": "declaring"})
    task = app.task(triggers=[on_event("a"), TriggerBuilder("named").on_event("b")])(function)
    key = task.task_id.key
    assert [info.trigger_id for info in app.trigger.list_triggers()] == [f"{key}#1", f"{key}#named"]
    assert [info.in_force for info in app.trigger.list_triggers()] == [False, False]


def test_a_composite_condition_brings_its_logic() -> None:
    composite = CompositeCondition([EventCondition("a"), CronCondition("* * * * *")], CompositeLogic.OR)
    definition = TriggerBuilder().add_condition(composite).build(TASK)
    assert definition.condition.logic is CompositeLogic.OR
    assert len(definition.conditions) == 2


def _version(builder: TriggerBuilder) -> str:
    return builder.build(TASK).version


def test_a_version_changes_with_whatever_makes_a_difference_and_with_nothing_else() -> None:
    def declare() -> TriggerBuilder:
        return on_event("go", fine).with_args_static({"x": 1})

    assert _version(declare()) == _version(declare())
    others = [
        on_event("stop", fine).with_args_static({"x": 1}),
        on_event("go").with_args_static({"x": 1}),
        on_event("go", fine).with_args_static({"x": 2}),
        on_event("go", fine),
        on_event("go", fine).with_args_static({"x": 1}).with_logic("and", ttl_seconds=5),
        on_event("go", lambda values: True).with_args_static({"x": 1}),
        on_event("go", lambda values: False).with_args_static({"x": 1}),
    ]
    versions = {_version(declare()), *map(_version, others)}
    assert len(versions) == len(others) + 1


def _sqlite(tmp_path: Path, **more: str) -> Pynenc:
    names = ("orchestrator", "broker", "state_backend", "client_data_store", "trigger")
    classes = {f"{name}_cls": f"SQLite{name.title().replace('_', '')}" for name in names}
    values = {**classes, "sqlite_db_path": str(tmp_path / "app.db"), "runner_cls": "ThreadRunner", **more}
    return Pynenc({"app_id": "declaring", **values})


@pytest.mark.parametrize(
    "builder",
    [
        lambda: on_event("go", lambda payload: True),
        lambda: on_event("go").with_args_from_event(lambda event: {}),
    ],
)
def test_lambdas_are_refused_where_processes_have_to_recognise_them(
    tmp_path: Path, builder: Callable[[], TriggerBuilder]
) -> None:
    app = _sqlite(tmp_path)
    app.task(triggers=builder())(function)
    with pytest.raises(NonModuleLevelFunctionError, match=r"declaring.function#1.*`def` at the top level"):
        app.runner.run()
    app.close()


def test_triggers_in_memory_are_refused_where_the_rest_is_shared(tmp_path: Path) -> None:
    app = _sqlite(tmp_path, trigger_cls="MemTrigger")
    with pytest.raises(ConfigError, match="set trigger_cls"):
        app.trigger.emit_event("go")
    app.task(triggers=on_event("go"))(function)
    with pytest.raises(ConfigError, match="set trigger_cls"):
        app.runner.run()
    app.close()


def test_a_module_of_triggers_that_cannot_be_imported_ends_the_start() -> None:
    app = Pynenc({"trigger_task_modules": ["no.such.module"], "runner_cls": "ThreadRunner"})
    with pytest.raises(ConfigError, match=r"'no.such.module' of trigger_task_modules"):
        app.runner.run()
