"""What the API answers about pods and workloads, field by field; see ``shapes``."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import Missing, NextCursor, Resource

TroubleLevel = Annotated[int, Field(ge=0, le=4, description="0: nothing wrong; 4: broken. The list's order.")]
Total = Annotated[
    int | None, Field(description="How many match; null while a cluster's word is missing or its list incomplete.")
]


@shape
class Pod:
    """A pod as it was last heard of."""

    cluster: str
    namespace: str | None
    name: str
    uid: str | None
    node: str | None
    owner: Annotated[Resource | None, Field(description="Its top controller.")]
    phase: str
    ready: bool
    restarts: int
    reason: Annotated[str | None, Field(description="Kubernetes' word for what is wrong; null when nothing is.")]
    message: str
    trouble: TroubleLevel


@shape
class PodList:
    """A page of pods, the worst first. `missing` names clusters whose pods are not there, or are old."""

    items: list[Pod]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    total: Total


@shape
class Workload:
    """A deployment, stateful set or daemon set as it was last heard of."""

    cluster: str
    kind: str
    namespace: str | None
    name: str
    uid: str | None
    desired: int
    available: int
    updated: int
    reason: str | None
    message: str
    trouble: TroubleLevel


@shape
class WorkloadList:
    """A page of workloads, the worst first. `missing` names clusters whose workloads are not there, or are old."""

    items: list[Workload]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    total: Total
