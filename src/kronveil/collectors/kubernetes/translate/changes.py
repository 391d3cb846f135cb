"""What somebody changed in an object's specification, and who: a compact summary of it is kept and compared.

Values of variables, commands and probes are kept as digests with a key of this process: enough to see that they
changed, not enough to guess them.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from kronveil.collectors.kubernetes.translate.kept import parse_time
from kronveil.collectors.kubernetes.wire_workloads import (
    ContainerSpec,
    EnvSource,
    ManagedField,
    OwnedMetadata,
    Template,
    VolumeSpec,
)
from kronveil.model.facts import FieldChange
from kronveil.model.observation import Attribute

Entry: TypeAlias = tuple[str, str, str]
"""Kind, path, value, as in FieldChange."""

MOST_FIELDS = 40
CONTROLLERS = frozenset({"kube-controller-manager", "kubelet"})
AUTOSCALER = "horizontal autoscaler (kube-controller-manager)"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_KEY = secrets.token_bytes(16)
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(list[tuple[str, str, str]]).decode


def summary(entries: Iterable[Entry]) -> bytes:
    """The entries as they are kept; the same ones in the same order give the same bytes."""
    return _encode(list(entries))


def differences(before: bytes, after: bytes) -> tuple[FieldChange, ...]:
    """What differs between two summaries, at most ``MOST_FIELDS`` of it."""
    if not before or not after or before == after:
        return ()
    was = {path: (kind, value) for kind, path, value in _decode(before)}
    now = {path: (kind, value) for kind, path, value in _decode(after)}
    paths = [path for path in [*now, *(path for path in was if path not in now)] if was.get(path) != now.get(path)]
    return tuple([_change(path, was.get(path), now.get(path)) for path in paths[:MOST_FIELDS]])


def _change(path: str, was: tuple[str, str] | None, now: tuple[str, str] | None) -> FieldChange:
    kind = (now or was or ("other", ""))[0]
    before, after = was[1] if was else "", now[1] if now else ""
    if kind == "env":
        return FieldChange(kind, path, "set" if was else "", _env_after(was, now))
    return FieldChange(kind, path, before, after)


def _env_after(was: tuple[str, str] | None, now: tuple[str, str] | None) -> str:
    if now is None:
        return ""
    return "set" if was is None else "set to another value"


def author(fields: tuple[ManagedField, ...] | None, changes: tuple[FieldChange, ...]) -> tuple[str, datetime | None]:
    """Who wrote last, and when: the newest manager that did not only report a state. Empty when nobody is named."""
    is_scale = any(change.kind == "replicas" for change in changes)
    found = [
        (time, field.subresource == "scale", field.manager)
        for field in fields or ()
        if field.manager
        and (time := parse_time(field.time)) is not None
        and field.subresource != "status"
        and (field.manager not in CONTROLLERS or (is_scale and field.subresource == "scale"))
    ]
    if not found:
        return "", None
    time, through_scale, manager = max(found, key=lambda one: (one[0], one[1] == is_scale))
    return (AUTOSCALER if through_scale and manager in CONTROLLERS else manager), time


def digest(value: bytes | str) -> str:
    """Enough to tell one value from another within this process."""
    data = value.encode() if isinstance(value, str) else value
    return "digest " + blake2b(data, digest_size=6, key=_KEY).hexdigest()


def template_entries(template: Template | None) -> list[Entry]:
    """What the pods of a workload are made from."""
    if template is None:
        return []
    entries = _annotation_entries(template.metadata.annotations if template.metadata else None)
    if template.spec is None:
        return entries
    for where, containers in (
        ("containers", template.spec.containers),
        ("initContainers", template.spec.init_containers),
    ):
        for container in containers or ():
            entries += _container_entries(f"{where}[{container.name}]", container)
    for volume in template.spec.volumes or ():
        entries += _volume_entries(volume)
    return entries


def source_entries(metadata: OwnedMetadata) -> list[Entry]:
    """The chart and version labels: how a release by Helm or GitOps shows on the object."""
    labels = metadata.labels
    if labels is None:
        return []
    named = (("helm.sh/chart", labels.chart), ("app.kubernetes.io/version", labels.version))
    return [("revision", f"metadata.labels[{name}]", value) for name, value in named if value]


def source_attributes(metadata: OwnedMetadata) -> dict[str, Attribute]:
    """The rollout's number, and the release or GitOps object that it comes from."""
    labels, annotations = metadata.labels, metadata.annotations
    found: Mapping[str, str | None] = {
        "k8s.deployment.revision": annotations.revision if annotations else None,
        "helm.release": (annotations.release if annotations else None) or (labels.helm_release if labels else None),
        "helm.chart": labels.chart if labels else None,
        "app.version": labels.version if labels else None,
        "app.managed_by": labels.managed_by if labels else None,
        "gitops.application": (labels.argo or labels.kustomization) if labels else None,
        "gitops.tracking_id": annotations.argo if annotations else None,
    }
    return {name: value for name, value in found.items() if value}


def _annotation_entries(annotations: dict[str, str] | None) -> list[Entry]:
    entries: list[Entry] = []
    for name, value in sorted((annotations or {}).items()):
        if name == RESTARTED_AT:
            entries.append(("other", f"template.annotations[{name}]", value))
        elif name.startswith("checksum/"):
            entries.append(("config", f"template.annotations[{name}]", value[:12]))
    return entries


def _container_entries(where: str, container: ContainerSpec) -> list[Entry]:
    entries: list[Entry] = [("image", f"{where}.image", container.image or "")]
    entries += [("command", f"{where}.{name}", digest("\0".join(words))) for name, words in _commands(container)]
    for env in container.env or ():
        value = bytes(env.value_from) + b"\0" + (env.value or "").encode()
        entries.append(("env", f"{where}.env[{env.name}]", digest(value)))
    for source in container.env_from or ():
        entries += _env_source_entries(f"{where}.envFrom", source)
    if container.resources is not None:
        for name, amounts in (("limits", container.resources.limits), ("requests", container.resources.requests)):
            entries += [
                ("resources", f"{where}.resources.{name}.{what}", str(amount))
                for what, amount in sorted((amounts or {}).items())
            ]
    entries += [("other", f"{where}.{name}", digest(bytes(probe))) for name, probe in _probes(container) if probe]
    return entries


def _commands(container: ContainerSpec) -> list[tuple[str, tuple[str, ...]]]:
    return [(name, words) for name, words in (("command", container.command), ("args", container.args)) if words]


def _probes(container: ContainerSpec) -> list[tuple[str, msgspec.Raw]]:
    return [
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
        ("startupProbe", container.startup_probe),
    ]


def _env_source_entries(where: str, source: EnvSource) -> list[Entry]:
    named = (("config", source.config_map_ref), ("secret", source.secret_ref))
    return [(kind, f"{where}[{one.name}]", one.name or "") for kind, one in named if one is not None]


def _volume_entries(volume: VolumeSpec) -> list[Entry]:
    path = f"volumes[{volume.name}]"
    if volume.config_map is not None:
        return [("config", path, volume.config_map.name or "")]
    if volume.secret is not None:
        return [("secret", path, volume.secret.secret_name or "")]
    if volume.persistent_volume_claim is not None:
        return [("other", path, volume.persistent_volume_claim.claim_name or "")]
    return []
