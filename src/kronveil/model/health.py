"""The agent's own health: how its parts are, not how the clusters are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HealthStatus(StrEnum):
    """Worst wins: a stale cluster degrades, a lost store or no intake at all is unhealthy."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One part. ``since`` is when it took this status; ``last_success`` is None when it never succeeded."""

    name: str
    status: HealthStatus
    message: str
    since: datetime
    last_success: datetime | None = None
