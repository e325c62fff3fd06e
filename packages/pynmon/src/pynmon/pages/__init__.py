"""One module per page: its route, and the facts that its template shows."""

from pynmon.pages import (
    actions,
    audit,
    bulk,
    dashboard,
    events,
    failures,
    invocations,
    login,
    logs,
    queues,
    runners,
    schedules,
    system,
    tasks,
    timeline,
    workflows,
)

ROUTERS = (
    dashboard.router,
    timeline.router,
    invocations.router,
    workflows.router,
    failures.router,
    tasks.router,
    schedules.router,
    queues.router,
    logs.router,
    runners.router,
    system.router,
    events.router,
    login.router,
    audit.router,
    actions.router,
    bulk.router,
)
