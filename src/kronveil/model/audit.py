"""Who did what, when and why: notes of it, and the chain that they become, which tells when one was changed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditNote:
    """One deed, to be written down with what it changes.

    ``act`` is ``noun.verb`` (``execution.approved``), ``target`` the id or name of what it was done to. ``before`` and
    ``after`` are JSON text of what it changed, None where there is nothing to say. Never a secret.
    """

    at: datetime
    actor: str
    act: str
    target: str
    why: str = ""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A note in its place: ``seq`` counts without holes, ``hash`` is over all of it and the entry before."""

    seq: int
    note: AuditNote
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditSeal:
    """Up to where older entries were forgotten: the chain that is left begins after it."""

    seq: int
    hash: str
    at: datetime | None = None
