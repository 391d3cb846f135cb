"""What makes two things the same: ids and fingerprints derived from content (docs/adr/0001-event-identity.md)."""

from hashlib import sha256

from kronveil.model.resource import Origin, Resource

SEPARATOR = "\x1f"
# A cluster's own uid is learned late, and a quota is known by name alone to those whom it refuses.
_BY_PLACE = frozenset({"Cluster", "Collector", "ResourceQuota"})
_OURS = frozenset({"Cluster", "Collector"})


def cluster_identity(uid: str, name: str) -> str:
    """The cluster's uid, or its name while the uid is not known (a cluster that never answered)."""
    return uid or f"name:{name}"


def cluster_of(origin: Origin) -> str:
    """The identity of the cluster an observation came from."""
    return origin.cluster_uid or f"name:{origin.cluster_name}"


def object_identity(resource: Resource) -> str:
    """The object's uid, or its place when its source gives none."""
    if resource.uid and resource.kind not in _BY_PLACE:
        return resource.uid
    return place(resource)


def subject_of(cluster: str, resource: Resource) -> tuple[str, str]:
    """One object of the fleet. A cluster's own uid is learned late, so it and its collector are its name alone."""
    return ("" if resource.kind in _OURS else cluster, object_identity(resource))


def place(resource: Resource) -> str:
    """Kind, namespace and name: what a person means by "the same", whatever uid it has this time."""
    return f"{resource.kind}/{resource.namespace or ''}/{resource.name}"


def event_number(cluster: str, key: str, kind: str, obj: str) -> int:
    """The 96 bits of an event id. ``kind`` is the observation's, so the id does not depend on what logic knew."""
    return int.from_bytes(sha256(f"{cluster}\x1f{key}\x1f{kind}\x1f{obj}".encode()).digest()[:12], "big")


def event_id(number: int) -> str:
    """``evt_`` and 24 hexadecimal digits."""
    return f"evt_{number:024x}"


def fingerprint(cluster: str, kind: str, obj: str, reason: str, part: str) -> int:
    """128 bits of SHA-256 over what makes one event repeat another: not the time, the count or the message."""
    return int.from_bytes(sha256(f"{cluster}\x1f{kind}\x1f{obj}\x1f{reason}\x1f{part}".encode()).digest()[:16], "big")


def incident_id(key: str, first_event: str) -> str:
    """``inc_`` and 12 hexadecimal digits, from the incident's key and the event that opened it."""
    return "inc_" + sha256(f"{key}{SEPARATOR}{first_event}".encode()).hexdigest()[:12]
