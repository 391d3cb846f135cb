"""What belongs together: the key of an incident, and which warnings tell of which family."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from kronveil.logic.identity import place
from kronveil.model.resource import Resource

REMEMBERED_FOR = timedelta(minutes=2)
REMEMBERED_EACH = 16
REMEMBERED_OWNERS = 10_000

_MAYBE_IMAGE = ("image", "crash", "memory")
_MAYBE_CRASH = ("crash", "memory", "image")
_FAMILIES_OF_REASON: dict[str, tuple[str, ...]] = {
    "BackOff": _MAYBE_CRASH,
    "Failed": _MAYBE_IMAGE,
    "ErrImagePull": ("image",),
    "ErrImageNeverPull": ("image",),
    "ImagePullBackOff": ("image",),
    "InspectFailed": ("image",),
    "InvalidImageName": ("image",),
    "FailedScheduling": ("scheduling",),
    "NotTriggerScaleUp": ("scheduling",),
    "OOMKilling": ("memory", "crash"),
    "SystemOOM": ("node", "memory"),
    "Unhealthy": ("crash", "memory", "rollout"),
    "FailedPostStartHook": ("crash",),
    "NodeNotReady": ("node",),
    "NodeNotSchedulable": ("node",),
    "NodeStatusUnknown": ("node",),
    "ContainerGCFailed": ("node",),
    "ImageGCFailed": ("node",),
    "FailedCreate": ("rollout", "scheduling", "job"),
    "FailedMount": ("volume",),
    "FailedAttachVolume": ("volume",),
    "ProvisioningFailed": ("volume",),
    "FailedBinding": ("volume",),
    "Evicted": ("eviction", "node"),
    "EvictionThresholdMet": ("node",),
    "FailedCreatePodSandBox": ("crash",),
    "FailedGetResourceMetric": ("scale",),
    "FailedComputeMetricsReplicas": ("scale",),
    "BackoffLimitExceeded": ("job",),
    "DeadlineExceeded": ("job",),
    "FailedKillPod": ("deletion",),
    "ReplicaSetCreateError": ("rollout",),
    "ProgressDeadlineExceeded": ("rollout",),
}


def incident_key(cluster: str, owner: Resource, family: str) -> str:
    """One open incident for each of these. By name, not uid: what was deleted and made again is the same place."""
    return f"{cluster}/{place(owner)}/{family}"


def families_of_warning(reason: str, message: str) -> tuple[str, ...]:
    """The families a warning may be evidence for, likeliest first; none for a reason that tells of no family."""
    families = _FAMILIES_OF_REASON.get(reason, ())
    # One reason for two things: "Back-off pulling image" and "Back-off restarting failed container".
    if families is _MAYBE_CRASH and "image" in message:
        return _MAYBE_IMAGE
    if families is _MAYBE_IMAGE and "image" not in message:
        return _MAYBE_CRASH
    return families


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that belonged to no open incident when it came."""

    at: datetime
    event_id: str
    families: tuple[str, ...]
    text: str


class Warnings:
    """The last few warnings about each owner: what was said just before a symptom belongs to its incident."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], deque[Warned]] = {}

    def remember(self, cluster: str, owner: Resource, warned: Warned) -> None:
        """Keep it for a while."""
        of_owner = self._of.setdefault((cluster, place(owner)), deque(maxlen=REMEMBERED_EACH))
        of_owner.append(warned)
        if len(self._of) > REMEMBERED_OWNERS:
            del self._of[next(iter(self._of))]

    def take(self, cluster: str, owner: Resource, family: str, now: datetime) -> Iterator[Warned]:
        """Those of this family, oldest first; each is handed out once."""
        of_owner = self._of.pop((cluster, place(owner)), None)
        for warned in of_owner or ():
            if now - warned.at > REMEMBERED_FOR:
                continue
            if family in warned.families:
                yield warned
            else:
                self.remember(cluster, owner, warned)

    def forget(self, now: datetime) -> None:
        """Let go of owners whose newest warning is too old."""
        old = [owner for owner, warned in self._of.items() if now - warned[-1].at > REMEMBERED_FOR]
        for owner in old:
            del self._of[owner]
