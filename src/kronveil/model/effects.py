"""What a decision asks the agent to do. Logic returns a complete list of these; the agent carries them out."""

from typing import TypeAlias

from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.model.incident import Incident
from kronveil.model.noun import noun


@noun
class RecordEvent:
    """Store and publish a new event."""

    event: Event


@noun
class MergeEvent:
    """The event repeats ``into``. Count it; keep the row only when ``is_kept`` (the first few repeats are kept)."""

    event: Event
    into: str
    is_kept: bool


@noun
class RecordIncident:
    """Store and publish an incident as it is now. The newest of several in one batch is enough."""

    incident: Incident


@noun
class RecordChange:
    """Store and publish a line of the ledger of changes."""

    change: Change


Effect: TypeAlias = RecordEvent | MergeEvent | RecordIncident | RecordChange
