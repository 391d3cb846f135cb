"""Asks the policy whether a run may be proposed, approved and begun, and knows how far each runbook is trusted.

Before it: executions, which logic's own bounds let pass. What is decided is stored with all that it rests on.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from kronveil.agent.desk import Denied, NotFound, Refused
from kronveil.agent.intake import Clock
from kronveil.logic import autonomy
from kronveil.logic.auditing import notes_of_run
from kronveil.logic.calendar import Calendar
from kronveil.logic.policy import Case, Who, decided, document, undecided
from kronveil.logic.response import Bounds
from kronveil.model.audit import AuditNote
from kronveil.model.autonomy import Level, Standing
from kronveil.model.execution import Effect, Execution
from kronveil.model.incident import Incident
from kronveil.model.policy import Decision, Document, Point
from kronveil.model.runbook import Runbook
from kronveil.sdk.errors import PluginError
from kronveil.sdk.policy import POLICY, PROMOTION, Module, PolicyEngine
from kronveil.sdk.storage import ChangeQuery, DecisionPage, DecisionQuery, Store, Writes

AGENT = "kronveil"
MOST_SEEN = 5_000
MOST_CHANGES = 500
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asking:
    """Who wants what for which incident, at which point."""

    point: Point
    who: Who
    runbook: Runbook
    incident: Incident
    past: Sequence[Execution]
    run: Execution | None = None


class Governor:
    """The policy, and every runbook's standing. Without an engine nothing is asked: logic's bounds alone hold."""

    def __init__(  # noqa: PLR0913 - what it joins
        self,
        engine: PolicyEngine | None,
        calendar: Calendar,
        store: Store,
        clock: Clock,
        restored: Iterable[Standing] = (),
        *,
        bounds: Callable[[], Bounds],
        effects: Mapping[str, Effect],
    ) -> None:
        self._engine = engine
        self._calendar = calendar
        self._store = store
        self._clock = clock
        self._standings = {standing.runbook_id: standing for standing in restored}
        self._bounds = bounds
        self._effects = effects
        self._counted: dict[str, int] = {}
        self._seen: dict[tuple[str, str], str] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """How often it was asked: by point, and allowed, denied or error."""
        self.trouble: str | None = None
        """Why the last question could not be answered; None when it was."""

    # --- what it rests on ---

    @property
    def modules(self) -> Sequence[Module]:
        """The rules that are in force."""
        return self._engine.modules if self._engine is not None else ()

    @property
    def digest(self) -> str:
        """Names their wording; empty when no policy is asked."""
        return self._engine.digest if self._engine is not None else ""

    def standing(self, runbook: Runbook) -> Standing:
        """How far a runbook is trusted, and why."""
        return autonomy.standing_of(runbook, self._standings.get(runbook.id), self._clock())

    def level(self, runbook: Runbook) -> Level:
        """The same, in a word."""
        return self.standing(runbook).level

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        """A page of what was decided. ValueError for an unreadable cursor."""
        return await self._store.decisions(query)

    # --- decisions about runs ---

    async def decide(self, asking: Asking) -> Decision | None:
        """What the policy says; not stored yet. None when none is asked."""
        if self._engine is None:
            return None
        case = Case(
            point=asking.point,
            who=asking.who,
            runbook=asking.runbook,
            incident=asking.incident,
            standing=self.standing(asking.runbook),
            effects=self._effects,
            past=asking.past,
            bounds=self._bounds(),
            calendar=self._calendar,
            now=self._clock(),
            run=asking.run,
        )
        told, policy = document(case), self._engine.digest
        try:
            decision = decided(case, await self._engine.evaluate(POLICY, told), told, policy)
        except PluginError as error:
            self.trouble = f"the policy cannot be evaluated, so nothing acts: {error}"
            log.warning("policy.not_evaluated", point=case.point, runbook=case.runbook.id, error=str(error))
            decision = undecided(case, told, policy, str(error))
        else:
            self.trouble = None
        result = "error" if decision.problem else "allowed" if decision.is_allowed else "denied"
        self.counts[asking.point.value, result] += 1
        return decision

    async def let(self, asking: Asking) -> Decision | None:
        """Decide about a run that is not there yet: raises Denied, else ``keep`` is called once it is."""
        decision = await self.decide(asking)
        if decision is not None and not decision.is_allowed:
            await self.keep(decision)
            raise _denied(decision)
        return decision

    async def allow(self, asking: Asking) -> Decision | None:
        """Decide, and store what was decided. Raises Denied; Transient when it cannot be stored now."""
        decision = await self.decide(asking)
        if decision is None:
            return None
        await self._store.save(Writes(decisions=(decision,), audit=(_noted(decision),)))
        if not decision.is_allowed:
            raise _denied(decision)
        return decision

    async def proposes(self, asking: Asking) -> Decision | None:
        """The same for a run that the agent would propose. A denial that was told before is not stored again."""
        decision = await self.decide(asking)
        if decision is None or decision.is_allowed:
            return decision
        key = (asking.runbook.id, f"{asking.incident.id}/{asking.who.is_automatic}")
        if self._seen.get(key) != decision.why:
            self._remember(key, decision.why)
            await self.keep(decision)
            log.info("policy.denied", runbook=asking.runbook.id, incident=asking.incident.id, why=decision.why)
        return decision

    async def keep(self, decision: Decision, run: Execution | None = None) -> None:
        """Store a decision, with the run that came of it. One that cannot be stored is told in the log."""
        if run is not None:
            decision = replace(decision, execution_id=run.id)
        try:
            await self._store.save(Writes(decisions=(decision,), audit=(_noted(decision),)))
        except PluginError as error:
            log.warning("policy.decision_not_saved", decision=decision.id, error=str(error))

    async def why_not_begin(self, asking: Asking) -> str:
        """Asked before the first step that changes something: why not, empty when it may."""
        try:
            await self.allow(asking)
        except Denied as denied:
            return f"{denied}. Nothing was done"
        except PluginError as error:
            return f"what the policy said could not be stored, so nothing was done: {error}"
        return ""

    def _remember(self, key: tuple[str, str], why: str) -> None:
        while len(self._seen) >= MOST_SEEN:
            self._seen.pop(next(iter(self._seen)))
        self._seen[key] = why

    # --- earned autonomy ---

    def beside(self, before: Execution | None, run: Execution, runbook: Runbook | None) -> Writes:
        """What is saved in one transaction with a change of a run: its audit, and the record that it adds to.

        Asked again for the same change, when the store did not take it, it counts once.
        """
        notes = notes_of_run(before, run)
        if runbook is None or runbook.digest != run.runbook_digest:
            return Writes(audit=notes)
        if self._counted.get(run.id, 0) >= run.version:
            return Writes(audit=notes, standings=(self.standing(runbook),))
        was = self.standing(runbook)
        now = autonomy.counted(was, before, run)
        self._counted[run.id] = run.version
        while len(self._counted) > MOST_SEEN:
            self._counted.pop(next(iter(self._counted)))
        if now is was:
            return Writes(audit=notes)
        self._standings[runbook.id] = now
        if now.level is not was.level:
            log.warning("runbook.level_lowered", runbook=runbook.id, level=now.level, why=now.why)
            notes.append(_level_note(was, now))
        return Writes(audit=notes, standings=(now,))

    async def observed(self, runbook: Runbook, incident: Incident) -> None:
        """A runbook that only observes matched: count it, once for each incident."""
        key = (runbook.id, f"{incident.id}/observed")
        if key in self._seen:
            return
        self._remember(key, "")
        await self._save(autonomy.added(self.standing(runbook), "matched"))

    async def shadowed(self, runbook: Runbook, run: Execution, incident: Incident) -> str:
        """An incident is over for which a run was only rehearsed: compare with what people did, once; in words.

        Raises Transient when that cannot be read or kept now.
        """
        key, over = (runbook.id, f"{run.id}/shadow"), incident.resolved_at or self._clock()
        if key in self._seen:
            return ""
        changes = await self._store.changes(
            ChangeQuery(
                limit=MOST_CHANGES,
                cluster=incident.cluster.name,
                namespace=incident.resource.namespace,
                around=run.requested_at + (over - run.requested_at) / 2,
                within=abs(over - run.requested_at) / 2,
            )
        )
        self._remember(key, "")
        found = autonomy.compared(run, changes.items)
        if found is None:
            return ""
        await self._save(autonomy.added(self.standing(runbook), "agreed" if found[0] else "differed"))
        return found[1]

    async def move(self, runbook: Runbook, level: Level, *, by: str, why: str) -> Standing:
        """Trust a runbook more, where the promotion policy finds its record good enough, or less, always.

        Raises Refused when it is there already, Denied by the policy, Transient when that cannot be stored now.
        """
        was = self.standing(runbook)
        if was.level is level:
            raise Refused(f"{runbook.id} is at level {level} already")
        if autonomy.is_rise(was, level):
            decision = await self._promotion(was, level, by)
            await self._store.save(Writes(decisions=(decision,), audit=(_noted(decision),)))
            if not decision.is_allowed:
                raise _denied(decision)
        await self._save(autonomy.moved(self.standing(runbook), level, by=by, why=why, now=self._clock()), was)
        return self.standing(runbook)

    async def _promotion(self, standing: Standing, level: Level, by: str) -> Decision:
        if self._engine is None:
            raise NotFound("this agent has no policy that could raise a level")
        told, now = autonomy.promotion(standing, level), self._clock()
        try:
            answer = await self._engine.evaluate(PROMOTION, told)
        except PluginError as error:
            decision = autonomy.decided_promotion(standing, told, by, now, {}, self._engine.digest, problem=str(error))
        else:
            decision = autonomy.decided_promotion(standing, told, by, now, answer, self._engine.digest)
        result = "error" if decision.problem else "allowed" if decision.is_allowed else "denied"
        self.counts[Point.PROMOTE.value, result] += 1
        return decision

    async def _save(self, standing: Standing, was: Standing | None = None) -> None:
        notes = (_level_note(was, standing),) if was is not None else ()
        await self._store.save(Writes(standings=(standing,), audit=notes))
        self._standings[standing.runbook_id] = standing

    async def try_out(self, package: str, told: Document) -> Mapping[str, object]:
        """What the rules say of a document that somebody made up. Raises NotFound, Transient, Permanent."""
        if self._engine is None:
            raise NotFound("this agent asks no policy")
        return await self._engine.evaluate(package, told)


def _denied(decision: Decision) -> Denied:
    return Denied(f"the policy denies this: {decision.why} ({decision.id})")


def automatic() -> Who:
    """The agent itself."""
    return Who(AGENT, is_automatic=True)


def _noted(decision: Decision) -> AuditNote:
    result = "allowed" if decision.is_allowed else "denied"
    after = json.dumps({"decision": decision.id, "point": decision.point.value, "rule": decision.rule})
    target = decision.execution_id or decision.runbook_id
    return AuditNote(decision.at, decision.actor, f"policy.{result}", target, decision.why, None, after)


def _level_note(was: Standing, now: Standing) -> AuditNote:
    before, after = json.dumps({"level": was.level.value}), json.dumps({"level": now.level.value})
    return AuditNote(now.since, now.by, "runbook.level_changed", now.runbook_id, now.why, before, after)
