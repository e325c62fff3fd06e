"""The program of a worker process: ``python -m pynenc.cli.worker``, started by a runner, not by people."""

from __future__ import annotations

import json
import os
import sys

from pynenc.app_registry import load_referenced_app
from pynenc.exceptions import PynencError
from pynenc.runner import child_main
from pynenc.runner.bootstrap import ChildTask


def main() -> int:
    """Load the app that standard input names and work for it."""
    line = sys.stdin.readline()
    if not line:
        return 0  # the supervisor was gone before it said anything
    task = ChildTask.from_line(line)
    sys.path[:] = task.import_path
    report = os.fdopen(task.report_fd, "w", encoding="utf-8")
    try:
        app = load_referenced_app(task.app_ref)
        engine = app.engine
        engine.orchestrator.get_states([])
    except PynencError as error:
        report.write(json.dumps({"error": str(error)}) + "\n")
        report.flush()
        return 1
    report.write(json.dumps({"ready": True}) + "\n")
    report.flush()
    return child_main.serve(engine, task)


if __name__ == "__main__":
    sys.exit(main())
