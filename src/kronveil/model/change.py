"""What somebody or something changed: one line of the ledger of changes."""

from dataclasses import dataclass
from datetime import datetime

from kronveil.model.facts import FieldChange
from kronveil.model.resource import Origin, Resource


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one object's specification. ``id`` derives from content, as an event's does.

    ``kind`` is the weightiest of its fields' kinds (image, config, resources, ...), ``source`` how it was learned
    (``spec``, ``helm``, ``gitops``), ``actor`` who made it, empty when nobody is named.
    """

    id: str
    kind: str
    at: datetime
    received_at: datetime
    origin: Origin
    resource: Resource
    summary: str
    fields: tuple[FieldChange, ...]
    actor: str = ""
    source: str = "spec"
    owner: Resource | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A change that may be the cause of an incident. ``score`` is 0 to 1; ``reasons`` speak for and against it."""

    change_id: str
    what: str
    score: float
    reasons: tuple[str, ...] = ()
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
