"""The tasks with triggers that the behaviour tests run. Worker processes import this module as well."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from pynenc import Pynenc
from pynenc.trigger import TriggerBuilder, on_cron, on_event, on_status
from pynenc.trigger.conditions import EventContext, ExceptionContext, ResultContext

CONFIG = "PYNENC_BEHAVIOUR_CONFIG"

app = Pynenc(json.loads(os.environ.get(CONFIG, "{}")))


@app.task
def source(n: int, fail: bool = False) -> int:
    if fail:
        raise LookupError(f"no {n}")
    return n * 10


@app.task(triggers=on_status(source))
def after_success() -> str:
    return "after"


def doubled(context: ResultContext) -> dict[str, Any]:
    return {"value": context.result, "of": context.arguments.kwargs["n"]}


@app.task(triggers=TriggerBuilder().on_any_result(source).with_args_from_result(doubled))
def use_result(value: int, of: int) -> list[int]:
    return [value, of]


def failure(context: ExceptionContext) -> dict[str, Any]:
    return {"name": context.exception_type, "message": context.exception_message}


@app.task(triggers=TriggerBuilder().on_exception(source, "LookupError").with_args_from_exception(failure))
def use_failure(name: str, message: str) -> list[str]:
    return [name, message]


def large(payload: dict[str, Any]) -> bool:
    return bool(payload["n"] >= 10)


def payload_of(context: EventContext) -> dict[str, Any]:
    return dict(context.payload)


@app.task(triggers=on_event("order", large).with_args_from_event(payload_of))
def on_large_order(n: int) -> int:
    return n


@app.task
def emit(n: int) -> str:
    return app.trigger.emit_event("order", {"n": n})


@app.task(triggers=TriggerBuilder().on_event("left").on_event("right").with_args_static({"x": 1}))
def on_both(x: int) -> int:
    return x


@app.task(triggers=on_cron("* * * * * *"))
def every_second() -> float:
    return time.time()
