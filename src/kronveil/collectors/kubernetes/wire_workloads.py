# ruff: noqa: D101 - each struct is the part of Kubernetes' own object of that name that is read
"""What is read of the objects that run pods: their specification as far as a change of it matters, and their state."""

import msgspec

from kronveil.collectors.kubernetes.wire import ClaimVolume, Condition, Metadata, Wire


class ManagedField(Wire):
    """Who wrote, when, and through which subresource. Which fields it wrote is long, and not read."""

    manager: str | None = None
    time: str | None = None
    subresource: str | None = None


class SourceLabels(Wire):
    """The labels by which Helm and GitOps controllers mark what they keep."""

    chart: str | None = msgspec.field(default=None, name="helm.sh/chart")
    version: str | None = msgspec.field(default=None, name="app.kubernetes.io/version")
    managed_by: str | None = msgspec.field(default=None, name="app.kubernetes.io/managed-by")
    instance: str | None = msgspec.field(default=None, name="app.kubernetes.io/instance")
    argo: str | None = msgspec.field(default=None, name="argocd.argoproj.io/instance")
    kustomization: str | None = msgspec.field(default=None, name="kustomize.toolkit.fluxcd.io/name")
    helm_release: str | None = msgspec.field(default=None, name="helm.toolkit.fluxcd.io/name")


class SourceAnnotations(Wire):
    revision: str | None = msgspec.field(default=None, name="deployment.kubernetes.io/revision")
    release: str | None = msgspec.field(default=None, name="meta.helm.sh/release-name")
    argo: str | None = msgspec.field(default=None, name="argocd.argoproj.io/tracking-id")
    conditions: str | None = msgspec.field(default=None, name="autoscaling.alpha.kubernetes.io/conditions")
    leader: str | None = msgspec.field(default=None, name="control-plane.alpha.kubernetes.io/leader")
    selected_node: str | None = msgspec.field(default=None, name="volume.kubernetes.io/selected-node")


class OwnedMetadata(Metadata):
    managed_fields: tuple[ManagedField, ...] | None = None
    labels: SourceLabels | None = None
    annotations: SourceAnnotations | None = None


class Reference(Wire):
    name: str | None = None


class EnvSource(Wire):
    config_map_ref: Reference | None = None
    secret_ref: Reference | None = None


class Env(Wire):
    """A variable. Its value is only compared, by digest, and never kept."""

    name: str = ""
    value: str | None = None
    value_from: msgspec.Raw = msgspec.Raw()


class Resources(Wire):
    limits: dict[str, str | int | float] | None = None
    requests: dict[str, str | int | float] | None = None


class ContainerSpec(Wire):
    name: str = ""
    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[Env, ...] | None = None
    env_from: tuple[EnvSource, ...] | None = None
    resources: Resources | None = None
    liveness_probe: msgspec.Raw = msgspec.Raw()
    readiness_probe: msgspec.Raw = msgspec.Raw()
    startup_probe: msgspec.Raw = msgspec.Raw()


class SecretVolume(Wire):
    secret_name: str | None = None


class VolumeSpec(Wire):
    name: str = ""
    config_map: Reference | None = None
    secret: SecretVolume | None = None
    persistent_volume_claim: ClaimVolume | None = None


class TemplateSpec(Wire):
    containers: tuple[ContainerSpec, ...] | None = None
    init_containers: tuple[ContainerSpec, ...] | None = None
    volumes: tuple[VolumeSpec, ...] | None = None


class TemplateMetadata(Wire):
    annotations: dict[str, str] | None = None


class Template(Wire):
    metadata: TemplateMetadata | None = None
    spec: TemplateSpec | None = None


class WorkloadSpec(Wire):
    replicas: int | None = None
    paused: bool | None = None
    template: Template | None = None


class WorkloadStatus(Wire):
    """Of a deployment, a stateful set, or (the last three) a daemon set."""

    observed_generation: int | None = None
    updated_replicas: int | None = None
    available_replicas: int | None = None
    ready_replicas: int | None = None
    conditions: tuple[Condition, ...] | None = None
    desired_number_scheduled: int | None = None
    updated_number_scheduled: int | None = None
    number_available: int | None = None


class Workload(Wire):
    metadata: OwnedMetadata
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class JobStatus(Wire):
    conditions: tuple[Condition, ...] | None = None


class Job(Wire):
    metadata: OwnedMetadata
    status: JobStatus | None = None


class JobTemplateSpec(Wire):
    template: Template | None = None


class JobTemplate(Wire):
    spec: JobTemplateSpec | None = None


class CronJobSpec(Wire):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None
    job_template: JobTemplate | None = None


class CronJobStatus(Wire):
    last_schedule_time: str | None = None


class CronJob(Wire):
    metadata: OwnedMetadata
    spec: CronJobSpec | None = None
    status: CronJobStatus | None = None


class ScaleTarget(Wire):
    kind: str = ""
    name: str = ""


class HpaSpec(Wire):
    scale_target_ref: ScaleTarget | None = None
    min_replicas: int | None = None
    max_replicas: int = 0


class HpaStatus(Wire):
    current_replicas: int | None = None
    desired_replicas: int | None = None
    conditions: tuple[Condition, ...] | None = None


class Hpa(Wire):
    metadata: OwnedMetadata
    spec: HpaSpec | None = None
    status: HpaStatus | None = None


class BudgetStatus(Wire):
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0


class Budget(Wire):
    metadata: OwnedMetadata
    status: BudgetStatus | None = None


class NodeMetadata(Metadata):
    managed_fields: tuple[ManagedField, ...] | None = None
    labels: dict[str, str] | None = None


class Taint(Wire):
    key: str = ""
    effect: str = ""


class NodeSpec(Wire):
    unschedulable: bool | None = None
    taints: tuple[Taint, ...] | None = None


class NodeInfo(Wire):
    kubelet_version: str | None = None


class NodeStatus(Wire):
    conditions: tuple[Condition, ...] | None = None
    node_info: NodeInfo | None = None


class Node(Wire):
    metadata: NodeMetadata
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class OwnedOnly(Wire):
    """A kind of which only the metadata is read, with who wrote it."""

    metadata: OwnedMetadata
