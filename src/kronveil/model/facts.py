"""What changed at the source, typed by what it is about. Collectors state facts; logic says which are symptoms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container of a pod, init containers too, as the kubelet reports it now.

    ``last_*`` describe the most recent end of the container, whether it is running again or not.
    """

    name: str
    image: str
    state: Literal["waiting", "running", "terminated", "unknown"]
    reason: str = ""
    message: str = ""
    ready: bool = False
    is_init: bool = False
    restarts: int = 0
    started_at: datetime | None = None
    last_reason: str = ""
    last_exit_code: int | None = None
    last_finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PodFacts:
    """A pod's watched fields. ``scheduled`` is None while the scheduler has said nothing."""

    phase: str
    containers: tuple[ContainerFacts, ...] = ()
    node: str = ""
    scheduled: bool | None = None
    scheduling_message: str = ""
    ready: bool = False
    terminating: bool = False


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node's watched fields. ``ready`` is None when the control plane says Unknown."""

    ready: bool | None
    reason: str = ""
    message: str = ""
    pressures: tuple[str, ...] = ()
    unschedulable: bool = False


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """A deployment's watched fields. ``progressing`` is None when it has no such condition."""

    desired: int
    updated: int
    available: int
    progressing: bool | None = None
    reason: str = ""
    message: str = ""
    generation: int = 0
    observed_generation: int = 0
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WarningFacts:
    """A Warning event of Kubernetes. ``count`` is how often its source has seen it."""

    reason: str
    count: int = 1
    reporter: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class GoneFacts:
    """The object was deleted, or was missing from a complete list."""


@dataclass(frozen=True, slots=True)
class ListedFacts:
    """The first complete list of a kind after a start: whatever was wrong before and was not seen since ``started_at``
    is no longer so."""

    kind: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ReachFacts:
    """The agent's own judgement on a member of the fleet; ``state`` is a ``ClusterState`` value."""

    state: str
    reason: str = ""


Facts: TypeAlias = PodFacts | NodeFacts | WorkloadFacts | WarningFacts | GoneFacts | ListedFacts | ReachFacts
