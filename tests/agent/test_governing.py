"""The policy's word on a run is stored whatever it is, counted once, and no failure of the policy is a yes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kronveil.agent.auditing import Auditing
from kronveil.agent.desk import Denied
from kronveil.agent.governing import Asking, Governor, automatic
from kronveil.logic.calendar import Calendar
from kronveil.logic.policy import Who
from kronveil.logic.response import Bounds
from kronveil.model.autonomy import Level
from kronveil.model.change import Change
from kronveil.model.execution import Effect, Mode
from kronveil.model.facts import FieldChange
from kronveil.model.incident import IncidentStatus
from kronveil.model.policy import Document, Point
from kronveil.model.resource import Origin
from kronveil.policies.rego import open_rego
from kronveil.policies.texts import bundled
from kronveil.sdk.errors import PluginError, Transient
from kronveil.sdk.policy import PolicyEngine
from kronveil.sdk.storage import AuditQuery, DecisionQuery, Store, Writes
from kronveil.stores.sqlite import open_sqlite
from tests.logic.test_policy import done
from tests.logic.test_runs import NOON, OWNER, RUNBOOK, incident, planned, requested, signed

pytestmark = pytest.mark.anyio
EFFECTS = {"set": Effect.MUTATE}


def clock() -> datetime:
    return datetime.now(UTC)


class Says:
    """An engine that always answers the same, or fails the same."""

    digest, modules = "says", ()

    def __init__(self, answer: Mapping[str, object] | PluginError) -> None:
        self.answer = answer

    async def evaluate(self, package: str, document: Document) -> Mapping[str, object]:
        if isinstance(self.answer, PluginError):
            raise self.answer
        return self.answer


def governor(store: Store, engine: PolicyEngine | None, *, live: bool = True, auto_execute: bool = True) -> Governor:
    bound = Bounds(live=live, auto_execute=auto_execute)
    return Governor(engine, Calendar(), store, clock, bounds=lambda: bound, effects=EFFECTS)


def asking(point: Point = Point.PROPOSE, who: Who | None = None) -> Asking:
    return Asking(point, who or automatic(), RUNBOOK, incident(), (), planned() if point is not Point.PROPOSE else None)


async def test_the_bundled_policy_lets_what_the_contract_says(tmp_path: Path):
    approver, operator = Who("bob", ("operator", "approver")), Who("ada", ("operator",))
    async with open_sqlite(tmp_path) as store, open_rego(bundled()) as engine:
        there = governor(store, engine)
        for asked in (asking(), asking(who=operator), asking(Point.APPROVE, approver), asking(Point.START)):
            assert (await there.allow(asked)).is_allowed
        for other in (governor(store, engine, live=False), governor(store, engine, auto_execute=False)):
            with pytest.raises(Denied):
                await other.allow(asking())
        with pytest.raises(Denied, match="is no approver"):
            await there.allow(asking(Point.APPROVE, operator))
        kept = (await store.decisions(DecisionQuery())).items
        assert [each.is_allowed for each in kept] == [False, False, False, True, True, True, True]
        assert there.counts == {("propose", "allowed"): 2, ("approve", "allowed"): 1, ("start", "allowed"): 1} | {
            ("approve", "denied"): 1
        }


async def test_an_unevaluable_policy_denies_and_says_so(tmp_path: Path):
    async with open_sqlite(tmp_path) as store:
        there = governor(store, Says(Transient("it was not evaluated within 5 s")))
        why = await there.why_not_begin(asking(Point.START))
        assert "could not be evaluated" in why
        assert "Nothing was done" in why
        (kept,) = (await store.decisions(DecisionQuery(point=Point.START))).items
        assert (kept.is_allowed, kept.execution_id, "not evaluated" in kept.problem) == (False, planned().id, True)
        (entry,) = (await store.audit(AuditQuery(act="policy"))).items
        assert (entry.note.act, entry.note.target) == ("policy.denied", planned().id)
        assert there.counts == {("start", "error"): 1}
        assert "nothing acts" in (there.trouble or "")


async def test_a_denial_that_is_told_again_and_again_is_stored_once(tmp_path: Path):
    async with open_sqlite(tmp_path) as store:
        engine = Says({"allow": False, "deny": [{"rule": "freeze", "text": "December"}]})
        there = governor(store, engine)
        for _ in range(3):
            assert not (await there.proposes(asking())).is_allowed
        engine.answer = {"allow": False, "deny": [{"rule": "hours", "text": "night"}]}
        await there.proposes(asking())
        assert [each.rule for each in (await store.decisions(DecisionQuery())).items] == ["hours", "freeze"]


async def test_harm_lowers_the_level_in_the_transaction_of_its_verdict_and_is_audited(tmp_path: Path):
    async with open_sqlite(tmp_path) as store:
        there = governor(store, None)
        assert there.level(RUNBOOK) is Level.AUTOMATIC
        from kronveil.model.execution import Verdict

        before, after = done(Verdict.HARMFUL)
        writes = there.beside(before, after, RUNBOOK)
        assert there.beside(before, after, RUNBOOK).standings == writes.standings, "a save tried again counts once"
        assert there.level(RUNBOOK) is Level.APPROVE
        await store.save(writes)
        (note,) = [each.note for each in (await store.audit(AuditQuery(act="runbook"))).items]
        assert (note.act, note.actor, "did harm" in note.why) == ("runbook.level_changed", "kronveil", True)
        (standing,) = (await store.restore(clock())).standings
        again = Governor(None, Calendar(), store, clock, (standing,), bounds=Bounds, effects=EFFECTS)
        assert again.level(RUNBOOK) is Level.APPROVE, "it outlives a restart"


async def test_a_save_that_was_tried_again_counts_a_run_once(tmp_path: Path):
    async with open_sqlite(tmp_path) as store:
        there = governor(store, None)
        ready = planned()
        first = there.beside(requested(), ready, RUNBOOK)
        assert there.beside(requested(), ready, RUNBOOK).standings == first.standings
        there.beside(ready, signed(ready), RUNBOOK)
        (tally,) = there.standing(RUNBOOK).record.values()
        assert (tally.rehearsed, tally.approved) == (1, 1)


async def test_trust_is_raised_only_on_a_record_that_the_promotion_policy_finds_good_enough(tmp_path: Path):
    from kronveil.model.execution import Verdict

    async with open_sqlite(tmp_path) as store, open_rego(bundled()) as engine:
        there = governor(store, engine)
        await there.move(RUNBOOK, Level.APPROVE, by="ada", why="watch it first")
        with pytest.raises(Denied, match="0 of 5"):
            await there.move(RUNBOOK, Level.AUTOMATIC, by="ada", why="now")
        for number in range(5):
            there.beside(*done(Verdict.EFFECTIVE, f"run-{number}"), RUNBOOK)
        assert (await there.move(RUNBOOK, Level.AUTOMATIC, by="ada", why="earned")).level is Level.AUTOMATIC
        acts = [each.note.act for each in (await store.audit(AuditQuery())).items]
        assert acts == ["runbook.level_changed", "policy.allowed", "policy.denied", "runbook.level_changed"]


@pytest.mark.parametrize(
    ("path", "counted"), [("spec.x", {"agreed": 1, "differed": 0}), ("spec.y", {"agreed": 0, "differed": 1})]
)
async def test_what_would_have_been_done_is_compared_with_what_people_did(tmp_path: Path, path: str, counted: dict):
    at = NOON + timedelta(minutes=1)
    change = Change(
        "chg-1", "resources", at, at, Origin("kubernetes", "east", "uid", None), OWNER, "memory limit raised",
        (FieldChange("resources", path, "1", "2"),), "kubectl-ada",
    )  # fmt: skip
    by_kronveil = replace(change, id="chg-2", actor="kronveil")
    over = incident(status=IncidentStatus.RESOLVED, resolved_at=NOON + timedelta(minutes=5))
    run = replace(planned(mode=Mode.REHEARSE), requested_by="kronveil")
    async with open_sqlite(tmp_path) as store:
        there = governor(store, None)
        assert await there.shadowed(RUNBOOK, replace(run, id="earlier"), over) == "", "nobody did anything"
        await store.save(Writes(changes=(by_kronveil,)))
        assert await there.shadowed(RUNBOOK, replace(run, id="alone"), over) == "", "what the agent did is no answer"
        await store.save(Writes(changes=(change,)))
        words = await there.shadowed(RUNBOOK, run, over)
        assert "would have set x to 2. What was done: kubectl-ada: memory limit raised" in words
        assert await there.shadowed(RUNBOOK, run, over) == "", "once"
        (tally,) = there.standing(RUNBOOK).record.values()
        assert {name: getattr(tally, name) for name in counted} == counted


async def test_a_deed_that_the_store_did_not_take_is_written_before_any_later_one(tmp_path: Path, monkeypatch):
    import anyio

    from kronveil.agent import auditing

    monkeypatch.setattr(auditing, "PATIENCE_S", 0.05)
    async with open_sqlite(tmp_path) as store:
        full = Full(store)
        audit = Auditing(full, clock)  # type: ignore[arg-type]  # as much of a store as it asks
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(audit.run)
            await audit.note("ada", "token.created", "t1")
            assert "not in the audit yet" in (audit.trouble or "")
            full.is_full = False
            await audit.note("ada", "token.revoked", "t1")
            with anyio.fail_after(30):
                await audit.drain()
            tasks.cancel_scope.cancel()
        assert [each.note.act for each in await store.audit_from(0, 10)] == ["token.created", "token.revoked"]
        assert (await Auditing(store, clock).verify()).broken_at is None


class Full:
    """A store whose disk is full for a while."""

    def __init__(self, store: Store) -> None:
        self.store, self.is_full = store, True

    async def save(self, writes: Writes) -> None:
        if self.is_full:
            raise Transient("the disk is full")
        await self.store.save(writes)
