"""The columns kubectl prints for each kind."""

from collections.abc import Callable, Sequence
from datetime import datetime

from kronveil.lab.kinds import JsonObject, Kind, is_list, is_object
from kronveil.lab.objects import condition
from kronveil.lab.times import age, parse_stamp
from kronveil.lab.world import Record

Cell = Callable[[JsonObject, datetime], object]


def table(kind: Kind, records: Sequence[Record], metadata: JsonObject, now: datetime) -> JsonObject:
    """A ``meta.k8s.io/v1`` Table of objects."""
    columns = _COLUMNS.get(kind.plural, _PLAIN)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [
            {
                "name": name,
                "type": "integer" if name in _NUMBERS else "string",
                "format": "name" if name == "Name" else "",
                "description": "",
                "priority": int(name in _WIDE),
            }
            for name, _ in columns
        ],
        "rows": [
            {
                "cells": [cell(record.obj, now) for _, cell in columns],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": record.obj["metadata"],
                },
            }
            for record in records
        ],
    }


_NUMBERS = {"Up-to-date", "Available", "Desired", "Current", "Replicas", "Active", "Data", "MinPods", "MaxPods"}
_WIDE = {
    *("IP", "Node", "Internal-IP", "OS-Image", "Kernel-Version", "Container-Runtime", "Containers", "Images"),
    *("Selector", "Source", "Count", "First Seen", "Subobject"),
}


def _name(obj: JsonObject, _now: datetime) -> object:
    return obj["metadata"]["name"]


def _age(obj: JsonObject, now: datetime) -> object:
    return age(parse_stamp(obj["metadata"]["creationTimestamp"]), now)


def _at(*path: str, otherwise: object = "<none>") -> Cell:
    def cell(obj: JsonObject, _now: datetime) -> object:
        value: object = obj
        for part in path:
            value = value.get(part) if is_object(value) else None
        return otherwise if value in (None, "") else value

    return cell


def _pod_ready(pod: JsonObject, _now: datetime) -> object:
    statuses = pod["status"].get("containerStatuses", [])
    return f"{sum(item['ready'] for item in statuses)}/{len(pod['spec']['containers'])}"


def _pod_status(pod: JsonObject, _now: datetime) -> object:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for status in pod["status"].get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            if state in status["state"]:
                return status["state"][state]["reason"]
    return pod["status"].get("reason") or pod["status"].get("phase", "Unknown")


def _pod_restarts(pod: JsonObject, now: datetime) -> object:
    statuses = pod["status"].get("containerStatuses", [])
    count = sum(item["restartCount"] for item in statuses)
    ends = [item["lastState"]["terminated"]["finishedAt"] for item in statuses if "terminated" in item["lastState"]]
    return f"{count} ({age(parse_stamp(max(ends)), now)} ago)" if ends else str(count)


