"""For programs: what the pages show as JSON, and the numbers that Prometheus collects."""

from pynmon.api import actions, bulk, facts, failures, metrics, schedules
from pynmon.pages import originals

ROUTERS = (
    facts.router,
    failures.router,
    schedules.router,
    originals.api_router,
    actions.router,
    bulk.router,
    metrics.router,
)
