"""Carries out one run: asks logic for the next command, does it, writes down what came of it, until it has ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import anyio
import structlog

from kronveil.agent.rehearsing import rehearsed
from kronveil.agent.runs import Runs
from kronveil.logic import interpreter, journal, verification
from kronveil.logic.interpreter import Act, Ask, Finish, MakePlan, Settle, Undo, Verify
from kronveil.logic.planning import plan_hash, plan_of
from kronveil.logic.response import Bounds, is_over
from kronveil.model.execution import Execution, ExecutionStatus, StepPlan
from kronveil.model.incident import Incident
from kronveil.model.runbook import Runbook
from kronveil.sdk.actions import Action, Outcome
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import Permanent, PluginError, Transient

STEP_DEADLINE_S = 60.0
LOOK_S = 1.0
log = structlog.get_logger()


class Sight(Protocol):
    """What a run may look at while it waits for its verdict."""

    def incident(self, incident_id: str) -> Incident | None:
        """As it is now, None when it is no longer in memory."""

    def beside(self, incident: Incident) -> Sequence[Incident]:
        """Other incidents of the same owner."""

    def is_heard(self, cluster_name: str) -> bool:
        """Whether the cluster is heard from now."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run works with."""

    runs: Runs
    actions: Mapping[str, Action]
    sight: Sight
    bounds: Callable[[], Bounds]


