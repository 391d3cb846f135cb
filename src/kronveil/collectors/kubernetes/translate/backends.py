"""Endpoint slices: which workloads stand behind a service, told where they are several."""

from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves
from kronveil.collectors.kubernetes.translate.telling import Found, facts_of, tell
from kronveil.collectors.kubernetes.wire_platform import EndpointSlice
from kronveil.model.facts import BackendFacts
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource

SEVERAL = 2


def translate_slice(
    item: EndpointSlice, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Tell the owners of its pods when they are several, or were: a service of one workload has nothing to group."""
    metadata = item.metadata
    service = metadata.labels.service if metadata.labels else None
    owners = _owners(item, shelves) if service else ()
    known = facts_of(before)
    is_told = len(owners) >= SEVERAL or (isinstance(known, BackendFacts) and len(known.owners) >= SEVERAL)
    about = Resource("Service", service or "", metadata.namespace)
    found = Found(
        kind="endpoints.changed",
        facts=BackendFacts(about, owners) if is_told else None,
        message=f"{len(owners)} workloads stand behind the service {service}",
        is_fine=not is_told,
        owner=about if service else None,
    )
    return tell("EndpointSlice", metadata, found, before, shelves, moment)


def _owners(item: EndpointSlice, shelves: Shelves) -> tuple[Resource, ...]:
    found: dict[Resource, None] = {}
    for endpoint in item.endpoints or ():
        target = endpoint.target_ref
        pod = shelves.find("pods", target.uid) if target is not None and target.uid else None
        if pod is not None:
            found[pod.owner or pod.resource] = None
    return tuple(sorted(found, key=lambda one: (one.kind, one.name)))
