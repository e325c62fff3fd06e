"""The app's runner on a thread of this process, so that the main thread can watch and be interrupted.

Worker processes end with this process however it ends: each one watches a pipe whose other end is here.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from pynenc.runner.base_runner import BaseRunner


class BackgroundRunner:
    """Runs while its block does; when the block is left, no worker is.

    Args:
        runner: What runs.
    """

    def __init__(self, runner: BaseRunner) -> None:
        self._runner = runner
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="demo-runner", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Asked again and again, because a runner that is only about to start forgets the first time.
        while self._thread.is_alive():
            self._runner.stop_runner_loop()
            self._thread.join(0.1)

    def require_alive(self) -> None:
        """Raise what ended the runner, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._runner.run()
        except Exception as error:  # noqa: BLE001 - boundary: raised again where the user waits
            self._failure = error
