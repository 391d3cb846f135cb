"""What a cluster holds now, line by line: its pods and its workloads, as they were last heard of."""

from enum import IntEnum

from kronveil.model.noun import noun
from kronveil.model.resource import Resource


class Trouble(IntEnum):
    """How bad an object looks by itself, for the order of a list; whether it is a symptom is not said by this."""

    NONE = 0
    SETTLING = 1
    NOT_READY = 2
    FAILED = 3
    BROKEN = 4


@noun
class PodLine:
    """One pod. ``reason`` is Kubernetes' own word for what is wrong with it, empty when nothing is."""

    resource: Resource
    owner: Resource | None
    trouble: Trouble
    phase: str
    node: str = ""
    ready: bool = False
    restarts: int = 0
    reason: str = ""
    message: str = ""


@noun
class WorkloadLine:
    """One deployment, stateful set or daemon set: how many pods it wants and has."""

    resource: Resource
    trouble: Trouble
    desired: int
    available: int
    updated: int
    reason: str = ""
    message: str = ""
