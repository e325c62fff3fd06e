"""A small shop: orders come in as events, and everything else follows by itself."""

from __future__ import annotations

from typing import Any

from pynenc import PynencBuilder
from pynenc.trigger import TriggerBuilder, on_cron, on_event
from pynenc.trigger.conditions import EventContext, ExceptionContext, ResultContext

app = PynencBuilder().app_id("triggers-example").sqlite("shop.db").thread_runner(max_threads=2).build()


def order_of(event: EventContext) -> dict[str, Any]:
    return {"order": event.payload["order"], "amount": event.payload["amount"]}


def is_real(payload: dict[str, Any]) -> bool:
    return bool(payload["amount"] > 0)


@app.task(triggers=on_event("ordered", is_real).with_args_from_event(order_of))
def charge(order: int, amount: float) -> float:
    if amount > 1000:
        raise ValueError(f"order {order}: nobody has {amount}")
    return amount


def receipt_of(context: ResultContext) -> dict[str, Any]:
    return {"order": context.arguments.kwargs["order"], "amount": context.result}


@app.task(triggers=TriggerBuilder("receipt").on_any_result(charge).with_args_from_result(receipt_of))
def send_receipt(order: int, amount: float) -> str:
    return f"order {order}: {amount:.2f} paid"


def reason_of(context: ExceptionContext) -> dict[str, Any]:
    return {"reason": context.exception_message}


@app.task(triggers=TriggerBuilder().on_exception(charge, ValueError).with_args_from_exception(reason_of))
def call_customer(reason: str) -> str:
    return f"please call: {reason}"


@app.task(triggers=TriggerBuilder().on_event("paid").on_event("packed"))
def ship() -> str:
    return "shipped"


@app.task(triggers=on_cron("*/2 * * * * *", overlap="skip"))
def count_stock() -> int:
    return 42
