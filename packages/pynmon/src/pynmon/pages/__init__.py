"""One module per page: its route, and the facts that its template shows."""

from pynmon.pages import (
    actions,
    audit,
    dashboard,
    events,
    invocations,
    login,
    logs,
    runners,
    tasks,
    timeline,
    workflows,
)

ROUTERS = (
    dashboard.router,
    timeline.router,
    invocations.router,
    workflows.router,
    tasks.router,
    logs.router,
    runners.router,
    events.router,
    login.router,
    audit.router,
    actions.router,
)
