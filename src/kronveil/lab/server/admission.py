"""What an API server checks and fills in before it stores an object."""

import re
from collections.abc import Callable

from kronveil.lab.cron import parse_schedule
from kronveil.lab.kinds import (
    BUDGET,
    CLAIM,
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    INGRESS,
    JOB,
    KINDS,
    NAMESPACE,
    POD,
    REPLICASET,
    STATEFULSET,
    JsonObject,
    Kind,
    is_list,
    is_object,
)
from kronveil.lab.objects import (
    DEFAULT_STORAGE_CLASS,
    admit_pod,
    fill_in_cronjob,
    fill_in_deployment,
    fill_in_job,
    fill_in_pod_spec,
    fill_in_template_owner,
)
from kronveil.lab.server.answers import invalid
from kronveil.lab.world import copy_json

HAS_TEMPLATE = (DEPLOYMENT, REPLICASET, STATEFULSET, DAEMONSET)
HAS_GENERATION = (*HAS_TEMPLATE, JOB, CRONJOB, BUDGET, INGRESS)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_POD_MUTABLE = ("image",)


def admit_new(kind: Kind, obj: JsonObject, *, word: str) -> None:
    """Check a new object and write its defaults. Raises ApiError 422."""
    name = obj["metadata"]["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 253:
        why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
        raise invalid(kind, str(name), f"metadata.name: Invalid value: {name!r}: {why}")
    if _has_generation(kind):
        obj["metadata"]["generation"] = 1
    if kind in HAS_TEMPLATE:
        _check_template(kind, name, obj)
    if "status" in kind.subresources:
        obj.pop("status", None)
    if kind is POD:
        _check_containers(kind, name, obj.get("spec"), "spec")
        admit_pod(obj, word)
    elif kind in _ADMIT:
        _ADMIT[kind](name, obj)


def _admit_deployment(_name: str, obj: JsonObject) -> None:
    fill_in_deployment(obj)
    obj["status"] = {}


def _admit_replicaset(_name: str, obj: JsonObject) -> None:
    obj["spec"].setdefault("replicas", 1)
    fill_in_pod_spec(obj["spec"]["template"]["spec"])
    obj["status"] = {"replicas": 0}


def _admit_statefulset(_name: str, obj: JsonObject) -> None:
    obj["spec"].setdefault("replicas", 1)
    fill_in_template_owner(obj)


def _admit_daemonset(_name: str, obj: JsonObject) -> None:
    fill_in_template_owner(obj)


def _admit_job(name: str, obj: JsonObject) -> None:
    _check_containers(JOB, name, _pod_spec(obj), "spec.template.spec")
    fill_in_job(obj["spec"])


def _admit_cronjob(name: str, obj: JsonObject) -> None:
    _check_schedule(name, obj)
    template = obj["spec"].get("jobTemplate")
    _check_containers(CRONJOB, name, _pod_spec(template), "spec.jobTemplate.spec.template.spec")
    fill_in_cronjob(obj["spec"])


def _admit_claim(_name: str, obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("storageClassName", DEFAULT_STORAGE_CLASS)
    spec.setdefault("resources", {}).setdefault("requests", {}).setdefault("storage", "1Gi")


def _admit_namespace(name: str, obj: JsonObject) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    obj["spec"] = {"finalizers": ["kubernetes"]}
    obj["status"] = {"phase": "Active"}


_ADMIT: dict[Kind, Callable[[str, JsonObject], None]] = {
    DEPLOYMENT: _admit_deployment,
    REPLICASET: _admit_replicaset,
    STATEFULSET: _admit_statefulset,
    DAEMONSET: _admit_daemonset,
    JOB: _admit_job,
    CRONJOB: _admit_cronjob,
    CLAIM: _admit_claim,
    NAMESPACE: _admit_namespace,
}


def admit_changed(kind: Kind, old: JsonObject, new: JsonObject) -> None:
    """Check a changed object, write defaults, and count its generation. Raises ApiError 422."""
    name = old["metadata"]["name"]
    for field in ("name", "namespace", "uid"):
        if new["metadata"].get(field, old["metadata"].get(field)) != old["metadata"].get(field):
            raise invalid(kind, name, f"metadata.{field}: Invalid value: field is immutable")
    if kind in HAS_TEMPLATE:
        _check_template(kind, name, new)
        if new["spec"]["selector"] != old["spec"]["selector"]:
            raise invalid(kind, name, "spec.selector: Invalid value: field is immutable")
    if kind is DEPLOYMENT:
        fill_in_deployment(new)
    if kind in (STATEFULSET, DAEMONSET):
        fill_in_template_owner(new)
    if kind is POD and _without_images(new["spec"]) != _without_images(old["spec"]):
        why = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
        raise invalid(kind, name, why)
    if _has_generation(kind):
        changed = new.get("spec") != old.get("spec")
        new["metadata"]["generation"] = old["metadata"].get("generation", 1) + changed


def _pod_spec(owner: object) -> object:
    for part in ("spec", "template", "spec"):
        owner = owner.get(part) if is_object(owner) else None
    return owner


def _check_schedule(name: str, obj: JsonObject) -> None:
    try:
        parse_schedule(str(obj.get("spec", {}).get("schedule", "")))
    except ValueError as error:
        raise invalid(CRONJOB, name, f"spec.schedule: Invalid value: {error}") from error


def _has_generation(kind: Kind) -> bool:
    return kind in HAS_GENERATION or kind not in KINDS


def _without_images(spec: JsonObject) -> JsonObject:
    bare = copy_json(spec)
    for container in bare.get("containers", []):
        for field in _POD_MUTABLE:
            container.pop(field, None)
    return bare


def _check_template(kind: Kind, name: str, obj: JsonObject) -> None:
    spec = obj.get("spec")
    selector = spec.get("selector") if is_object(spec) else None
    if not is_object(spec) or not is_object(selector):
        raise invalid(kind, name, "spec.selector: Required value")
    template = spec.get("template")
    if not is_object(template):
        raise invalid(kind, name, "spec.template: Required value")
    _check_containers(kind, name, template.get("spec"), "spec.template.spec")
    metadata: JsonObject = template.get("metadata") or {}
    labels: JsonObject = metadata.get("labels") or {}
    wanted: JsonObject = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        raise invalid(kind, name, "spec.template.metadata.labels: `selector` does not match template `labels`")
    replicas = spec.get("replicas", 1)
    if not isinstance(replicas, int) or replicas < 0:
        why = "must be greater than or equal to 0"
        raise invalid(kind, name, f"spec.replicas: Invalid value: {replicas!r}: {why}")


def _check_containers(kind: Kind, name: str, spec: object, path: str) -> None:
    containers = spec.get("containers") if is_object(spec) else None
    if not is_list(containers) or not containers:
        raise invalid(kind, name, f"{path}.containers: Required value")
    for index, container in enumerate(containers):
        for field in ("name", "image"):
            if not is_object(container) or not container.get(field):
                raise invalid(kind, name, f"{path}.containers[{index}].{field}: Required value")
