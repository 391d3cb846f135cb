"""Who did what, when and why; whether anything of that was changed afterwards; and a copy to keep elsewhere."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kronveil.api import shapes
from kronveil.api.asking import DeskHere, KnownCaller, json_answer
from kronveil.api.asks import AuditFilter, AuditPlace, ExportStart
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.wording import stamp
from kronveil.model.audit import AuditEntry, AuditSeal
from kronveil.sdk.storage import AuditQuery

router = APIRouter(tags=["policy"])


@router.get("/audit", response_model=shapes.AuditList, responses=refusals(503))
async def list_audit(desk: DeskHere, asked: Annotated[AuditFilter, Query()]) -> Response:
    """The audit, newest first."""
    query = AuditQuery(
        limit=asked.limit,
        before=asked.cursor,
        actor=asked.actor,
        act=asked.act,
        target=asked.target,
        since=asked.since,
        until=asked.until,
    )
    try:
        page = await desk.audit.page(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    return json_answer(shapes.AuditList([_entry(each) for each in page.items], page.next_cursor))


@router.get("/audit/verify", response_model=shapes.AuditCheck, responses=refusals(503))
async def verify_audit(desk: DeskHere, asked: Annotated[AuditPlace, Query()]) -> Response:
    """Compute the whole chain again. A broken one names the first `seq` that does not fit."""
    if (asked.seq is None) != (asked.hash is None):
        raise not_valid(["query", "seq"], "Give seq and hash together, as an earlier check told them, or neither")
    known = None if asked.seq is None or asked.hash is None else AuditSeal(asked.seq, asked.hash)
    found = await desk.audit.verify(known)
    return json_answer(
        shapes.AuditCheck(
            whole=found.broken_at is None,
            entries=found.entries,
            first_seq=found.first_seq,
            last_seq=found.last_seq,
            last_hash=found.last_hash,
            broken_at=found.broken_at,
            why=found.why,
        )
    )


@router.get("/audit/export", response_model=shapes.AuditExport, responses=refusals(503))
async def export_audit(desk: DeskHere, caller: KnownCaller, asked: Annotated[ExportStart, Query()]) -> Response:
    """Some of the audit, oldest first. Beginning an export is itself in the audit."""
    if asked.from_seq is None:
        await desk.audit.note(caller.name, "audit.exported", "all")
    seal, entries = await desk.audit.seal(), list[AuditEntry]()
    async for some in desk.audit.entries(asked.from_seq or 0):
        entries += some
        if len(entries) > asked.limit:
            break
    items = [_entry(each) for each in entries[: asked.limit]]
    next_seq = entries[asked.limit].seq if len(entries) > asked.limit else None
    return json_answer(shapes.AuditExport(items, next_seq, seal.seq, seal.hash))


def _entry(entry: AuditEntry) -> shapes.AuditEntry:
    note = entry.note
    return shapes.AuditEntry(
        seq=entry.seq,
        at=stamp(note.at),
        actor=note.actor,
        act=note.act,
        target=note.target,
        why=note.why,
        before=note.before,
        after=note.after,
        prev_hash=entry.prev_hash,
        hash=entry.hash,
    )
