"""The custom resources that the configuration names, as kinds to watch beside those that are always known."""

from collections import Counter
from functools import partial

import msgspec

from kronveil.collectors.kubernetes import wire
from kronveil.collectors.kubernetes.config import ClusterConfig, CustomResource
from kronveil.collectors.kubernetes.kinds import AFTER, Kind, kinds_for
from kronveil.collectors.kubernetes.translate.custom import translate_custom
from kronveil.collectors.kubernetes.wire_platform import CustomObject

KNOWN_KINDS = frozenset(
    {
        "Namespace", "Node", "Deployment", "ReplicaSet", "Pod", "Event", "Job", "StatefulSet", "DaemonSet", "CronJob",
        "StorageClass", "PersistentVolumeClaim", "PersistentVolume", "Service", "EndpointSlice", "Ingress",
        "HorizontalPodAutoscaler", "PodDisruptionBudget", "ResourceQuota", "Certificate", "Application",
        "Kustomization", "HelmRelease", "ConfigMap", "Secret", "Cluster", "Collector",
    }
)  # fmt: skip
"""What objects of other kinds are called. One of the same name is told apart by its group."""

_decode_object = msgspec.json.Decoder(CustomObject).decode
_decode_page = msgspec.json.Decoder(wire.Page[CustomObject]).decode
_decode_frame = msgspec.json.Decoder(wire.Frame[CustomObject]).decode


def kinds_of(config: ClusterConfig) -> tuple[Kind, ...]:
    """Every kind that is watched in a cluster."""
    known = kinds_for(config.kinds, config_changes=config.config_changes)
    named = Counter(each.kind for each in config.custom_resources)
    return (*known, *(_kind(each, is_only_one=named[each.kind] == 1) for each in config.custom_resources))


def _kind(resource: CustomResource, *, is_only_one: bool) -> Kind:
    is_clear = is_only_one and resource.kind not in KNOWN_KINDS
    called = resource.kind if is_clear else f"{resource.kind}.{resource.group}"
    return Kind(
        resource.name,
        resource.group,
        (resource.version,) if resource.version else (),
        _decode_object,
        _decode_page,
        _decode_frame,
        partial(translate_custom, called, resource.conditions),
        is_namespaced=resource.namespaced,
        is_told=True,
        is_named=True,
        after=AFTER,
        resource=resource.resource,
        object_kind=called,
    )
