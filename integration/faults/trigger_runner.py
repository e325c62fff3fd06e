"""A runner that does nothing but react; several of them, in processes of their own, share one app."""

from __future__ import annotations

import time
from typing import Any

from pynenc import Pynenc
from pynenc.engine.reactor import Reactor
from pynenc.trigger import TriggerBuilder, on_cron, on_event, on_status
from pynenc.values.ids import RunnerId
from pynenc.values.runners import Beat, RunnerIdentity


def source() -> int:
    return 1


def on_tick() -> None: ...


def on_order(n: int) -> None: ...


def on_source() -> None: ...


def on_both() -> None: ...


def payload_of(event: Any) -> dict[str, Any]:
    return dict(event.payload)


def make_app(config: dict[str, Any]) -> Pynenc:
    """The app with all of its triggers."""
    app = Pynenc(config)
    app.task(source)
    app.task(triggers=on_cron("* * * * * *"))(on_tick)
    app.task(triggers=on_event("order").with_args_from_event(payload_of))(on_order)
    app.task(triggers=on_status(f"{__name__}.source", "registered"))(on_source)
    app.task(triggers=TriggerBuilder().on_event("left").on_event("right"))(on_both)
    return app


def make_reactor(app: Pynenc, name: str) -> Reactor:
    """What a runner of that name reacts with; its row exists."""
    identity = RunnerIdentity(runner_id=RunnerId(name), runner_cls="Test", host="here", pid=1)
    app.orchestrator.beat(Beat(alive=(identity,)))
    return app.engine.reactor(identity.runner_id)


def main(config: dict[str, Any], name: str, seconds: float) -> None:
    """React for a while, then end in order; mostly somebody kills it before."""
    app = make_app(config)
    reactor = make_reactor(app, name)
    reactor.start()
    time.sleep(seconds)
    reactor.stop()
