"""The program of the processes of a runner: ``python -m pynenc.cli.worker ROLE``, not started by people."""

from __future__ import annotations

import logging
import os
import sys

from pynenc.app import Pynenc
from pynenc.app_registry import load_referenced_app
from pynenc.exceptions import PynencError
from pynenc.runner import child_main
from pynenc.runner.bootstrap import AppPlace, ChildTask, LineReader, Reporter, take_life_line
from pynenc.runner.fork_server import Forker
from pynenc.runner.understudy import UnderstudyTask, play

logger = logging.getLogger(__name__)


def main(role: str) -> int:
    """Do what standard input says, in one of three roles."""
    life_line = take_life_line()
    if role == "understudy":
        return _stand_in(life_line)
    child_main.leave_signals_to_the_supervisor()
    return _fork(life_line) if role == "fork-server" else _work(life_line)


def _work(life_line: LineReader) -> int:
    line = life_line.read()
    if not line:
        return 0  # the supervisor was gone before it said anything
    task = ChildTask.from_line(line)
    os.set_inheritable(task.report_fd, False)
    reporter = Reporter(task.report_fd)
    try:
        engine = _load(task.place).engine
    except PynencError as error:
        reporter.send(error=str(error))
        return 1
    return child_main.work(engine, task, life_line, reporter)


def _fork(connection: LineReader) -> int:
    line = connection.read()
    if not line:
        return 0
    forker = Forker(connection.fd)
    try:
        engine = _load(AppPlace.from_line(line)).engine
    except PynencError as error:
        forker.refuse(str(error))
        return 1
    pipes = forker.serve()
    if pipes is None:
        return 0
    line = pipes[0].read()
    code = child_main.work(engine, ChildTask.from_line(line), *pipes) if line else 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # what ends with the interpreter belongs to the fork server


def _stand_in(life_line: LineReader) -> int:
    line = life_line.read()
    if not line:
        return 0
    task = UnderstudyTask.from_line(line)
    sys.path[:] = task.place.import_path
    try:
        app = Pynenc(task.config_values, task.config_filepath)
        app.apply(task.place.app_ref)
        orchestrator = app.orchestrator
    except PynencError as error:
        logger.warning("no process can beat for runner '%s': %s", task.identity.runner_id, error)
        return 1
    return play(orchestrator, task, life_line)


def _load(place: AppPlace) -> Pynenc:
    sys.path[:] = place.import_path
    return load_referenced_app(place.app_ref)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
