"""The chain of the audit: each entry's hash is over itself and the hash before it. Stores make it; anyone can check."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256

from kronveil.model.audit import AuditEntry, AuditNote, AuditSeal

NOTHING_BEFORE = "0" * 64
"""What the first entry of all follows."""


def linked(note: AuditNote, before: AuditSeal) -> AuditEntry:
    """The note as the entry after ``before``. Raises ValueError for text that no file can hold."""
    seq = before.seq + 1
    at = note.at.astimezone(UTC).isoformat(timespec="milliseconds")
    parts = [seq, at, note.actor, note.act, note.target, note.why, note.before, note.after, before.hash]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return AuditEntry(seq, note, before.hash, sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain holds. ``broken_at`` is the first ``seq`` that does not fit, None when all do."""

    entries: int
    first_seq: int
    last_seq: int
    last_hash: str
    broken_at: int | None = None
    why: str = ""


def verified(entries: Iterable[AuditEntry], seal: AuditSeal, *, known: AuditSeal | None = None) -> Verified:
    """Compute every hash again, oldest first, from the seal on.

    ``known`` is a place that somebody noted down earlier: the chain must still pass through it. Without one, entries
    that were cut off at the end cannot be missed.
    """
    place, number, first = seal, 0, seal.seq + 1
    is_known = known is None or known.seq == 0 or known.seq < seal.seq
    for entry in entries:
        why = _misfit(entry, place)
        if not why and known is not None and entry.seq == known.seq:
            is_known = True
            why = "" if entry.hash == known.hash else "it is not the entry that was noted down earlier"
        if why:
            return Verified(number, first, place.seq, place.hash, entry.seq, why)
        place, number = AuditSeal(entry.seq, entry.hash), number + 1
    if known is not None and known.seq == seal.seq:
        is_known = known.hash == seal.hash
    if not is_known and known is not None:
        why = f"entries up to {known.seq} were noted down earlier, and are not there"
        return Verified(number, first, place.seq, place.hash, place.seq + 1, why)
    return Verified(number, first, place.seq, place.hash)


def _misfit(entry: AuditEntry, before: AuditSeal) -> str:
    if entry.seq != before.seq + 1:
        return f"it follows {before.seq}: entries between them are missing"
    if entry.prev_hash != before.hash:
        return "it does not follow the entry before it"
    if linked(entry.note, before).hash != entry.hash:
        return "it says something else than was written"
    return ""
