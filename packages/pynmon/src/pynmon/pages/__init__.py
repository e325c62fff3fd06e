"""One module per page: its route, and the facts that its template shows."""

from pynmon.pages import (
    actions,
    aliases,
    audit,
    bulk,
    dashboard,
    events,
    exports,
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
    # Before those whose ids could be read in them.
    aliases.router,
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
    exports.router,
    login.router,
    audit.router,
    actions.router,
    bulk.router,
)
