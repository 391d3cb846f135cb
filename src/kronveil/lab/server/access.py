"""Who may call: a bearer token, a client certificate, or (without TLS) a caller that sends no credentials."""

import secrets
from typing import Any

from starlette.requests import Request

from kronveil.lab.server.answers import ApiError
from kronveil.lab.server.targets import Target


class Access:
    """The valid token of a cluster, and the judgement on a request.

    Without TLS a request that sends nothing is let in, as on an API server's insecure port: kubectl never sends
    credentials over plain HTTP. What is sent is always checked.
    """

    def __init__(self, token: str, *, user: str) -> None:
        self.token = token
        self.user = user

    def authenticate(self, request: Request) -> str:
        """The caller's name. Raises ApiError 401."""
        sent = request.headers.get("authorization", "")
        if sent:
            scheme, _, token = sent.partition(" ")
            if scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), self.token.encode()):
                return self.user
            raise ApiError(401, "Unauthorized", "Unauthorized")
        transport = request.scope["state"]["connection"].transport
        encrypted: Any = transport.get_extra_info("ssl_object")
        if encrypted is None:
            return "system:unsecured"
        certificate = encrypted.getpeercert()
        if not certificate:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        return next((value for part in certificate["subject"] for name, value in part if name == "commonName"), "")

    @staticmethod
    def refuse(user: str, verb: str, target: Target) -> ApiError:
        """403, in the words of RBAC."""
        kind = target.kind
        where = f' in the namespace "{target.namespace}"' if target.namespace else " at the cluster scope"
        name = f'"{target.name}" ' if target.name else ""
        full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        message = (
            f'{full} {name}is forbidden: User "{user}" cannot {verb} resource "{kind.plural}" '
            f'in API group "{kind.group}"{where}'
        )
        details = {"name": target.name, "kind": kind.plural, "group": kind.group}
        return ApiError(403, "Forbidden", message, **{key: value for key, value in details.items() if value})
