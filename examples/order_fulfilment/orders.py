"""An order from payment to delivery as a durable workflow: README.md says how to run and to interrupt it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from pynenc import PynencBuilder
from pynenc.exceptions import RetryError

app = PynencBuilder().app_id("orders").sqlite("orders.db").persistent_process_runner().build()
LEDGER = Path("ledger.txt")


class PaymentRefusedError(Exception):
    """The bank said no."""


def note(text: str) -> None:
    """What is really done, as the outside world sees it."""
    with LEDGER.open("a") as ledger:
        ledger.write(text + "\n")


@app.task
def reserve(item: str, order: str) -> str:
    note(f"reserve {item} for {order}")
    return f"shelf 7 ({item})"


@app.task
def release(item: str, order: str) -> None:
    note(f"release {item} of {order}")


@app.task(max_retries=2, retry_for=(RetryError,))
def charge(order: str, card: str) -> str:
    if card == "empty":
        note(f"refused payment of {order}")
        raise PaymentRefusedError(card)
    note(f"charge {card} for {order}")
    return f"receipt of {order}"


@app.workflow
def delivery(item: str, order: str) -> str:
    """A workflow of its own, called by another one."""
    parcel = delivery.wf.uuid()[:8]
    delivery.wf.run_step(note, f"hand parcel of {order} over")
    delivery.wf.sleep(1)  # on its way; no worker waits
    return f"parcel {parcel} with {item}"


@app.workflow
def fulfil(item: str, card: str, kills_worker: bool) -> list[str]:
    wf = fulfil.wf
    order = f"order-{wf.identity.workflow_id[:8]}"
    print(f"{order}: the code runs from its beginning", flush=True)
    place = reserve(item, order).result
    wf.on_failure(release, item, order)
    print(f"{order}: reserved, {place}", flush=True)
    if kills_worker:
        die_once(order)
    receipt = charge(order, card).result
    print(f"{order}: paid, {receipt}", flush=True)
    return [place, receipt, delivery(item, order).result]


def die_once(order: str) -> None:
    """As when the machine of the worker is switched off; the next attempt gets past here."""
    flag = Path(f"{order}.died")
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def show(workflow_id: str) -> None:
    """What every further attempt was given instead of doing it again, and what was really done."""
    attempts = app.get_invocation(workflow_id).record.epoch
    print(f"the code ran {attempts} times; these operations were recorded once, and replayed afterwards:")
    for one in app.engine.workflows.operations(workflow_id):
        print(f"  {one.seq}  {one.name}" + (f"  {one.state.status}" if one.state else ""))
    print("what was really done:")
    print("".join(f"  {line}\n" for line in LEDGER.read_text().splitlines()), end="")


def main(card: str, *options: str) -> None:
    order = fulfil("kettle", card, "--kill" in options)
    try:
        print("\n".join(order.result))
    except PaymentRefusedError as error:
        print(f"failed: payment refused ({error}), what was done is undone")
    show(order.invocation_id)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["visa"]))
