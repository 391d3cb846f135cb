"""What a stream begins with."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.agent import Health
from kronveil.api.shapes.changes import Change
from kronveil.api.shapes.clusters import Cluster, Fleet
from kronveil.api.shapes.events import Event
from kronveil.api.shapes.incidents import Incident


@shape
class Snapshot:
    """The whole of a stream's first `hello`: everything a page shows."""

    incidents: list[Incident]
    clusters: list[Cluster]
    fleet: Fleet
    events: Annotated[list[Event], Field(description="The newest 100, newest first.")]
    changes: Annotated[list[Change], Field(description="The newest 50, newest first.")]
    health: Health
