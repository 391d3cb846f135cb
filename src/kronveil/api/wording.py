"""How the wire writes times and objects."""

from datetime import UTC, datetime

import msgspec

from kronveil.api import shapes
from kronveil.model.resource import Resource

_writer = msgspec.json.Encoder()


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    if not at.microsecond:
        return at.isoformat(timespec="milliseconds")[:-6] + "Z"
    # Cut out of what msgspec writes, "2026-11-25T02:03:41.250125Z" in its quotes: a third of what isoformat costs.
    return f"{_writer.encode(at)[1:24].decode()}Z"


def stamp_or_none(at: datetime | None) -> str | None:
    """As ``stamp``; unknown stays unknown."""
    return None if at is None else stamp(at)


def resource_shape(resource: Resource) -> shapes.Resource:
    """An object of a source."""
    return shapes.Resource(resource.kind, resource.namespace, resource.name, resource.uid or None)
