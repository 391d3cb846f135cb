"""The agent's own health: how its parts are, not how the clusters are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HealthStatus(StrEnum):
    """Worst wins: a stale cluster degrades, a lost store or no intake at all is unhealthy."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class PartKind(StrEnum):
    """Which family a part is of; ``agent`` is what every agent has."""

    COLLECTOR = "collector"
    STORE = "store"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One part. ``since`` is when it took this status; ``last_success`` is None when it never succeeded."""

    name: str
    kind: PartKind
    status: HealthStatus
    message: str
    since: datetime
    last_success: datetime | None = None
