"""For programs: what the pages show as JSON, and the numbers that Prometheus collects."""

from pynmon.api import facts, metrics

ROUTERS = (facts.router, metrics.router)
