"""Send one request to a host that the operator allowed: what an internal tool's own API offers."""

import json
from typing import Any

from kronveil.actions.hosts import allowed, parsed
from kronveil.actions.kubernetes_object import as_texts, plain_json
from kronveil.actions.masking import masked_text, refuse_secrets
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.outgoing import Request, send
from kronveil.sdk.outside import AllowedHost

EFFECTS = {
    "GET": Effect.READ,
    "HEAD": Effect.READ,
    "POST": Effect.MUTATE,
    "PUT": Effect.MUTATE,
    "PATCH": Effect.MUTATE,
    "DELETE": Effect.DESTROY,
}
LONGEST_BODY, LONGEST_SHOWN = 64 * 1024, 300
TIMEOUT_S = 20.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HttpRequest:
    """See ``Action``. Parameters: ``url``, ``method`` (GET), ``body``.

    The key goes along as ``Idempotency-Key``: a request that is sent again acts once where the receiver heeds it.
    What was answered is remembered here, so that within one life of the agent it is not even sent again.
    """

    def __init__(self, means: Means) -> None:
        self._outside = means.outside
        self._done: dict[str, str] = {}

    async def rehearse(self, step: Step, target: Target) -> StepPlan:  # noqa: ARG002 - it acts on no object of a cluster
        """See ``Action.rehearse``."""
        url, method = step.parameters.get("url"), str(step.parameters.get("method", "GET")).upper()
        effect = EFFECTS.get(method)
        if effect is None:
            raise Permanent(f"{step.name}: method must be one of {', '.join(EFFECTS)}")
        scheme, host, _ = self._permitted(step.name, url, method)[:3]
        refuse_secrets(dict(step.parameters), step.name, "write it as runbooks.hosts[].token")
        body = _body(step, method)
        checks = [Check("rehearsal", "unknown", "what it changes is known to the receiver alone: nothing was sent")]
        if scheme == "http" and host not in _LOOPBACK:
            checks.append(Check("transport", "warned", "it is sent unencrypted, and without the host's token"))
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=effect,
            target=None,
            parameters=as_texts(step.parameters),
            summary=f"{method} {url}",
            checks=() if effect is Effect.READ else tuple(checks),
            blast_radius=() if effect is Effect.READ else (f"whatever {host} does when it is asked this",),
            undo="it cannot be undone: what it changed is known to the receiver alone",
            details={"url": str(url), "method": method, **({"body": body} if body else {})},
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        details = plan.details or {}
        has_changed = plan.effect is not Effect.READ
        if key in self._done:
            return Outcome(self._done[key], has_changed=has_changed, was_done_before=True)
        url, method = details["url"], details["method"]
        scheme, host, _, entry = self._permitted(plan.name, url, method)
        headers = {"user-agent": "kronveil", "idempotency-key": key}
        if entry.token is not None and (scheme == "https" or host in _LOOPBACK):
            headers["authorization"] = f"Bearer {entry.token.reveal()}"
        if body := details.get("body"):
            headers["content-type"] = "application/json"
        answer = await send(
            Request(method, url, headers, body.encode() if body else None), timeout_s=TIMEOUT_S, longest=LONGEST_BODY
        )
        shown = _shown(answer.body, entry)
        words = f"{host} answers {answer.status}: {shown}" if shown else f"{host} answers {answer.status}"
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise Transient(words, retry_after=answer.retry_after)
        if answer.status >= 300:
            raise Permanent(words if answer.status >= 400 else f"{words}; it sends elsewhere, which is not followed")
        if has_changed:
            self._done[key] = words
        findings = {"status": json.dumps(answer.status), "body": json.dumps(shown, ensure_ascii=False)}
        return Outcome(words, has_changed=has_changed, findings=findings)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nobody but the receiver could
        """See ``Action.compensate``."""
        raise Permanent(plan.undo)

    def _permitted(self, name: str, url: object, method: str) -> tuple[str, str, int, AllowedHost]:
        scheme, host, port = parsed(url, f"{name}: url")
        entry = allowed(self._outside, host, port)
        if method not in {each.upper() for each in entry.methods}:
            raise Permanent(f"{name}: {method} may not be sent to {host}; what may: {', '.join(entry.methods)}")
        return scheme, host, port, entry


def _body(step: Step, method: str) -> str:
    body: Any = step.parameters.get("body")
    if body is None:
        return ""
    if method in ("GET", "HEAD"):
        raise Permanent(f"{step.name}: {method} has no body")
    text = json.dumps(body, default=plain_json)
    if len(text) > LONGEST_BODY:
        raise Permanent(f"{step.name}: the body is longer than {LONGEST_BODY // 1024} KiB")
    return text


def _shown(body: bytes, entry: AllowedHost) -> str:
    text = body.decode(errors="replace")
    if entry.token is not None:
        text = text.replace(entry.token.reveal(), "********")
    plain = "".join(each if each.isprintable() else " " for each in masked_text(text))
    return " ".join(plain.split())[:LONGEST_SHOWN]


component = ActionComponent(
    name="http_request",
    summary="Send one request to an allowed host.",
    effect=Effect.DESTROY,
    takes=(
        Parameter("url", "text", "The address, of a host in `runbooks.hosts`.", is_required=True),
        Parameter("method", "text", "GET and HEAD read, POST, PUT and PATCH change, DELETE destroys.", "GET"),
        Parameter("body", "section", "What is sent as JSON."),
    ),
    make=HttpRequest,
)