class Performance:
    """One run under way. ``nudge`` wakes it when people or incidents changed something; ``stop_now`` ends its act."""

    def __init__(self, run_id: str, runbook: Runbook | None, tools: Tools) -> None:
        self._run_id = run_id
        self._runbook = runbook
        self._tools = tools
        self._runs = tools.runs
        self._woken = anyio.Event()
        self._acting: anyio.CancelScope | None = None
        self._looked_since: datetime | None = None
        self._heard_since: datetime | None = None

    def nudge(self) -> None:
        """Look again."""
        self._woken.set()

    def stop_now(self) -> None:
        """Give up the act under way, if any; what became of it is told as unknown."""
        if self._acting is not None:
            self._acting.cancel()
        self.nudge()

    async def perform(self) -> None:
        """Until the run has ended, from wherever its journal says it is."""
        while True:
            run = self._run
            command = interpreter.next_command(run, self._runs.now())
            match command:
                case None:
                    return
                case MakePlan():
                    await self._plan(run)
                case Ask(until):
                    await self._ask(run, until)
                case Act():
                    await self._act(run, command)
                case Verify():
                    await self._verify(run)
                case Undo():
                    await self._undo(run, command)
                case Settle():
                    await self._note(journal.settling, self._settle_time())
                case Finish(status, why):
                    await self._end(status, why)

    @property
    def _run(self) -> Execution:
        run = self._runs.get(self._run_id)
        assert run is not None  # noqa: S101 - one that has not ended is not forgotten
        return run

    async def _wait(self, seconds: float) -> None:
        with anyio.move_on_after(max(0.0, seconds)):
            await self._woken.wait()
        self._woken = anyio.Event()

    # --- plan ---

    async def _rehearsed(self, run: Execution) -> list[StepPlan]:
        tools = self._tools
        return await rehearsed(run, self._runbook, tools.sight.incident(run.incident_id), tools.actions)

    async def _plan(self, run: Execution) -> None:
        try:
            steps = await self._rehearsed(run)
        except PluginError as error:
            await self._end(ExecutionStatus.FAILED, str(error))
            return
        runbook, bounds = self._runbook, self._tools.bounds()
        assert runbook is not None  # noqa: S101 - rehearsing would have failed
        plan = plan_of(runbook, steps, self._runs.now(), bounds.approval_expires)
        await self._note(journal.planned, plan)

    async def _ask(self, run: Execution, until: datetime) -> None:
        """Wait for somebody. A plan for what is over by itself is withdrawn: nobody should approve it later."""
        incident = self._tools.sight.incident(run.incident_id)
        if incident is None or is_over(incident):
            await self._end(ExecutionStatus.EXPIRED, "the incident was over before anybody approved it")
        else:
            await self._wait((until - self._runs.now()).total_seconds())

    # --- act ---

    async def _act(self, run: Execution, act: Act) -> None:
        if self._tools.bounds().is_stopped:
            await self._end(ExecutionStatus.CANCELLED, _stopped(act))
            return
        if not run.steps and run.approvals and (changed := await self._changed(run)):
            await self._end(ExecutionStatus.FAILED, changed)
            return
        await self._note(journal.intended, act.index, act.step, act.key)
        message, may_retry, outcome = "", False, None
        try:
            outcome = await self._within_deadline(act.step, act.key)
        except Transient as error:
            message, may_retry = str(error), True
        except Permanent as error:
            message = str(error)
        if outcome is not None:
            await self._note(journal.step_done, act.index, outcome.message, has_changed=outcome.has_changed)
            return
        await self._note(journal.step_failed, act.index, message, may_retry=may_retry)
        if may_retry:
            await self._wait(Backoff().next_s())

    async def _within_deadline(self, step: StepPlan, key: str) -> Outcome:
        with anyio.CancelScope() as acting:
            self._acting = acting
            try:
                with anyio.fail_after(STEP_DEADLINE_S):
                    return await self._action(step.action).perform(step, key)
            except TimeoutError:
                raise Transient(f"it did not come to an end within {STEP_DEADLINE_S:g} s") from None
            finally:
                self._acting = None
        raise Permanent("cancelled while it acted: it may have been done; look at the target")

    async def _changed(self, run: Execution) -> str:
        """Why the plan that was approved may not be carried out any more; empty while it may."""
        plan, runbook = run.plan, self._runbook
        try:
            steps = await self._rehearsed(run)
        except PluginError as error:
            return f"the plan could not be rehearsed again before it began: {error}"
        assert plan is not None  # noqa: S101 - it was approved
        assert runbook is not None  # noqa: S101 - rehearsing would have failed
        if plan_hash(runbook, steps) == plan.hash:
            return ""
        return f"the target changed since it was approved: {_difference(plan.steps, steps)}. Nothing was done"

    def _settle_time(self) -> timedelta:
        own = self._runbook.settle if self._runbook is not None else None
        return own or self._tools.bounds().settle

    # --- verify ---

    async def _verify(self, run: Execution) -> None:
        sight, now = self._tools.sight, self._runs.now()
        incident = sight.incident(run.incident_id)
        found = verification.judge(
            run, incident, tuple(sight.beside(incident)) if incident else (), self._watch(incident, now), now=now
        )
        if found.verdict is None:
            await self._wait(LOOK_S)
        else:
            await self._note(journal.judged, found.verdict, found.reason)

    def _watch(self, incident: Incident | None, now: datetime) -> verification.Watch:
        self._looked_since = self._looked_since or now
        is_heard = incident is None or self._tools.sight.is_heard(incident.cluster.name)
        self._heard_since = (self._heard_since or now) if is_heard else None
        return verification.Watch(self._looked_since, self._heard_since)

    async def _undo(self, run: Execution, undo: Undo) -> None:
        try:
            with anyio.fail_after(STEP_DEADLINE_S):
                outcome = await self._action(undo.step.action).compensate(undo.step, undo.key)
        except (Transient, TimeoutError) as error:
            log.warning("execution.undo_retry", execution=run.id, error=str(error))
            await self._wait(Backoff().next_s())
        except Permanent as error:
            await self._note(journal.step_undone, undo.index, f"not undone: {error}", has_worked=False)
        else:
            await self._note(journal.step_undone, undo.index, f"set back: {outcome.message}", has_worked=True)

    # --- end ---

    async def _end(self, status: ExecutionStatus, why: str) -> None:
        run = await self._note(journal.ended, status, why)
        log.info("execution.ended", execution=run.id, status=status, verdict=run.verdict, why=why)

    async def _note(self, change: Callable[..., Execution], /, *told: object, **named: object) -> Execution:
        """Write down what came of a command, as it is true now."""
        return await self._runs.change(self._run_id, lambda run: change(run, *told, now=self._runs.now(), **named))

    def _action(self, name: str) -> Action:
        action = self._tools.actions.get(name)
        if action is None:
            raise Permanent(f"there is no action {name}")
        return action


def _stopped(act: Act) -> str:
    where = f"in {act.step.name}, which may have been done" if act.is_repeat else f"before {act.step.name}"
    return f"all runs were stopped (kill switch) {where}"


def _difference(before: Sequence[StepPlan], after: Sequence[StepPlan]) -> str:
    """The first fields that a plan made now has otherwise."""
    words = []
    for old, new in zip(before, after, strict=False):
        old_fields = {diff.path: (diff.before, diff.after) for diff in old.diff}
        new_fields = {diff.path: (diff.before, diff.after) for diff in new.diff}
        for path in dict.fromkeys((*old_fields, *new_fields)):
            if old_fields.get(path) != new_fields.get(path):
                now = new_fields.get(path, (None, None))[0]
                words.append(f"{path} was {old_fields.get(path, (None, None))[0]} and is {now}")
        if not words and old.target and new.target and old.target.version != new.target.version:
            words.append(
                f"{new.target.resource.name} went from generation {old.target.version} to {new.target.version}"
            )
    return "; ".join(words[:5]) or "the runbook has another text"
