"""Fibonacci numbers by tasks that wait for tasks: wasteful on purpose.

Run a worker in one terminal and this file in another; README.md has both commands.
"""

import sys

from pynenc import PynencBuilder

app = PynencBuilder().app_id("fibonacci").sqlite("fibonacci.db").persistent_process_runner().build()


@app.task
def fibonacci(n: int) -> int:
    if n < 2:
        return n
    # The worker that waits here runs one of the two itself: one process is enough for any depth.
    return sum(fibonacci.parallelize([(n - 1,), (n - 2,)]).get())


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(f"fibonacci({number}) = {fibonacci(number).result}")
