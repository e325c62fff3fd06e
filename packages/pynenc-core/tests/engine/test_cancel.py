"""A cancellation when its store goes away."""

from __future__ import annotations

import threading
from pathlib import Path

from pynenc import PynencBuilder
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynenc.values.status import InvocationStatus


def test_a_cancellation_does_not_wait_for_ever(tmp_path: Path) -> None:
    here, away = tmp_path / "here", tmp_path / "away"
    here.mkdir()
    app = PynencBuilder().sqlite(str(here / "a.db")).custom_config(publish_timeout_seconds=0.2).build()
    first, second = InvocationId("first"), InvocationId("second")
    calls = [
        NewInvocation(invocation_id=one, task_id="app.task", args_id="x", root_id=one)
        for one in (first, second)
    ]
    app.orchestrator.submit(calls, {}, enqueue=True)
    assert app.engine.canceller.cancel([first], cascade=True, reason="") == {first}
    app.orchestrator.store.close()
    here.rename(away)
    errors: list[StoreError] = []

    def cancel() -> None:
        try:
            app.engine.canceller.cancel([first, second], cascade=True, reason="")
        except StoreError as error:
            errors.append(error)

    thread = threading.Thread(target=cancel, daemon=True)
    thread.start()
    thread.join(30)
    assert len(errors) == 1
    away.rename(here)
    assert app.engine.canceller.cancel([first, second], cascade=True, reason="") == {second}
    assert app.engine.get_record(second).status is InvocationStatus.CANCELLED
    app.close()
