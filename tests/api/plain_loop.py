"""A loop whose runs are a few entries in memory: real nouns, changed by the real journal, and nobody who acts."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from kronveil.agent.desk import NotFound, Refused
from kronveil.logic import consent, journal
from kronveil.logic.inputs import as_given
from kronveil.logic.planning import plan_of
from kronveil.model.execution import Approval, Effect, Execution, FieldDiff, Mode, StepPlan, Stop, Target
from kronveil.model.incident import Incident
from kronveil.model.runbook import Runbook, RunbookStep
from kronveil.sdk.storage import ExecutionPage, ExecutionQuery

RUNBOOK = Runbook(
    "pod-oom",
    "Pod OOM",
    "Raise the memory limit within bounds.",
    ("OOMKilled",),
    (RunbookStep("raise", "set_resources", {"memory": "+50%"}),),
    digest="d1",
)


def planned_run(incident: Incident, now: datetime, *, mode: Mode = Mode.LIVE, turn: int = 0) -> Execution:
    """A run for an incident, with the plan that planning makes."""
    target = Target(incident.cluster.uid, incident.cluster.name, incident.resource, "7")
    diff = (FieldDiff("spec.template.spec.containers[app].resources.limits.memory", '"128Mi"', '"192Mi"'),)
    step = StepPlan(
        "raise", "set_resources", Effect.MUTATE, target, {"memory": '"+50%"'}, "Raise memory", diff, undo="back"
    )
    run = journal.requested(RUNBOOK, incident, mode=mode, by="ada", is_automatic=False, turn=turn, now=now)
    return journal.planned(run, plan_of(RUNBOOK, [step], now, timedelta(minutes=30)), now=now)


class PlainLoop:
    """Fulfils ``kronveil.agent.desk.Loop``. Tests add runs to it."""

    def __init__(self, incidents: Callable[[], dict[str, Incident]], now: Callable[[], datetime]) -> None:
        self.runbooks = {RUNBOOK.id: RUNBOOK}
        self.effects = {"set_resources": Effect.MUTATE}
        self.is_live = True
        self.stop_of_all: Stop | None = None
        self.runs: dict[str, Execution] = {}
        self._incidents = incidents
        self._now = now

    def all(self) -> Sequence[Execution]:
        return sorted(self.runs.values(), key=lambda run: run.requested_at, reverse=True)

    def stopped(self) -> Stop | None:
        return self.stop_of_all

    def stop_all(self, by: str, reason: str) -> Stop:
        self.stop_of_all = Stop(by, self._now(), reason)
        return self.stop_of_all

    def resume_all(self, by: str) -> None:
        self.stop_of_all = None

    async def page(self, query: ExecutionQuery) -> ExecutionPage:
        skip = 0 if query.before is None else int(query.before)
        wanted = [
            run
            for run in self.all()
            if query.incident_id in (None, run.incident_id) and query.runbook_id in (None, run.runbook_id)
        ]
        end = skip + query.limit
        return ExecutionPage(tuple(wanted[skip:end]), str(end) if end < len(wanted) else None)

    async def execution(self, execution_id: str) -> Execution:
        if execution_id not in self.runs:
            raise NotFound(f"there is no run {execution_id!r}")
        return self.runs[execution_id]

    async def request(
        self,
        runbook_id: str,
        incident_id: str,
        mode: Mode,
        by: str,
        parameters: Mapping[str, object] | None = None,
        *,
        roles: Sequence[str] = (),
    ) -> Execution:
        as_given(self.runbooks[runbook_id], parameters or {})
        if incident_id not in self._incidents():
            raise NotFound(f"there is no incident {incident_id!r}")
        run = planned_run(self._incidents()[incident_id], self._now(), mode=mode, turn=len(self.runs))
        self.runs[run.id] = run
        return run

    async def approve(
        self, run_id: str, plan_hash: str, by: str, reason: str, *, roles: Sequence[str] = ()
    ) -> Execution:
        now = self._now()
        return await self._changed(
            run_id, lambda run: consent.approved(run, Approval(by, now, plan_hash, reason), now=now)
        )

    async def reject(self, run_id: str, by: str, reason: str) -> Execution:
        return await self._changed(run_id, lambda run: consent.rejected(run, by, reason, now=self._now()))

    async def revoke(self, run_id: str, by: str, reason: str) -> Execution:
        return await self._changed(run_id, lambda run: consent.revoked(run, by, reason, now=self._now()))

    async def edit(self, run_id: str, by: str, parameters: Mapping[str, object], reason: str) -> Execution:
        given = as_given(self.runbooks[(await self.execution(run_id)).runbook_id], parameters)
        texts = {name: json.dumps(value) for name, value in given.items()}
        return await self._changed(run_id, lambda run: consent.edited(run, by, texts, reason, now=self._now()))

    async def answer(self, run_id: str, step: int, by: str, *, goes_on: bool, reason: str) -> Execution:
        now = self._now()
        return await self._changed(
            run_id, lambda run: journal.answered(run, step, by, goes_on=goes_on, reason=reason, now=now)
        )

    async def stop(self, run_id: str, by: str, *, after_step: bool) -> Execution:
        return await self._changed(
            run_id, lambda run: journal.told_to_stop(run, by, after_step=after_step, now=self._now())
        )

    async def _changed(self, run_id: str, change: Callable[[Execution], Execution]) -> Execution:
        try:
            self.runs[run_id] = change(await self.execution(run_id))
        except journal.NotNow as refusal:
            raise Refused(str(refusal)) from None
        return self.runs[run_id]
