"""A store of the audit, decisions and standings that is a few lists in memory; the chain is the real one."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from kronveil.agent.auditing import Auditing
from kronveil.model.audit import AuditEntry, AuditNote, AuditSeal
from kronveil.model.autonomy import Standing
from kronveil.model.policy import Decision, Document
from kronveil.sdk.chain import NOTHING_BEFORE, linked
from kronveil.sdk.errors import Permanent, PluginError
from kronveil.sdk.policy import POLICY, PROMOTION, Module
from kronveil.sdk.storage import AuditPage, AuditQuery, DecisionPage, DecisionQuery, Writes


class PlainRecord:
    """As much of ``kronveil.sdk.storage.Store`` as audit and policy need. ``ask`` may refuse like a full disk."""

    def __init__(self, ask: Callable[[], None] = lambda: None) -> None:
        self.entries: list[AuditEntry] = []
        self.kept: list[Decision] = []
        self.standings: dict[str, Standing] = {}
        self._ask = ask

    async def save(self, writes: Writes) -> None:
        self._ask()
        for note in writes.audit:
            last = self.entries[-1] if self.entries else None
            self.entries.append(linked(note, AuditSeal(last.seq, last.hash) if last else AuditSeal(0, NOTHING_BEFORE)))
        self.kept += writes.decisions
        self.standings |= {each.runbook_id: each for each in writes.standings}

    async def audit(self, query: AuditQuery) -> AuditPage:
        self._ask()
        before = int(query.before) if query.before is not None else len(self.entries) + 1
        wanted = [
            each
            for each in self.entries[::-1]
            if each.seq < before
            and query.actor in (None, each.note.actor)
            and query.target in (None, each.note.target)
            and (query.act is None or each.note.act == query.act or each.note.act.startswith(f"{query.act}."))
            and (query.since is None or each.note.at >= query.since)
            and (query.until is None or each.note.at < query.until)
        ]
        page = wanted[: query.limit]
        return AuditPage(tuple(page), str(page[-1].seq) if len(wanted) > len(page) else None)

    async def audit_from(self, seq: int, limit: int) -> tuple[AuditEntry, ...]:
        self._ask()
        return tuple(each for each in self.entries if each.seq >= seq)[:limit]

    async def audit_seal(self) -> AuditSeal:
        self._ask()
        return AuditSeal(0, NOTHING_BEFORE)

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        self._ask()
        skip = 0 if query.before is None else int(query.before)
        wanted = [
            each
            for each in self.kept[::-1]
            if query.execution_id in (None, each.execution_id)
            and query.runbook_id in (None, each.runbook_id)
            and query.incident_id in (None, each.incident_id)
            and query.point in (None, each.point)
            and query.is_allowed in (None, each.is_allowed)
        ]
        end = skip + query.limit
        return DecisionPage(tuple(wanted[skip:end]), str(end) if end < len(wanted) else None)


class PlainAudit(Auditing):
    """Writes at once, without a task of its own; what cannot be written is lost."""

    def __init__(self, record: PlainRecord, clock: Callable[[], datetime]) -> None:
        super().__init__(record, clock)  # type: ignore[arg-type]  # as much of a store as it asks
        self._record = record
        self._now = clock

    async def note(
        self,
        actor: str,
        act: str,
        target: str,
        why: str = "",
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        texts = [None if each is None else json.dumps(each) for each in (before, after)]
        with suppress(PluginError):
            await self._record.save(Writes(audit=(AuditNote(self._now(), actor, act, target, why, *texts),)))


class PlainEngine:
    """Rules that are three lines: what a document says under ``say`` is what they say of it."""

    digest = "plain"
    modules = (Module("plain.rego", "kronveil.policy", "bundled", "package kronveil.policy"),)

    async def evaluate(self, package: str, document: Document) -> Mapping[str, object]:
        if package not in (POLICY, PROMOTION):
            raise Permanent(f"there is no package {package}")
        said = document.get("say", {"allow": True, "permit": [{"rule": "plain", "text": "why not"}]})
        assert isinstance(said, Mapping)
        return said
