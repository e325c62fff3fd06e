"""The demo's app and its three tasks: a tree calls its directories, a directory its files."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from pynenc.app import Pynenc
from pynenc.demo.counts import Count
from pynenc.demo.source import describe, list_directory, measure_module
from pynenc.invocation.base_invocation import BaseInvocation
from pynenc.task import Task
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery

#: So many calls are waited for together: their results are all in memory for a moment.
_TOGETHER = 500

app = Pynenc()
# Assigned, which outranks every file and variable: a project in the current directory has settings of its own
# app, and the demo must never write to that one's stores.
app.conf.app_id = "pynenc-demo"
app.conf.orchestrator_cls = "SQLiteOrchestrator"
app.conf.broker_cls = "SQLiteBroker"
app.conf.state_backend_cls = "SQLiteStateBackend"
app.conf.client_data_store_cls = "SQLiteClientDataStore"
app.conf.serializer_cls = "JsonSerializer"
app.conf.runner_cls = "PersistentProcessRunner"
app.conf.logging_level = "error"
# A file takes milliseconds, and a directory that waits for its files would use up any grace.
app.conf.shutdown_grace_seconds = 0.5


@app.task
def measure_tree(path: str) -> Count:
    """Measure a directory tree: the root of all invocations of one run."""
    return _measure(Path(path), measure_tree.invocation)


@app.task
def measure_directory(path: str) -> Count:
    """Measure everything below one directory."""
    return _measure(Path(path), measure_directory.invocation)


@app.task
def measure_file(path: str) -> Count:
    """Measure one file."""
    return measure_module(Path(path))


def _measure(directory: Path, invocation: BaseInvocation[Count]) -> Count:
    try:
        directories, files = list_directory(directory)
    except OSError as error:
        return Count(failed=1, problems=[f"{directory}: {describe(error)}"])
    total = Count()
    called = _calls_of(invocation.invocation_id)
    for task, paths in ((measure_directory, directories), (measure_file, files)):
        remaining = iter(paths)
        while together := list(islice(remaining, _TOGETHER)):
            for count in _results(task, together, called):
                total.add(count)
    return total


def _results(task: Task[[str], Count], paths: list[str], called: dict[str, InvocationId]) -> list[Count]:
    """One result per path, of a new call where there was none before."""
    earlier = [task.handle(called[path]) for path in paths if path in called]
    new = task.parallelize([(path,) for path in paths if path not in called])
    return new.get() + [invocation.result for invocation in earlier]


def _calls_of(parent: InvocationId) -> dict[str, InvocationId]:
    """What an earlier attempt of this invocation called, by path: when a run was interrupted, tasks that
    waited begin again, and should not have everything below them measured a second time.
    """
    called: dict[str, InvocationId] = {}
    after = None
    while page := app.orchestrator.list_records(
        InvocationQuery(parent_id=parent, after=after, limit=_TOGETHER)
    ):
        for record in page:
            called[app.get_invocation(record.invocation_id).arguments.kwargs["path"]] = record.invocation_id
        after = page[-1].invocation_id
    return called
