"""How far a runbook is trusted, and the record that this rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """How much a runbook may do by itself, in growing order.

    ``observe`` only notes what it would have done, ``suggest`` shows it, ``approve`` waits for a person's signature,
    ``automatic`` acts where the policy lets it.
    """

    OBSERVE = "observe"
    SUGGEST = "suggest"
    APPROVE = "approve"
    AUTOMATIC = "automatic"


LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a runbook's matches at one level.

    ``agreed`` and ``differed`` compare what it would have done with what a person then did (shadow mode).
    """

    matched: int = 0
    rehearsed: int = 0
    approved: int = 0
    rejected: int = 0
    effective: int = 0
    ineffective: int = 0
    harmful: int = 0
    unknown: int = 0
    agreed: int = 0
    differed: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a runbook stands: its level, since when, by whom and why, and its record by level.

    ``digest`` is the wording that earned it: another wording begins anew. ``effective_in_a_row`` counts since the last
    run that was not.
    """

    runbook_id: str
    level: Level
    since: datetime
    by: str
    why: str
    digest: str = ""
    record: Mapping[Level, Tally] = field(default_factory=dict[Level, Tally])
    effective_in_a_row: int = 0
    version: int = 1
