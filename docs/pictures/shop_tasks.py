"""The shop whose monitor is in the pictures: its tasks take some time, and some of them fail."""

from __future__ import annotations

import os
import random
import time

from pynenc import ConcurrencyControlType, PynencBuilder
from pynenc.context import current_invocation
from pynenc.trigger import on_cron, on_event

app = (
    PynencBuilder()
    .app_id("shop")
    .sqlite(os.environ.get("PICTURES_DB", "shop.db"))
    .multi_thread_runner(2, 2)
    .custom_config(runner_considered_dead_after_minutes=0.2)
    .build()
)


class CardDeclinedError(Exception):
    """The bank says no."""


class BankIsBusyError(Exception):
    """It may say something else a moment later."""


@app.task(max_retries=2, retry_for=(BankIsBusyError,), retry_backoff=0.5)
def charge_customer(customer_id: int, amount: float) -> dict[str, object]:
    """Take the money."""
    time.sleep(random.uniform(0.03, 0.3))
    if customer_id % 23 == 5:
        raise CardDeclinedError(f"customer {customer_id}: the bank declined {amount:.2f}")
    if customer_id % 17 == 3 and current_invocation().attempt < 2:
        raise BankIsBusyError("the bank did not answer")
    return {"customer": customer_id, "amount": amount, "receipt": f"r-{customer_id}"}


@app.task
def send_receipt(customer_id: int, address: str) -> str:
    """Tell the customer."""
    time.sleep(random.uniform(0.01, 0.08))
    return f"sent to {address}"


@app.task
def settle_batch(first: int, size: int) -> int:
    """Charge some customers at once."""
    charges = charge_customer.parallelize([(first + n, 9.5) for n in range(size)])
    settled = 0
    for charge in charges.invocations:
        try:
            settled += charge.result is not None
        except CardDeclinedError:
            continue
    return settled


@app.workflow
def nightly_billing(batches: int) -> int:
    """Charge everybody."""
    first = random.randrange(1_000, 9_000)
    settled = sum(settle_batch.parallelize([(first + 7 * n, 5) for n in range(batches)]).results)
    send_receipt(0, "accounts@shop.example").result  # noqa: B018 - waits for it
    return settled


@app.task(running_concurrency=ConcurrencyControlType.TASK, triggers=[on_cron("* * * * *")])
def close_ledger() -> None:
    """One at a time."""
    time.sleep(1.0)


@app.task(triggers=[on_event("stock.low"), on_cron("0 6 * * 1")])
def restock(article: str = "lamp") -> str:
    """Order what is missing."""
    time.sleep(0.05)
    return f"ordered one {article}"


@app.task
def import_catalogue(pages: int) -> int:
    """Takes long."""
    for _ in range(pages):
        time.sleep(0.5)
    return pages
