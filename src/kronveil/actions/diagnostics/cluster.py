"""Diagnostics that ask a cluster's API server: describe, logs, events, top, certificate."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from kronveil.actions.diagnostics import Diagnostic, Found
from kronveil.actions.kubernetes_answers import listed, object_in, read, words_of
from kronveil.actions.kubernetes_kinds import list_path, needs, path_of
from kronveil.actions.masking import masked_text
from kronveil.actions.pods import container_of, pod_named, pods_of
from kronveil.actions.quantities import to_bytes, to_number
from kronveil.actions.sections import Json, items, section, texts
from kronveil.model.execution import Target
from kronveil.sdk.actions import ClusterDoor, Means, Step
from kronveil.sdk.errors import Permanent

MOST_LINES, USUAL_LINES, LONGEST_LINE, LONGEST_LOG = 1000, 50, 400, 256 * 1024
MOST_EVENTS = 20
_TROUBLE = ("error", "exception", "fatal", "panic", "traceback", "critical")


async def describe(means: Means, step: Step, target: Target) -> Found:
    """A workload or pod as it is: replicas, images, limits, restarts, and why containers last ended."""
    async with means.doors.open(target.cluster_name) as door:
        obj = await read(door, path_of(target), target)
        pods = await pods_of(door, target) if _has_pods(obj) else []
    spec, status = section(obj, "spec"), section(obj, "status")
    statuses = [one for pod in pods for one in items(section(pod, "status"), "containerStatuses")]
    ended = [section(one, "lastState").get("terminated") for one in statuses]
    container = _container(obj, container_of(step))
    conditions = [
        f"{one.get('type')}={one.get('status')}" + (f" ({one['reason']})" if one.get("reason") else "")
        for one in items(status, "conditions")
    ]
    findings = {
        "kind": obj["kind"],
        "replicas": spec.get("replicas"),
        "ready": status.get("readyReplicas", 0) if "replicas" in spec else None,
        "pods": len(pods),
        "restarts": sum(one.get("restartCount", 0) for one in statuses),
        "last_ended": [_text(each.get("reason", "")) for each in ended if each],
        "waiting": [
            _text(w["reason"]) for one in statuses if (w := section(one, "state").get("waiting")) and "reason" in w
        ],
        "image": container.get("image"),
        "limit_bytes": _bytes(container, "limits", "memory"),
        "request_bytes": _bytes(container, "requests", "memory"),
        "conditions": [_text(each) for each in conditions],
    }
    ready = f", {findings['ready']} of {findings['replicas']} ready" if findings["replicas"] is not None else ""
    words = f"{obj['kind']} {obj['metadata']['name']}{ready}, {findings['restarts']} restarts"
    return Found(words, findings)


async def logs(means: Means, step: Step, target: Target) -> Found:
    """The last lines that a container wrote; ``previous``: before it was last started."""
    lines = _lines(step)
    container = container_of(step)
    async with means.doors.open(target.cluster_name) as door:
        pod = pod_named(step, target) or await _first_pod(door, target)
        asked = {"tailLines": str(lines), "limitBytes": str(LONGEST_LOG)}
        if container:
            asked["container"] = container
        if step.parameters.get("previous") is True:
            asked["previous"] = "true"
        path = f"{path_of(pod)}/log"
        reply = await door.ask("GET", path, parameters=asked)
    if reply.status == 400:
        return Found(f"no log of {pod.resource.name}", _no_lines(pod), unknown=_text(words_of(reply)))
    if reply.status != 200:
        object_in(reply, path, "would not show the log")
    text = reply.body[-LONGEST_LOG:].decode(errors="replace")
    kept = [_text(line) for line in text.splitlines()[-lines:]]
    trouble = sum(any(word in line.lower() for word in _TROUBLE) for line in kept)
    words = f"{len(kept)} lines of {pod.resource.name}, {trouble} of them about errors"
    return Found(words, {"pod": pod.resource.name, "lines": kept, "errors": trouble})


async def events(means: Means, _: Step, target: Target) -> Found:
    """What the cluster's components noted about the target and its pods, newest last."""
    async with means.doors.open(target.cluster_name) as door:
        names = {target.resource.name}
        if target.resource.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
            names |= {pod["metadata"]["name"] for pod in await pods_of(door, target)}
        found = await listed(door, list_path("Event", target.resource.namespace))
    mine = [each for each in found if section(each, "involvedObject").get("name") in names]
    mine.sort(key=_seen_at)
    warned = [each for each in mine if each.get("type") == "Warning"]
    texts = [
        _text(f"{each.get('reason', '')} x{each.get('count') or 1}: {each.get('message', '')}")
        for each in warned[-MOST_EVENTS:]
    ]
    reasons = list(dict.fromkeys(_text(str(each.get("reason", ""))) for each in warned))
    return Found(f"{len(warned)} warnings", {"warnings": len(warned), "reasons": reasons[:MOST_EVENTS], "lines": texts})


