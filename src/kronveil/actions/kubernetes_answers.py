"""What an API server answers, turned into objects, or into the one of two errors that its refusal is."""

import json
from collections.abc import Mapping
from typing import Any

from kronveil.actions.kubernetes_kinds import kind_of, list_path
from kronveil.actions.sections import Json, is_object
from kronveil.model.execution import Check, Target
from kronveil.sdk.actions import ClusterDoor, Reply
from kronveil.sdk.errors import Permanent, Transient

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LONGEST_WORDS = 500


async def read(door: ClusterDoor, path: str, target: Target) -> Json:
    """The object as it is now."""
    return object_in(await door.ask("GET", path), path, f"has no {target.resource.kind} {target.resource.name} to show")


async def listed(door: ClusterDoor, path: str, **parameters: str) -> list[Json]:
    """The objects of a list, whole."""
    reply = await door.ask("GET", path, parameters=parameters)
    items: list[Json] = object_in(reply, path, "would not list them")["items"]
    return items


async def listed_if_allowed(
    door: ClusterDoor, kind: str, namespace: str | None, **parameters: str
) -> list[Json] | None:
    """The objects of a kind, None when they may not be listed or are not served."""
    reply = await door.ask("GET", list_path(kind, namespace), parameters=parameters)
    if reply.status in (401, 403, 404):
        return None
    items: list[Json] = object_in(reply, list_path(kind, namespace), "would not list them")["items"]
    return items


def object_in(reply: Reply, path: str, what: str) -> Json:
    """The object of a good answer. Raises Transient or Permanent with the server's own words for any other."""
    if reply.status in (200, 201, 202):
        try:
            found: Any = json.loads(reply.body)
        except ValueError:
            found = None
        if is_object(found):
            return found
        raise Transient(f"the answer to {path} is not what a Kubernetes API server sends")
    words = words_of(reply)
    if reply.status == 429 or reply.status >= 500:
        raise Transient(f"the API server answers {reply.status} to {path}: {words}")
    raise Permanent(f"the API server {what} ({reply.status}): {words}")


def words_of(reply: Reply) -> str:
    """The reason that a refusal gives, on one line and shortened: it may be hostile."""
    try:
        status = json.loads(reply.body)
    except ValueError:
        return "no reason given"
    message = status.get("message") if is_object(status) else None
    return " ".join(str(message or "no reason given").split())[:LONGEST_WORDS]


async def may(door: ClusterDoor, verb: str, target: Target, subresource: str = "") -> Check:
    """Whether the identity that writes has a right, as the API server says. Raises Permanent when it has not."""
    found, kind = target.resource, kind_of(target.resource.kind)
    what = f"{verb} {kind.plural}{f'/{subresource}' if subresource else ''}"
    what += f" in {found.namespace}" if kind.is_namespaced else ""
    attributes = {"verb": verb, "group": kind.group, "version": kind.version, "resource": kind.plural}
    attributes |= {"name": found.name, "subresource": subresource}
    if kind.is_namespaced:
        attributes["namespace"] = found.namespace or ""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    reply = await door.ask("POST", REVIEWS, body=json.dumps(review).encode())
    if reply.status in (403, 404):
        return Check("rights", "unknown", f"the API server does not say whether it may {what}")
    status: Mapping[str, Any] = object_in(reply, REVIEWS, "does not review rights").get("status") or {}
    if status.get("allowed"):
        return Check("rights", "passed", f"it may {what}")
    raise Permanent(
        f"the identity that writes to {target.cluster_name} may not {what}: "
        f"{status.get('reason') or 'no role allows it'}. Give it a role with this verb"
    )