def _node_status(node: JsonObject, _now: datetime) -> object:
    ready = condition(node, "Ready")
    words = ["Ready" if ready and ready["status"] == "True" else "NotReady"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _node_address(node: JsonObject, _now: datetime) -> object:
    addresses = node["status"].get("addresses", [])
    return next((item["address"] for item in addresses if item["type"] == "InternalIP"), "<none>")


def _deployment_ready(obj: JsonObject, _now: datetime) -> object:
    return f"{obj.get('status', {}).get('readyReplicas', 0)}/{obj['spec']['replicas']}"


def _containers(field: str) -> Cell:
    return lambda obj, _now: ",".join(item[field] for item in obj["spec"]["template"]["spec"]["containers"])


def _selector(obj: JsonObject, _now: datetime) -> object:
    selector: JsonObject = obj["spec"].get("selector") or {}
    wanted: JsonObject = selector.get("matchLabels", selector)
    return ",".join(f"{name}={value}" for name, value in wanted.items())


def _ports(obj: JsonObject, _now: datetime) -> object:
    return ",".join(f"{item['port']}/{item.get('protocol', 'TCP')}" for item in obj["spec"].get("ports", []))


def _last_seen(event: JsonObject, now: datetime) -> object:
    seen = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return age(parse_stamp(seen), now)


def _event_object(event: JsonObject, _now: datetime) -> object:
    return f"{event['involvedObject'].get('kind', '').lower()}/{event['involvedObject'].get('name', '')}"


def _share(part: Cell, whole: Cell) -> Cell:
    return lambda obj, now: f"{part(obj, now)}/{whole(obj, now)}"


def _condition(kind: str, field: str = "status") -> Cell:
    return lambda obj, _now: (condition(obj, kind) or {}).get(field, "Unknown" if field == "status" else "")


def _job_status(job: JsonObject, _now: datetime) -> object:
    for kind in ("Failed", "Complete"):
        if (condition(job, kind) or {}).get("status") == "True":
            return kind
    return "Suspended" if job["spec"].get("suspend") else "Running"


def _length(*path: str) -> Cell:
    at = _at(*path, otherwise=())

    def cell(obj: JsonObject, now: datetime) -> object:
        value = at(obj, now)
        return len(value) if is_object(value) or is_list(value) else 0

    return cell


def _since(*path: str) -> Cell:
    at = _at(*path)

    def cell(obj: JsonObject, now: datetime) -> object:
        value = at(obj, now)
        return value if value == "<none>" else age(parse_stamp(str(value)), now)

    return cell


def _target(hpa: JsonObject, _now: datetime) -> object:
    target = hpa["spec"].get("scaleTargetRef", {})
    return f"{target.get('kind', '')}/{target.get('name', '')}"


_PLAIN: tuple[tuple[str, Cell], ...] = (("Name", _name), ("Age", _age))
_COLUMNS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "namespaces": (("Name", _name), ("Status", _at("status", "phase", otherwise="Active")), ("Age", _age)),
    "nodes": (
        ("Name", _name),
        ("Status", _node_status),
        ("Roles", lambda _obj, _now: "<none>"),
        ("Age", _age),
        ("Version", _at("status", "nodeInfo", "kubeletVersion")),
        ("Internal-IP", _node_address),
        ("OS-Image", _at("status", "nodeInfo", "osImage")),
        ("Kernel-Version", _at("status", "nodeInfo", "kernelVersion")),
        ("Container-Runtime", _at("status", "nodeInfo", "containerRuntimeVersion")),
    ),
    "pods": (
        ("Name", _name),
        ("Ready", _pod_ready),
        ("Status", _pod_status),
        ("Restarts", _pod_restarts),
        ("Age", _age),
        ("IP", _at("status", "podIP")),
        ("Node", _at("spec", "nodeName")),
    ),
    "services": (
        ("Name", _name),
        ("Type", _at("spec", "type", otherwise="ClusterIP")),
        ("Cluster-IP", _at("spec", "clusterIP")),
        ("External-IP", lambda _obj, _now: "<none>"),
        ("Port(s)", _ports),
        ("Age", _age),
        ("Selector", _selector),
    ),
    "events": (
        ("Last Seen", _last_seen),
        ("Type", _at("type")),
        ("Reason", _at("reason")),
        ("Object", _event_object),
        ("Subobject", _at("involvedObject", "fieldPath", otherwise="")),
        ("Source", _at("source", "component", otherwise="")),
        ("Message", _at("message", otherwise="")),
        ("Count", _at("count", otherwise=1)),
        ("Name", _name),
    ),
    "deployments": (
        ("Name", _name),
        ("Ready", _deployment_ready),
        ("Up-to-date", _at("status", "updatedReplicas", otherwise=0)),
        ("Available", _at("status", "availableReplicas", otherwise=0)),
        ("Age", _age),
        ("Containers", _containers("name")),
        ("Images", _containers("image")),
        ("Selector", _selector),
    ),
    "replicasets": (
        ("Name", _name),
        ("Desired", _at("spec", "replicas", otherwise=0)),
        ("Current", _at("status", "replicas", otherwise=0)),
        ("Ready", _at("status", "readyReplicas", otherwise=0)),
        ("Age", _age),
        ("Containers", _containers("name")),
        ("Images", _containers("image")),
        ("Selector", _selector),
    ),
    "statefulsets": (
        ("Name", _name),
        ("Ready", _deployment_ready),
        ("Age", _age),
        ("Containers", _containers("name")),
        ("Images", _containers("image")),
    ),
    "daemonsets": (
        ("Name", _name),
        ("Desired", _at("status", "desiredNumberScheduled", otherwise=0)),
        ("Current", _at("status", "currentNumberScheduled", otherwise=0)),
        ("Ready", _at("status", "numberReady", otherwise=0)),
        ("Up-to-date", _at("status", "updatedNumberScheduled", otherwise=0)),
        ("Available", _at("status", "numberAvailable", otherwise=0)),
        ("Age", _age),
    ),
    "jobs": (
        ("Name", _name),
        ("Status", _job_status),
        ("Completions", _share(_at("status", "succeeded", otherwise=0), _at("spec", "completions", otherwise=1))),
        ("Age", _age),
    ),
    "cronjobs": (
        ("Name", _name),
        ("Schedule", _at("spec", "schedule")),
        ("Suspend", _at("spec", "suspend", otherwise="False")),
        ("Active", _length("status", "active")),
        ("Last Schedule", _since("status", "lastScheduleTime")),
        ("Age", _age),
    ),
    "persistentvolumeclaims": (
        ("Name", _name),
        ("Status", _at("status", "phase", otherwise="Pending")),
        ("Volume", _at("spec", "volumeName", otherwise="")),
        ("Capacity", _at("status", "capacity", "storage", otherwise="")),
        ("StorageClass", _at("spec", "storageClassName", otherwise="")),
        ("Age", _age),
    ),
    "persistentvolumes": (
        ("Name", _name),
        ("Capacity", _at("spec", "capacity", "storage", otherwise="")),
        ("Status", _at("status", "phase")),
        ("Claim", _share(_at("spec", "claimRef", "namespace"), _at("spec", "claimRef", "name"))),
        ("StorageClass", _at("spec", "storageClassName", otherwise="")),
        ("Age", _age),
    ),
    "horizontalpodautoscalers": (
        ("Name", _name),
        ("Reference", _target),
        ("MinPods", _at("spec", "minReplicas", otherwise=1)),
        ("MaxPods", _at("spec", "maxReplicas", otherwise=0)),
        ("Replicas", _at("status", "currentReplicas", otherwise=0)),
        ("Age", _age),
    ),
    "poddisruptionbudgets": (
        ("Name", _name),
        ("Min Available", _at("spec", "minAvailable", otherwise="N/A")),
        ("Max Unavailable", _at("spec", "maxUnavailable", otherwise="N/A")),
        ("Allowed Disruptions", _at("status", "disruptionsAllowed", otherwise=0)),
        ("Age", _age),
    ),
    "configmaps": (("Name", _name), ("Data", _length("data")), ("Age", _age)),
    "secrets": (
        ("Name", _name),
        ("Type", _at("type", otherwise="Opaque")),
        ("Data", _length("data")),
        ("Age", _age),
    ),
    "certificates": (
        ("Name", _name),
        ("Ready", _condition("Ready")),
        ("Secret", _at("spec", "secretName", otherwise="")),
        ("Age", _age),
    ),
    "applications": (
        ("Name", _name),
        ("Sync Status", _at("status", "sync", "status", otherwise="Unknown")),
        ("Health Status", _at("status", "health", "status", otherwise="Unknown")),
        ("Age", _age),
    ),
    "kustomizations": (
        ("Name", _name),
        ("Age", _age),
        ("Ready", _condition("Ready")),
        ("Status", _condition("Ready", "message")),
    ),
    "helmreleases": (
        ("Name", _name),
        ("Age", _age),
        ("Ready", _condition("Ready")),
        ("Status", _condition("Ready", "message")),
    ),
}