async def top(means: Means, step: Step, target: Target) -> Found:
    """What the target's pods use now, the greediest of them, beside its limit. Nothing is guessed without metrics."""
    container = container_of(step)
    async with means.doors.open(target.cluster_name) as door:
        obj = await read(door, path_of(target), target)
        names = {pod["metadata"]["name"] for pod in await pods_of(door, target)}
        path = list_path("PodMetrics", target.resource.namespace)
        reply = await door.ask("GET", path)
    limit = _bytes(_container(obj, container), "limits", "memory")
    empty = {"usage_bytes": None, "limit_bytes": limit, "usage_percent": None, "cpu_millicores": None, "pods": 0}
    if reply.status in (403, 404, 503):
        return Found("what it uses is unknown", empty, unknown="the cluster gives no metrics (metrics.k8s.io)")
    metrics = [each for each in object_in(reply, path, "gives none")["items"] if each["metadata"]["name"] in names]
    used = [one for each in metrics for one in items(each, "containers") if not container or one["name"] == container]
    memory = [to_bytes(str(one["usage"]["memory"])) for one in used if "memory" in section(one, "usage")]
    cpu = [
        to_number(str(one["usage"]["cpu"]).removesuffix("n")) / _parts(one)
        for one in used
        if "cpu" in section(one, "usage")
    ]
    if not memory:
        return Found("what it uses is unknown", empty, unknown="no metrics of its pods yet")
    most = max(memory)
    percent = round(100 * most / limit) if limit else None
    findings = {
        "usage_bytes": most,
        "limit_bytes": limit,
        "usage_percent": percent,
        "cpu_millicores": int(max(cpu) * 1000) if cpu else None,
        "pods": len(metrics),
    }
    of_limit = f", {percent} % of its limit" if percent is not None else ""
    return Found(f"uses up to {most // 2**20} MiB of memory{of_limit}", findings)


async def certificate(means: Means, _: Step, target: Target) -> Found:
    """What cert-manager says of a Certificate."""
    needs(target, ("Certificate",), "the check certificate")
    async with means.doors.open(target.cluster_name) as door:
        obj = await read(door, path_of(target), target)
    spec, status = section(obj, "spec"), section(obj, "status")
    held: list[Json] = [one for one in items(status, "conditions") if one.get("type") == "Ready"]
    ready = held[0] if held else {}
    ends = _time(status.get("notAfter"))
    left = None if ends is None else (ends - datetime.now(UTC)).days
    issuer = section(spec, "issuerRef")
    findings = {
        "ready": ready.get("status") == "True",
        "reason": _text(str(ready.get("message") or ready.get("reason") or "")),
        "issuer": "/".join(str(issuer[part]) for part in ("kind", "name") if part in issuer),
        "expires_at": status.get("notAfter"),
        "renews_at": status.get("renewalTime"),
        "days_left": left,
        "names": [str(each) for each in texts(spec, "dnsNames")],
        "secret": spec.get("secretName"),
    }
    words = "is ready" if findings["ready"] else f"is not ready: {findings['reason'] or 'no reason given'}"
    return Found(f"{obj['metadata']['name']} {words}; {'?' if left is None else left} days left", findings)


CLUSTER = (
    Diagnostic(
        "describe",
        "The target as it is, with its pods.",
        ("container",),
        {
            "kind": "text",
            "replicas": "number",
            "ready": "number",
            "pods": "number",
            "restarts": "number",
            "last_ended": "texts",
            "waiting": "texts",
            "image": "text",
            "limit_bytes": "number",
            "request_bytes": "number",
            "conditions": "texts",
        },
        describe,
    ),
    Diagnostic(
        "logs",
        "The last lines that a container wrote.",
        ("pod", "container", "lines", "previous"),
        {"pod": "text", "lines": "texts", "errors": "number"},
        logs,
    ),
    Diagnostic(
        "events",
        "Warnings about the target and its pods.",
        (),
        {"warnings": "number", "reasons": "texts", "lines": "texts"},
        events,
    ),
    Diagnostic(
        "top",
        "What the target's pods use, beside its limit.",
        ("container",),
        {
            "usage_bytes": "number",
            "limit_bytes": "number",
            "usage_percent": "number",
            "cpu_millicores": "number",
            "pods": "number",
        },
        top,
    ),
    Diagnostic(
        "certificate",
        "What cert-manager says of a Certificate.",
        (),
        {
            "ready": "flag",
            "reason": "text",
            "issuer": "text",
            "expires_at": "text",
            "renews_at": "text",
            "days_left": "number",
            "names": "texts",
            "secret": "text",
        },
        certificate,
    ),
)


def _has_pods(obj: Json) -> bool:
    return obj.get("kind") == "Pod" or isinstance(section(obj, "spec").get("selector"), dict)


def _container(obj: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    owner = section(section(obj, "spec"), "template") or obj
    found = [one for one in items(section(owner, "spec"), "containers") if not name or one.get("name") == name]
    return found[0] if found else {}


def _bytes(container: Mapping[str, Any], part: str, name: str) -> int | None:
    value = section(section(container, "resources"), part).get(name)
    try:
        return None if value is None else to_bytes(str(value))
    except ValueError:
        return None


def _parts(one: Mapping[str, Any]) -> int:
    return 10**9 if str(one["usage"]["cpu"]).endswith("n") else 1


def _lines(step: Step) -> int:
    lines = step.parameters.get("lines", USUAL_LINES)
    if not isinstance(lines, int) or isinstance(lines, bool) or not 1 <= lines <= MOST_LINES:
        raise Permanent(f"{step.name}: lines must be a whole number from 1 to {MOST_LINES}")
    return lines


async def _first_pod(door: ClusterDoor, target: Target) -> Target:
    pods = await pods_of(door, target)
    if not pods:
        raise Permanent(f"{target.resource.name} has no pod whose log could be read")
    metadata = pods[0]["metadata"]
    resource = type(target.resource)("Pod", quote(metadata["name"], safe="-."), metadata["namespace"])
    return Target(target.cluster_uid, target.cluster_name, resource)


def _no_lines(pod: Target) -> dict[str, Any]:
    return {"pod": pod.resource.name, "lines": [], "errors": None}


def _seen_at(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _text(text: str) -> str:
    """One line of a watched system: secrets masked, nothing that a terminal would obey, not too long."""
    plain = "".join(each if each.isprintable() else "\ufffd" for each in masked_text(text))
    return plain if len(plain) <= LONGEST_LINE else f"{plain[: LONGEST_LINE - 1]}\u2026"
