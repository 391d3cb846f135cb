"""How the wire writes times and objects."""

from datetime import UTC, datetime

from kronveil.api import shapes
from kronveil.model.resource import Resource


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def stamp_or_none(at: datetime | None) -> str | None:
    """As ``stamp``; unknown stays unknown."""
    return None if at is None else stamp(at)


def resource_shape(resource: Resource) -> shapes.Resource:
    """An object of a source."""
    return shapes.Resource(resource.kind, resource.namespace, resource.name, resource.uid or None)
