"""The columns kubectl prints for each kind."""

from collections.abc import Callable, Sequence
from datetime import datetime

from kronveil.lab.kinds import JsonObject, Kind
from kronveil.lab.objects import condition
from kronveil.lab.times import age, parse_stamp
from kronveil.lab.world import Record

Cell = Callable[[JsonObject, datetime], object]


def table(kind: Kind, records: Sequence[Record], metadata: JsonObject, now: datetime) -> JsonObject:
    """A ``meta.k8s.io/v1`` Table of objects."""
    columns = _COLUMNS[kind.plural]
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


_NUMBERS = {"Up-to-date", "Available", "Desired", "Current", "Replicas"}
_WIDE = {"IP", "Node", "Internal-IP", "OS-Image", "Kernel-Version", "Container-Runtime", "Containers", "Images"}
_WIDE |= {"Selector", "Source", "Count", "First Seen", "Subobject"}


def _name(obj: JsonObject, _now: datetime) -> object:
    return obj["metadata"]["name"]


def _age(obj: JsonObject, now: datetime) -> object:
    return age(parse_stamp(obj["metadata"]["creationTimestamp"]), now)


def _at(*path: str, otherwise: object = "<none>") -> Cell:
    def cell(obj: JsonObject, _now: datetime) -> object:
        value: object = obj
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
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
    selector = obj["spec"].get("selector") or {}
    return ",".join(f"{name}={value}" for name, value in selector.get("matchLabels", selector).items())


def _ports(obj: JsonObject, _now: datetime) -> object:
    return ",".join(f"{item['port']}/{item.get('protocol', 'TCP')}" for item in obj["spec"].get("ports", []))


def _last_seen(event: JsonObject, now: datetime) -> object:
    seen = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return age(parse_stamp(seen), now)


def _event_object(event: JsonObject, _now: datetime) -> object:
    return f"{event['involvedObject'].get('kind', '').lower()}/{event['involvedObject'].get('name', '')}"


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
}
