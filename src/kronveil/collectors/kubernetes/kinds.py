"""The kinds that are watched: where each is found, how it is decoded, and what translates it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from kronveil.collectors.kubernetes import wire, wire_platform, wire_workloads
from kronveil.collectors.kubernetes.translate import gitops, jobs, platform, workloads
from kronveil.collectors.kubernetes.translate.backends import translate_slice
from kronveil.collectors.kubernetes.translate.keeping_only import keep_content, keep_only, translate_replicaset
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves
from kronveil.collectors.kubernetes.translate.nodes import translate_node
from kronveil.collectors.kubernetes.translate.pods import translate_pod
from kronveil.collectors.kubernetes.translate.warnings import translate_warning
from kronveil.model.observation import Observation

Translate: TypeAlias = Callable[[Any, Kept | None, Shelves, Moment], tuple[Kept, Observation | None]]
ByVersion: TypeAlias = Literal["no", "when owned", "yes"]
METADATA_ONLY = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind, by the plural name of its resource. ``versions`` of its group are tried newest first.

    Without any, whichever the cluster prefers is used. ``resource`` is the plural where the name says more than that,
    ``object_kind`` what one is called where logic does not know the name.
    ``newer_form`` is another group and version in which the very same objects are served, read where it may be.
    ``is_told``: its deletions are observations, and so is its first complete list. ``after`` are the kinds that had
    better be known first. ``is_base``: without it a cluster is only partly known. ``is_opt_in``: watched only when
    the configuration says so. ``is_custom``: not told of where it is not installed. ``is_named``: asked for by the
    operator, so that not to be allowed to read it is a lack. ``is_metadata_only``: nothing but its metadata is asked
    for. ``by_version``: whether an object at a version that is kept needs no second look: what is told of it follows
    from nothing but itself, and (``when owned``) from its owner, which may be learned late. ``decode_outlines`` reads
    a page of which most are kept so: items with ``metadata``, and the object as ``whole()``.
    """

    name: str
    group: str
    versions: tuple[str, ...]
    decode_object: Callable[[bytes | msgspec.Raw], Any]
    decode_page: Callable[[bytes], wire.Page[Any]]
    decode_frame: Callable[[bytes | memoryview], wire.Frame[Any]]
    translate: Translate
    is_namespaced: bool = True
    is_told: bool = False
    is_base: bool = False
    is_opt_in: bool = False
    is_custom: bool = False
    is_named: bool = False
    is_metadata_only: bool = False
    after: tuple[str, ...] = ()
    resource: str = ""
    object_kind: str = ""
    newer_form: str = ""
    by_version: ByVersion = "no"
    decode_outlines: Callable[[bytes], wire.Page[Any]] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    def path_in(self, namespace: str | None, version: str) -> str:
        """The path of the collection, in one namespace or in all."""
        return self._path(namespace, f"/apis/{self.group}/{version}" if self.group else f"/api/{version}")

    def newer_path_in(self, namespace: str | None) -> str:
        """The same in its newer form."""
        return self._path(namespace, f"/apis/{self.newer_form}")

    def _path(self, namespace: str | None, group: str) -> str:
        plural = self.resource or self.name
        return f"{group}/{plural}" if namespace is None else f"{group}/namespaces/{namespace}/{plural}"

    def accept(self, *, list_: bool) -> str:
        """What is asked for: a list and the frames of a watch have names of their own."""
        return METADATA_ONLY.format("List" if list_ else "") if self.is_metadata_only else "application/json"


def _kind(name: str, at: str, struct: Any, translate: Translate, **rest: Any) -> Kind:
    """A kind ``at`` a group and its versions, newest first: ``policy/v1,v1beta1``."""
    group, _, versions = at.rpartition("/")
    return Kind(
        name,
        group,
        tuple(versions.split(",")),
        msgspec.json.Decoder(struct).decode,
        msgspec.json.Decoder(wire.Page[struct]).decode,
        msgspec.json.Decoder(wire.Frame[struct]).decode,
        translate,
        **rest,
    )


def _kept(name: str, at: str, kind: str, **rest: Any) -> Kind:
    """A kind of which it is only kept that it is there, and who owns it."""
    return _kind(name, at, wire.Named, keep_only(kind), is_metadata_only=True, **{"after": AFTER, **rest})


AFTER = ("pods",)
"""What every cluster is first of all asked about comes before the rest."""

