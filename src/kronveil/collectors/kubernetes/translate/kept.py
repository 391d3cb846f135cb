"""What is kept of every object, and what the other translations are built from. No I/O, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern
from typing import TypeAlias

import msgspec

from kronveil.collectors.kubernetes.wire import Condition, Metadata, OwnerReference
from kronveil.model.facts import GoneFacts
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource

Watched: TypeAlias = tuple[object, ...]
LONGEST_TEXT = 1000
MOST_SHARED = 5000


class Kept(msgspec.Struct, gc=False):
    """A flat record: who it is, who owns it, at which version, and the watched fields to compare with.

    ``spec`` is a summary of its specification where changes of that are told, see ``changes.summary``.
    """

    resource: Resource
    owner: Resource | None
    version: int
    watched: Watched
    spec: bytes = b""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is translated. During the first list only what is not plainly healthy is reported."""

    now: datetime
    started_at: datetime
    is_first_list: bool = False


class Shelves:
    """The kept records of one cluster, by kind and uid."""

    def __init__(self) -> None:
        self.by_kind: dict[str, dict[str, Kept]] = {}
        self._deployments: dict[tuple[str, str], Resource] = {}
        self._shared: dict[object, object] = {}

    def of(self, kind: str) -> dict[str, Kept]:
        """The records of a kind, by uid."""
        return self.by_kind.setdefault(kind, {})

    def find(self, kind: str, uid: str) -> Kept | None:
        """One record."""
        shelf = self.by_kind.get(kind)
        return shelf.get(uid) if shelf else None

    def share(self, value: object) -> object:
        """An equal value that is kept already, or this one."""
        if len(self._shared) > MOST_SHARED:
            # Forgetting costs no more than memory that could have been saved.
            self._shared.clear()
        return self._shared.setdefault(value, value)

    def name_deployment(self, resource: Resource) -> None:
        """Remember a deployment by name, for pods whose replica set is not known."""
        self._deployments[resource.namespace or "", resource.name] = resource

    def remove(self, kind: str, uid: str) -> Kept | None:
        """Take a record away."""
        kept = self.of(kind).pop(uid, None)
        if kept is not None and kind == "deployments":
            key = (kept.resource.namespace or "", kept.resource.name)
            # Another one may have taken its name meanwhile.
            if self._deployments.get(key) == kept.resource:
                del self._deployments[key]
        return kept

    def owner_of(self, metadata: Metadata, template_hash: str | None = None) -> Resource | None:
        """The top controller: the deployment behind a replica set, the cron job behind a job, else the controller.

        A mirror pod belongs to its node only in name: it is its own owner.
        """
        reference = _controller(metadata.owner_references)
        if reference is None or reference.kind == "Node":
            return None
        namespace = metadata.namespace
        if reference.kind == "Job":
            known = self.find("jobs", reference.uid)
            if known is not None:
                return known.owner or known.resource
        if reference.kind == "ReplicaSet":
            known = self.find("replicasets", reference.uid)
            if known is not None:
                return known.owner or known.resource
            if template_hash and reference.name.endswith(f"-{template_hash}"):
                name = reference.name[: -len(template_hash) - 1]
                found = self._deployments.get((namespace or "", name))
                return found or Resource("Deployment", name, namespace)
        return Resource(intern(reference.kind), reference.name, intern(namespace) if namespace else None, reference.uid)


def resource_of(kind: str, metadata: Metadata) -> Resource:
    """The object as the source names it."""
    namespace = metadata.namespace
    return Resource(kind, metadata.name, intern(namespace) if namespace else None, metadata.uid)


def gone(kept: Kept, version: str | int, now: datetime, message: str = "deleted") -> Observation:
    """The object is no longer there."""
    resource = kept.resource
    return Observation(
        kind="object.gone",
        at=now,
        resource=resource,
        key=f"{resource.uid}@{version}",
        facts=GoneFacts(),
        owner=kept.owner,
        message=message,
    )


def version_of(metadata: Metadata) -> int:
    """The resource version as a number, to see which of two frames is the newer; 0 when it is not one."""
    text = metadata.resource_version
    return int(text) if text.isdecimal() else 0


def condition(conditions: Iterable[Condition] | None, kind: str) -> Condition | None:
    """The condition of a type."""
    for one in conditions or ():
        if one.type == kind:
            return one
    return None


def parse_time(text: str | None) -> datetime | None:
    """Kubernetes' times, in UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def latest(times: Iterable[str | None], now: datetime) -> datetime:
    """The newest of the times, never later than ``now``; ``now`` when there is none."""
    parsed = [moment for moment in map(parse_time, times) if moment is not None]
    # A cluster's clock may run ahead of ours.
    return min(max(parsed), now) if parsed else now


def shorten(text: str | None) -> str:
    """On one line and of bounded length, with a mark where it was cut."""
    if not text:
        return ""
    # Most texts are one line already: of what can be printed, a space is the only white space.
    is_line = text.isprintable() and "  " not in text and text[0] != " " and text[-1] != " "
    line = text if is_line else " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _controller(references: tuple[OwnerReference, ...] | None) -> OwnerReference | None:
    for reference in references or ():
        if reference.controller:
            return reference
    return None
