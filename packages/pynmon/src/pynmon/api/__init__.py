"""For programs: what the pages show as JSON, and the numbers that Prometheus collects."""

from pynmon.api import actions, facts, metrics

ROUTERS = (facts.router, actions.router, metrics.router)
