"""Silences and what they hush."""

from typing import Literal

from kronveil.api.shape import shape
from kronveil.api.shapes.incidents import Incident
from kronveil.api.shapes.terms import NextCursor, Timestamp


@shape
class Silence:
    """Hushes incidents that match all of its patterns. Hushed is never hidden."""

    id: str
    state: Literal["pending", "active", "ended"]
    starts_at: Timestamp
    ends_at: Timestamp
    created_by: str
    reason: str
    cluster: str
    namespace: str
    owner: str
    kind: str
    maintenance: bool


@shape
class SilenceList:
    """Silences, newest first."""

    items: list[Silence]
    next_cursor: NextCursor


@shape
class Hushed:
    """The incidents that a silence would hush, those not over first."""

    items: list[Incident]
    next_cursor: NextCursor
