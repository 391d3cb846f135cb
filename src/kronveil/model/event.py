"""An observation that the agent has stamped with its origin and arrival, and that logic has named."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from kronveil.model.noun import noun
from kronveil.model.observation import NO_ATTRIBUTES, Attribute
from kronveil.model.resource import Origin, Resource


class Severity(StrEnum):
    """How bad, from worst to least. Order is the order of definition."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


@noun
class Event:
    """One thing that happened. ``id`` is derived from content, so the same report gives the same id after a restart.

    ``kind`` is the symptom's (``pod.image_pull_failed``) when the observation is one, else a neutral ``noun.happened``.
    ``merged_into`` is the id of the event that this one repeats within the dedup window, else None.
    """

    id: str
    kind: str
    severity: Severity
    at: datetime
    received_at: datetime
    origin: Origin
    resource: Resource
    owner: Resource | None = None
    message: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=lambda: NO_ATTRIBUTES)
    merged_into: str | None = None
