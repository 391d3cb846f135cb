"""Who may do what: the five roles, what each includes, and the least role that each route asks for."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["viewer", "operator", "approver", "auditor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "approver", "auditor", "admin")

INCLUDED: Mapping[Role, tuple[Role, ...]] = {
    "viewer": ("viewer",),
    "operator": ("viewer", "operator"),
    "approver": ("viewer", "operator", "approver"),
    "auditor": ("viewer", "auditor"),
    "admin": ROLES,
}

# Every route under /api/v1 is here, or the API is not built. Health and the stream look at their callers themselves:
# health tells strangers less, a stream takes a ticket in place of a token.
LEAST_ROLE: Mapping[str, Role | None] = {
    "GET /health": None,
    "GET /stream": None,
    "GET /status": "viewer",
    "GET /metrics/summary": "viewer",
    "GET /collectors": "viewer",
    "GET /parts": "viewer",
    "GET /me": "viewer",
    "GET /config": "viewer",
    "GET /fleet": "viewer",
    "GET /clusters": "viewer",
    # A kubeconfig may name a program to run for its credentials: whoever adds a cluster decides what that is.
    "POST /clusters": "admin",
    "GET /clusters/{name}": "viewer",
    "DELETE /clusters/{name}": "admin",
    "POST /clusters/{name}/probe": "viewer",
    "POST /clusters/{name}/pause": "operator",
    "POST /clusters/{name}/resume": "operator",
    "GET /overview": "viewer",
    "GET /pods": "viewer",
    "GET /workloads": "viewer",
    "GET /signals": "viewer",
    "GET /series": "viewer",
    "GET /events": "viewer",
    "GET /changes": "viewer",
    "GET /incidents": "viewer",
    "GET /incidents/{id}": "viewer",
    "POST /incidents/{id}/acknowledge": "operator",
    "POST /incidents/{id}/resolve": "operator",
    "POST /incidents/{id}/reopen": "operator",
    "POST /incidents/{id}/assign": "operator",
    "POST /incidents/{id}/note": "operator",
    "POST /incidents/{id}/pin": "operator",
    "POST /incidents/{id}/merge": "operator",
    "POST /incidents/{id}/split": "operator",
    "POST /incidents/{id}/undo": "operator",
    "GET /evidence/{id}": "viewer",
    "GET /events/{id}/explain": "viewer",
    "GET /silences": "viewer",
    "POST /silences": "operator",
    "POST /silences/preview": "viewer",
    "DELETE /silences/{id}": "operator",
    "GET /runbooks": "viewer",
    "GET /runbooks/{id}": "viewer",
    # Whoever sees harm done may stop it; that it goes on again is an approval.
    "POST /runbooks/stop": "operator",
    "POST /runbooks/resume": "approver",
    "POST /runbooks/{id}/executions": "operator",
    "GET /executions": "viewer",
    "GET /executions/{id}": "viewer",
    "POST /executions/{id}/approve": "approver",
    "POST /executions/{id}/reject": "approver",
    "POST /executions/{id}/revoke": "approver",
    # Whoever edits may not sign; the plan is made anew and waits for others.
    "POST /executions/{id}/edit": "operator",
    "POST /executions/{id}/answer": "operator",
    "POST /executions/{id}/cancel": "operator",
    "POST /executions/{id}/stop": "operator",
    "GET /notifiers": "viewer",
    "POST /notifiers/{name}/test": "operator",
    "POST /runbooks/{id}/level": "admin",
    "GET /policies": "viewer",
    "POST /policies/test": "viewer",
    "GET /decisions": "viewer",
    "GET /audit": "auditor",
    "GET /audit/verify": "auditor",
    "GET /audit/export": "auditor",
    "POST /stream/tickets": "viewer",
    "GET /tokens": "admin",
    "POST /tokens": "admin",
    "DELETE /tokens/{id}": "admin",
}
