# ruff: noqa: D101 - each struct is the part of the object of that name that is read
"""What is read of volumes, quotas, certificates, and of what GitOps controllers keep."""

import msgspec

from kronveil.collectors.kubernetes.wire import Condition, Metadata, Wire
from kronveil.collectors.kubernetes.wire_workloads import OwnedMetadata


class ClaimSpec(Wire):
    storage_class_name: str | None = None
    volume_name: str | None = None


class ClaimStatus(Wire):
    phase: str | None = None


class Claim(Wire):
    metadata: OwnedMetadata
    spec: ClaimSpec | None = None
    status: ClaimStatus | None = None


class StorageClass(Wire):
    metadata: Metadata
    volume_binding_mode: str | None = None


class QuotaStatus(Wire):
    hard: dict[str, str | int | float] | None = None
    used: dict[str, str | int | float] | None = None


class Quota(Wire):
    metadata: OwnedMetadata
    status: QuotaStatus | None = None


class CertificateStatus(Wire):
    conditions: tuple[Condition, ...] | None = None
    not_after: str | None = None
    renewal_time: str | None = None


class Certificate(Wire):
    metadata: OwnedMetadata
    status: CertificateStatus | None = None


class ArgoSync(Wire):
    status: str | None = None
    revision: str | None = None


class ArgoHealth(Wire):
    status: str | None = None
    message: str | None = None


class ArgoOperation(Wire):
    phase: str | None = None
    message: str | None = None
    finished_at: str | None = None


class ArgoCondition(Wire):
    type: str = ""
    message: str | None = None
    last_transition_time: str | None = None


class ArgoStatus(Wire):
    sync: ArgoSync | None = None
    health: ArgoHealth | None = None
    operation_state: ArgoOperation | None = None
    conditions: tuple[ArgoCondition, ...] | None = None


class Application(Wire):
    """Argo CD's."""

    metadata: OwnedMetadata
    status: ArgoStatus | None = None


class FluxSpec(Wire):
    suspend: bool | None = None


class FluxRelease(Wire):
    chart_version: str | None = None


class FluxStatus(Wire):
    conditions: tuple[Condition, ...] | None = None
    last_applied_revision: str | None = None
    last_attempted_revision: str | None = None
    history: tuple[FluxRelease, ...] | None = None


class FluxObject(Wire):
    """A Kustomization or a HelmRelease of Flux."""

    metadata: OwnedMetadata
    spec: FluxSpec | None = None
    status: FluxStatus | None = None


class CustomCondition(Wire):
    """As Kubernetes' own conventions have it; whoever wrote the definition may have thought otherwise."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class CustomStatus(Wire):
    conditions: tuple[CustomCondition, ...] | None = None


class CustomObject(Wire):
    """Any custom resource. Its specification is only compared, by digest, and never kept."""

    metadata: OwnedMetadata
    spec: msgspec.Raw = msgspec.Raw()
    status: CustomStatus | None = None


class ServedResource(Wire):
    name: str
    namespaced: bool = False


class ResourceList(Wire):
    """What a group's version answers: which resources it has."""

    resources: tuple[ServedResource, ...] | None = None


class GroupVersion(Wire):
    version: str


class Group(Wire):
    name: str
    versions: tuple[GroupVersion, ...] = ()


class GroupList(Wire):
    """What ``/apis`` answers."""

    groups: tuple[Group, ...] | None = None


class SliceLabels(Wire):
    service: str | None = msgspec.field(default=None, name="kubernetes.io/service-name")


class SliceMetadata(Metadata):
    labels: SliceLabels | None = None


class Target(Wire):
    kind: str | None = None
    uid: str | None = None


class Endpoint(Wire):
    target_ref: Target | None = None


class EndpointSlice(Wire):
    metadata: SliceMetadata
    endpoints: tuple[Endpoint, ...] | None = None


decode_groups = msgspec.json.Decoder(GroupList).decode
decode_resources = msgspec.json.Decoder(ResourceList).decode
