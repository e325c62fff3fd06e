"""Nothing of a connection is carried over a fork."""

from __future__ import annotations

import gc
import os
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.values.ids import InvocationId

from .app_file import claim, open_app, submit

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked process; returns its pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def join(pid: int) -> None:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_parent_and_child_go_on_with_connections_of_their_own(path: Path, app: SQLiteOrchestrator) -> None:
    submit(app, "parent")
    join(in_child(lambda: submit(app, "child")))
    submit(app, "parent again")
    assert sum(open_app(path).count_by_status().values()) == 3


def test_the_close_of_the_parent_takes_nothing_from_the_child(path: Path, app: SQLiteOrchestrator) -> None:
    # With locks that exist only in the tables of the process the parent would delete the log here.
    submit(app, "parent")
    to_child, to_parent = os.pipe(), os.pipe()

    def work() -> None:
        submit(app, "child")
        os.write(to_parent[1], b"x")
        os.read(to_child[0], 1)
        submit(app, "child again")

    pid = in_child(work)
    os.read(to_parent[0], 1)
    app.store.close()
    os.write(to_child[1], b"x")
    join(pid)
    assert sum(open_app(path).count_by_status().values()) == 3


def test_a_fork_while_threads_write_and_wait(app: SQLiteOrchestrator) -> None:
    # What tests of other folders left open is closed here, and not by a thread that holds a lock of SQLite meanwhile.
    gc.collect()
    stop = threading.Event()
    written = []

    def write() -> None:
        while not stop.is_set():
            submit(app, f"{threading.get_ident()} {len(written)}")
            written.append(1)

    def wait() -> None:
        while not stop.is_set():
            app.store.wait_for_work(app.store.work_marker(), 0.01)

    heard: list[InvocationId] = []
    watch = app.store.watch(heard.extend)
    watch.add([InvocationId("nobody")])
    threads = [threading.Thread(target=target) for target in (write, write, wait)]
    for thread in threads:
        thread.start()

    def work(number: int) -> None:
        submit(app, f"child {number}")
        assert len(claim(app)) == 1
        app.store.wait_for_work(app.store.work_marker(), 0.01)
        watch.add([InvocationId("somebody")])
        app.store.close()

    for number in range(10):
        join(in_child(lambda number=number: work(number)))
    stop.set()
    for thread in threads:
        thread.join(10)
    watch.close()
    names = [InvocationId(f"child {number}") for number in range(10)]
    assert len(app.get_states(names)) == 10
    assert sum(app.count_by_status().values()) == 10 + len(written)
