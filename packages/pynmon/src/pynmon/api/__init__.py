"""For programs: what the pages show as JSON, and the numbers that Prometheus collects."""

from pynmon.api import actions, bulk, facts, metrics

ROUTERS = (facts.router, actions.router, bulk.router, metrics.router)
