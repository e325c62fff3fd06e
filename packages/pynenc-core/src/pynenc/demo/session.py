"""One run of the demo: begins it or finds the interrupted one, and sees it through."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pynenc.conf.config_runner import ConfigPersistentProcessRunner
from pynenc.conf.config_sqlite import (
    ConfigBrokerSQLite,
    ConfigClientDataStoreSQLite,
    ConfigOrchestratorSQLite,
    ConfigStateBackendSQLite,
)
from pynenc.demo.background_runner import BackgroundRunner
from pynenc.demo.counts import Count
from pynenc.demo.source import count_tree
from pynenc.demo.tasks import app, measure_tree
from pynenc.exceptions import PynencError
from pynenc.invocation.base_invocation import BaseInvocation
from pynenc.values.operations import InvocationQuery
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import FINAL, InvocationStatus

#: Time between two looks at how far it is.
_LOOK_SECONDS = 0.1
_STORES = (
    ConfigOrchestratorSQLite,
    ConfigBrokerSQLite,
    ConfigStateBackendSQLite,
    ConfigClientDataStoreSQLite,
)


@dataclass(slots=True)
class Session:
    """A run that is not finished."""

    directory: Path
    root: BaseInvocation[Count]


def use(database: Path, workers: int) -> None:
    """Keep everything in this file, and run so many worker processes; before anything else.

    Raises:
        PynencError: the directory of the file cannot be made, or another demo works on the file.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PynencError(
            f"directory '{database.parent}' cannot be made: {error.strerror}; choose a file with --database"
        ) from error
    # Assigned settings travel to the worker processes.
    for config_cls in _STORES:
        app.component_conf(config_cls).apply_direct({"sqlite_db_path": str(database.resolve())})
    app.component_conf(ConfigPersistentProcessRunner).apply_direct({"num_processes": workers})
    for runner in app.orchestrator.list_runners():
        if _is_alive(runner):
            raise PynencError(
                f"another demo (process {runner.identity.pid}) works on '{database}': wait for it, stop it, "
                "or choose another file with --database"
            )


def find_open() -> Session | None:
    """The run that was interrupted, if there is one."""
    unfinished = frozenset(InvocationStatus) - FINAL
    query = InvocationQuery(task_id=measure_tree.task_id.key, statuses=unfinished, limit=1)
    for record in app.orchestrator.list_records(query):
        root = measure_tree.handle(record.invocation_id)
        return Session(Path(root.arguments.kwargs["path"]), root)
    return None


def begin(directory: Path) -> Session:
    """Forget every earlier run and begin a new one.

    Raises:
        PynencError: there is no such directory, or nothing in it to be measured.
    """
    if not directory.is_dir():
        raise PynencError(f"there is no directory '{directory}': name one that holds Python files")
    directory = directory.resolve()
    if count_tree(directory)[1] == 0:
        raise PynencError(f"there is no Python file (*.py) in '{directory}' or below it: name another one")
    app.purge()
    return Session(directory, measure_tree(str(directory)))


def count_calls(session: Session) -> int:
    """How many invocations the whole run makes."""
    return sum(count_tree(session.directory))


def count_finished() -> int:
    """How many invocations are finished by now."""
    return sum(number for status, number in app.orchestrator.count_by_status().items() if status in FINAL)


def complete(session: Session, show: Callable[[int], None]) -> Count:
    """Run until the root is finished; ``show`` is told now and then how many invocations are.

    However it is left, no worker process remains.
    """
    with BackgroundRunner(app.runner) as runner:
        while not session.root.wait(_LOOK_SECONDS):
            runner.require_alive()
            show(count_finished())
        show(count_finished())
    return session.root.get()


def _is_alive(runner: RunnerRecord) -> bool:
    silence = app.orchestrator.store.now() - runner.last_beat_at
    if runner.stopped_at is not None or silence > app.conf.runner_considered_dead_after_minutes * 60:
        return False
    try:
        os.kill(runner.identity.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
