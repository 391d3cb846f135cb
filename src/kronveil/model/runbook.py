"""What can be done about an incident: runbooks as people write them, before any target is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RunbookStep:
    """One thing to do. ``action`` names a part; ``parameters`` are what it is told: JSON-like values."""

    name: str
    action: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Runbook:
    """A list of steps for incidents of ``incident_kinds``.

    ``auto_execute`` asks that it runs without approval, where the policy lets it. ``settle`` is how long the symptom
    must stay away before it counts as cured, None for the configured time. ``digest`` names its text, so that a record
    tells which wording ran. ``source`` is ``bundled`` or the file's path.
    """

    id: str
    name: str
    description: str
    incident_kinds: tuple[str, ...]
    steps: tuple[RunbookStep, ...]
    auto_execute: bool = False
    settle: timedelta | None = None
    digest: str = ""
    source: str = "bundled"
