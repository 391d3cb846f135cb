# ruff: noqa: D101 - each struct is the part of Kubernetes' own object of that name that is read
"""What Kubernetes sends, decoded once into only the fields that are read.

Each kind has a struct, a list page and a watch frame. Field names are Kubernetes' own, in snake_case. Optional
fields are None when absent or null: the API sends both.
"""

from typing import Generic, TypeVar

import msgspec


class Wire(msgspec.Struct, gc=False, rename="camel"):
    """Everything below comes off the wire and is never changed."""


class OwnerReference(Wire):
    kind: str
    name: str
    uid: str = ""
    controller: bool | None = None


class PodLabels(Wire):
    pod_template_hash: str | None = msgspec.field(default=None, name="pod-template-hash")


class Metadata(Wire):
    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resource_version: str = ""
    deletion_timestamp: str | None = None
    creation_timestamp: str | None = None
    generation: int | None = None
    owner_references: tuple[OwnerReference, ...] | None = None


class PodMetadata(Metadata):
    labels: PodLabels | None = None


class Condition(Wire):
    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class Waiting(Wire):
    reason: str | None = None
    message: str | None = None


class Running(Wire):
    started_at: str | None = None


class Terminated(Wire):
    exit_code: int = 0
    reason: str | None = None
    message: str | None = None
    finished_at: str | None = None


class ContainerState(Wire):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire):
    name: str
    image: str = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class ClaimVolume(Wire):
    claim_name: str | None = None


class PodVolume(Wire):
    persistent_volume_claim: ClaimVolume | None = None


class PodSpec(Wire):
    node_name: str | None = None
    volumes: tuple[PodVolume, ...] | None = None


class PodStatus(Wire):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: tuple[Condition, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None


class Pod(Wire):
    metadata: PodMetadata
    spec: PodSpec | None = None
    status: PodStatus | None = None


class PodOutline(Wire):
    """A pod of a list of which most are known at this very version: the rest of it is read only when it is not."""

    metadata: PodMetadata
    spec: msgspec.Raw = msgspec.Raw()
    status: msgspec.Raw = msgspec.Raw()

    def whole(self) -> Pod:
        """All that is read of a pod. Raises msgspec.DecodeError when it cannot be."""
        spec = _decode_pod_spec(self.spec) if self.spec else None
        return Pod(self.metadata, spec, _decode_pod_status(self.status) if self.status else None)


class Named(Wire):
    """A kind of which only the name and the owner are read: replica sets and namespaces."""

    metadata: Metadata


class ObjectReference(Wire):
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None


class EventSource(Wire):
    component: str | None = None


class EventSeries(Wire):
    count: int | None = None
    last_observed_time: str | None = None


class WarningEvent(Wire):
    """In both of its forms: of core/v1, and of events.k8s.io/v1, where old fields are called deprecated."""

    metadata: Metadata
    involved_object: ObjectReference | None = None
    regarding: ObjectReference | None = None
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    note: str | None = None
    count: int | None = None
    series: EventSeries | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    reporting_component: str | None = None
    reporting_controller: str | None = None
    source: EventSource | None = None
    deprecated_count: int | None = None
    deprecated_first_timestamp: str | None = None
    deprecated_last_timestamp: str | None = None
    deprecated_source: EventSource | None = None


class ListMetadata(Wire):
    resource_version: str = ""
    continue_: str | None = msgspec.field(default=None, name="continue")


T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    """One page of a list. The server sends ``null`` for an empty one."""

    metadata: ListMetadata
    items: list[T] | None = None


class Frame(msgspec.Struct, Generic[T]):
    """One line of a watch: ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: T


class Status(Wire):
    """How the API says no: the body of an error answer, and the object of an ERROR frame."""

    code: int | None = None
    reason: str | None = None
    message: str | None = None


class ServerVersion(Wire):
    git_version: str = ""


_decode_pod_spec = msgspec.json.Decoder(PodSpec | None).decode
_decode_pod_status = msgspec.json.Decoder(PodStatus | None).decode
decode_pod_outlines = msgspec.json.Decoder(Page[PodOutline]).decode
decode_status = msgspec.json.Decoder(Status).decode
decode_error_frame = msgspec.json.Decoder(Frame[Status]).decode
decode_version = msgspec.json.Decoder(ServerVersion).decode
decode_named_frame = msgspec.json.Decoder(Frame[Named]).decode
decode_named = msgspec.json.Decoder(Named).decode
decode_any_page = msgspec.json.Decoder(Page[msgspec.Raw]).decode
