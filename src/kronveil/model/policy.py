"""What the policy said: whether something may be done, by which rules and why, and what it was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Point(StrEnum):
    """When the policy is asked about a run. ``promote`` asks whether a runbook may be trusted more."""

    PROPOSE = "propose"
    APPROVE = "approve"
    START = "start"
    PROMOTE = "promote"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that had something to say, and what."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of the policy. ``reasons`` are those that forbid, or when allowed those that permit.

    ``inputs`` is the whole document that it was told, as JSON text. ``problem`` says why it could not be evaluated;
    then it forbids. ``policy`` names the wording that was evaluated.
    """

    id: str
    at: datetime
    point: Point
    actor: str
    action: str
    target: str
    is_allowed: bool
    reasons: tuple[Reason, ...]
    inputs: str
    policy: str = ""
    problem: str = ""
    execution_id: str = ""
    runbook_id: str = ""
    incident_id: str = ""

    @property
    def rule(self) -> str:
        """The rules that decided, as one word for a list."""
        return ", ".join(dict.fromkeys(reason.rule for reason in self.reasons)) or "default"

    @property
    def why(self) -> str:
        """All reasons in one sentence."""
        return self.problem or "; ".join(reason.text for reason in self.reasons) or "nothing permits it"


Document = Mapping[str, object]
"""JSON-like: what the policy is told."""
