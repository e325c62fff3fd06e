"""Which role each address needs. An address that is not in this table is answered to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from pynmon.identity import Role

#: For everybody: what tells nothing of the app.
PUBLIC = frozenset(
    {("GET", "/static"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/login"), ("POST", "/login")}
)
#: Whom log lines are sent to.
PASTES = (("POST", "/logs/explain"), ("POST", "/logs/file"))
#: By method and the path as it is declared. What is missing here, or needs nobody, is in ``PUBLIC``.
ROLES: Mapping[tuple[str, str], Role] = {
    **dict.fromkeys(
        (
            ("GET", path)
            for path in (
                "/",
                "/timeline",
                "/timeline/at",
                "/timeline/totals",
                "/timeline.svg",
                "/export/timeline",
                "/invocations",
                "/find",
                # Of the published pynmon: see ``pages.aliases``.
                "/invocations/timeline",
                "/invocations/{invocation_id}/api",
                "/invocations/{invocation_id}/history",
                "/broker/",
                "/broker/queue",
                "/orchestrator/",
                "/state-backend/",
                "/client-data-store/",
                "/runners/atomic-service/timeline",
                "/log-explorer/",
                "/export/invocations",
                "/export/invocations/{invocation_id}/arguments/{argument}",
                "/export/invocations/{invocation_id}/outcome",
                "/invocations/{invocation_id}",
                "/invocations/{invocation_id}/peek",
                "/calls/{call_id:path}",
                "/workflows",
                "/workflows/types",
                "/workflows/{workflow_id}",
                "/tasks",
                "/tasks/{task_id}",
                "/runners",
                "/runners/leader",
                "/runners/{runner_id}",
                "/schedules",
                "/schedules/{trigger_id:path}",
                "/failures",
                "/failures/{fingerprint}",
                "/queues",
                "/system",
                "/logs",
                "/logs/explain",
                "/events",
                "/metrics",
                "/api/v1/openapi.json",
                "/api/v1/invocations",
                "/api/v1/invocations/{invocation_id}",
                "/api/v1/invocations/{invocation_id}/arguments/{argument}",
                "/api/v1/invocations/{invocation_id}/outcome",
                "/api/v1/tasks",
                "/api/v1/tasks/{task_id}",
                "/api/v1/workflows",
                "/api/v1/workflows/{workflow_id}",
                "/api/v1/failures",
                "/api/v1/failures/{fingerprint}",
                "/api/v1/runners",
                "/api/v1/runners/{runner_id}",
                "/api/v1/schedules",
                "/api/v1/schedules/{trigger_id:path}",
            )
        ),
        Role.VIEWER,
    ),
    # They explain what they are given, or give it back, and keep nothing.
    **dict.fromkeys(PASTES, Role.VIEWER),
    ("POST", "/logout"): Role.VIEWER,
    ("GET", "/audit"): Role.OPERATOR,
    ("GET", "/export/audit"): Role.OPERATOR,
    ("POST", "/invocations/{invocation_id}/rerun"): Role.OPERATOR,
    ("POST", "/invocations/{invocation_id}/retry"): Role.OPERATOR,
    ("POST", "/invocations/{invocation_id}/cancel"): Role.OPERATOR,
    # A job of more than a thousand is for admins: see ``bulk.jobs``.
    ("POST", "/failures/{fingerprint}/acknowledge"): Role.OPERATOR,
    ("POST", "/runners/{runner_id}/drain"): Role.OPERATOR,
    ("POST", "/runners/{runner_id}/recover"): Role.ADMIN,
    ("GET", "/enqueue"): Role.ADMIN,
    ("POST", "/enqueue"): Role.ADMIN,
    ("GET", "/system/maintenance"): Role.ADMIN,
    ("POST", "/system/maintenance/purge"): Role.ADMIN,
    ("POST", "/system/maintenance/undo"): Role.ADMIN,
    ("POST", "/api/v1/tasks/{task_id}/enqueue"): Role.ADMIN,
    ("POST", "/api/v1/maintenance/purge"): Role.ADMIN,
    ("POST", "/api/v1/maintenance/undo"): Role.ADMIN,
    ("POST", "/bulk/preview"): Role.OPERATOR,
    ("POST", "/bulk"): Role.OPERATOR,
    ("GET", "/bulk/{job_id}"): Role.OPERATOR,
    ("POST", "/bulk/{job_id}/stop"): Role.OPERATOR,
    ("POST", "/schedules/{trigger_id:path}/pause"): Role.OPERATOR,
    ("POST", "/schedules/{trigger_id:path}/resume"): Role.OPERATOR,
    ("POST", "/schedules/{trigger_id:path}/fire"): Role.OPERATOR,
    ("POST", "/api/v1/failures/{fingerprint}/acknowledge"): Role.OPERATOR,
    ("POST", "/api/v1/runners/{runner_id}/drain"): Role.OPERATOR,
    ("POST", "/api/v1/runners/{runner_id}/recover"): Role.ADMIN,
    ("POST", "/api/v1/schedules/{trigger_id:path}/pause"): Role.OPERATOR,
    ("POST", "/api/v1/schedules/{trigger_id:path}/resume"): Role.OPERATOR,
    ("POST", "/api/v1/schedules/{trigger_id:path}/fire"): Role.OPERATOR,
    ("POST", "/api/v1/bulk/preview"): Role.OPERATOR,
    ("POST", "/api/v1/bulk"): Role.OPERATOR,
    ("GET", "/api/v1/bulk/{job_id}"): Role.OPERATOR,
    ("POST", "/api/v1/bulk/{job_id}/stop"): Role.OPERATOR,
    ("POST", "/api/v1/invocations/{invocation_id}/rerun"): Role.OPERATOR,
    ("POST", "/api/v1/invocations/{invocation_id}/retry"): Role.OPERATOR,
    ("POST", "/api/v1/invocations/{invocation_id}/cancel"): Role.OPERATOR,
}

#: For those of them who may see log lines, and payloads.
LOGS = frozenset({*(("GET", path) for path in ("/logs", "/logs/explain", "/log-explorer/")), *PASTES})
PAYLOADS = frozenset(
    ("GET", f"{prefix}/invocations/{{invocation_id}}/{kind}")
    for prefix in ("/export", "/api/v1")
    for kind in ("arguments/{argument}", "outcome")
)


def key_of(routes: Iterable[BaseRoute], scope: Scope) -> tuple[str, str] | None:
    """Method and declared path of what would answer a request; None when nothing would, or not by this method."""
    method = "GET" if scope["method"] == "HEAD" else str(scope["method"])
    for route in routes:
        if route.matches(scope)[0] is Match.FULL:
            return method, str(getattr(route, "path", ""))
    return None
