"""Emits a few events, waits for what follows, and prints it. Run it as ``python shop.py``."""

from __future__ import annotations

import threading
import time

from tasks import app, call_customer, charge, count_stock, send_receipt, ship

from pynenc.values.operations import InvocationQuery


def results(task) -> list:
    records = app.orchestrator.list_records(InvocationQuery(task_id=task.task_id.key, oldest_first=True))
    return [app.get_invocation(each.invocation_id) for each in records if each.status == "success"]


def main() -> None:
    runner = app.runner
    thread = threading.Thread(target=runner.run)
    thread.start()
    for order, amount in enumerate((12.5, 0.0, 5000.0, 30.0), 1):
        app.trigger.emit_event("ordered", {"order": order, "amount": amount})
    app.trigger.emit_event("packed")
    app.trigger.emit_event("paid")
    wanted = {send_receipt: 2, call_customer: 1, ship: 1, count_stock: 2}
    deadline = time.monotonic() + 30
    while any(len(results(task)) < number for task, number in wanted.items()) and time.monotonic() < deadline:
        time.sleep(0.1)
    for task in (charge, *wanted):
        for invocation in results(task):
            print(f"{task.__name__}: {invocation.result}")
    runner.stop_runner_loop()
    thread.join()


if __name__ == "__main__":
    main()