BASE_KINDS = (
    _kind("namespaces", "v1", wire.Named, keep_only("Namespace"), is_namespaced=False, is_base=True),
    _kind("nodes", "v1", wire_workloads.Node, translate_node, is_namespaced=False, is_told=True, is_base=True),
    _kind(
        "deployments",
        "apps/v1",
        wire_workloads.Workload,
        workloads.translate_deployment,
        is_told=True,
        is_base=True,
        by_version="yes",
    ),
    _kind(
        "replicasets",
        "apps/v1",
        wire.Named,
        translate_replicaset,
        is_base=True,
        is_metadata_only=True,
        by_version="when owned",
    ),
    _kind(
        "pods",
        "v1",
        wire.Pod,
        translate_pod,
        is_told=True,
        is_base=True,
        after=("deployments", "replicasets", "jobs"),
        by_version="when owned",
        decode_outlines=wire.decode_pod_outlines,
    ),
    _kind(
        "events",
        "v1",
        wire.WarningEvent,
        translate_warning,
        is_base=True,
        after=("pods",),
        newer_form="events.k8s.io/v1",
        parameters={"fieldSelector": "type=Warning"},
    ),
)
MORE_KINDS = (
    _kind("jobs", "batch/v1", wire_workloads.Job, jobs.translate_job, is_told=True),
    _kind(
        "statefulsets",
        "apps/v1",
        wire_workloads.Workload,
        workloads.translate_statefulset,
        is_told=True,
        after=AFTER,
    ),
    _kind("daemonsets", "apps/v1", wire_workloads.Workload, workloads.translate_daemonset, is_told=True, after=AFTER),
    _kind("cronjobs", "batch/v1,v1beta1", wire_workloads.CronJob, jobs.translate_cronjob, is_told=True, after=AFTER),
    _kind(
        "storageclasses",
        "storage.k8s.io/v1,v1beta1",
        wire_platform.StorageClass,
        platform.translate_storage_class,
        is_namespaced=False,
        after=AFTER,
    ),
    _kind(
        "persistentvolumeclaims",
        "v1",
        wire_platform.Claim,
        platform.translate_claim,
        is_told=True,
        after=("storageclasses",),
    ),
    _kept("persistentvolumes", "v1", "PersistentVolume", is_namespaced=False),
    _kept("services", "v1", "Service"),
    _kind(
        "endpointslices",
        "discovery.k8s.io/v1,v1beta1",
        wire_platform.EndpointSlice,
        translate_slice,
        after=("pods",),
    ),
    _kept("ingresses", "networking.k8s.io/v1,v1beta1", "Ingress"),
    _kind(
        "horizontalpodautoscalers",
        "autoscaling/v2,v2beta2,v1",
        wire_workloads.Hpa,
        jobs.translate_hpa,
        is_told=True,
        after=AFTER,
    ),
    _kind(
        "poddisruptionbudgets",
        "policy/v1,v1beta1",
        wire_workloads.Budget,
        jobs.translate_budget,
        is_told=True,
        after=AFTER,
    ),
    _kind("resourcequotas", "v1", wire_platform.Quota, platform.translate_quota, is_told=True, after=AFTER),
    _kind(
        "certificates",
        "cert-manager.io/v1,v1beta1",
        wire_platform.Certificate,
        platform.translate_certificate,
        is_told=True,
        is_custom=True,
        after=AFTER,
    ),
    _kind(
        "applications",
        "argoproj.io/v1alpha1",
        wire_platform.Application,
        gitops.translate_application,
        is_told=True,
        is_custom=True,
        after=AFTER,
    ),
    _kind(
        "kustomizations",
        "kustomize.toolkit.fluxcd.io/v1,v1beta2",
        wire_platform.FluxObject,
        gitops.translate_kustomization,
        is_told=True,
        is_custom=True,
        after=AFTER,
    ),
    _kind(
        "helmreleases",
        "helm.toolkit.fluxcd.io/v2,v2beta2,v2beta1",
        wire_platform.FluxObject,
        gitops.translate_helm_release,
        is_told=True,
        is_custom=True,
        after=AFTER,
    ),
    _kind(
        "configmaps",
        "v1",
        wire_workloads.OwnedOnly,
        keep_content("ConfigMap", "config"),
        is_opt_in=True,
        is_metadata_only=True,
        after=AFTER,
    ),
    _kind(
        "secrets",
        "v1",
        wire_workloads.OwnedOnly,
        keep_content("Secret", "secret"),
        is_opt_in=True,
        is_metadata_only=True,
        after=AFTER,
    ),
)
KINDS = BASE_KINDS + MORE_KINDS


def kinds_for(named: Iterable[str], *, config_changes: bool) -> tuple[Kind, ...]:
    """The kinds to watch: the base ones always, of the others those named (all when none is)."""
    wanted = frozenset(named)
    return tuple(
        kind
        for kind in KINDS
        if kind.is_base
        or (kind.name in wanted if wanted else not kind.is_opt_in)
        or (kind.is_opt_in and config_changes)
    )
